"""Moving files to a server and from it, tried again until they are there.

A link that breaks is made anew, and the transfer goes on where it was: entries that are done are not sent
again, and the file that was under way goes on where both ends agree, by its digest, on what is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import structs

from claude_remote import messages
from claude_remote.client.carriage import Carriage, run
from claude_remote.client.errands import Errand, Errands
from claude_remote.client.persistence import Persistence, Watch
from claude_remote.errors import NoSuchFile
from claude_remote.paths import Paths, find_paths
from claude_remote.transfer.duplex import Duplex
from claude_remote.transfer.ground import Guard, Landing, land, land_again
from claude_remote.transfer.names import show
from claude_remote.transfer.progress import Checkpoint
from claude_remote.transfer.receiving import Receiver
from claude_remote.transfer.records import Landed
from claude_remote.transfer.sending import Sender
from claude_remote.transfer.streams import Stream, StreamReceiver
from claude_remote.transfer.walking import Named, Origin, Trouble, examine_all
from claude_remote.transfer.walking import Stream as Input


def own_guard(paths: Paths | None = None) -> Guard:
    """Every folder of this machine but those of claude-remote itself, which no transfer touches."""
    own = paths or find_paths()
    return Guard(private=(own.config, own.state, own.run))


def find_sources(paths: Iterable[bytes], guard: Guard, *, recursive: bool) -> list[Origin | Trouble]:
    """What is to be put, by its paths on this machine. Raises RemoteError, as examine_all does."""
    here = Path.cwd()
    paths = list(paths)
    if b"" in paths:
        raise NoSuchFile(f"{show(b'')!r} is no path")
    return examine_all(paths, here, guard, recursive=recursive)


class Get:
    """Receive files. `paths` and patterns are the server's; `to` is a path here, or takes the one file."""

    def __init__(
        self,
        errands: Errands,
        paths: Sequence[bytes],
        to: bytes | Stream,
        guard: Guard,
        *,
        session: str | None = None,
        recursive: bool = False,
        plan: bool = False,
        watch: Watch,
    ) -> None:
        self._errands = errands
        self._payload = b"".join(path + b"\0" for path in paths)
        self._several = len(paths) > 1
        self._to = to
        self._guard = guard
        self._request = messages.Get(session=session, recursive=recursive, plan=plan)
        self._watch = watch
        self._carriage = Carriage(errands)
        self._landed: Landed | None = None
        self._checkpoint = Checkpoint()

    def run(self, patience: float | None = 30.0) -> None:
        """To the end. Raises RemoteError; what was left out was told."""
        persistence = Persistence(self._watch, patience)
        persistence.run(lambda: self._attempt(persistence))

    def _attempt(self, persistence: Persistence) -> None:
        to = self._to
        landing = None if isinstance(to, Stream) else self._land(to)
        try:
            request = messages.Get(
                session=self._request.session,
                direct=self._carriage.direct,
                recursive=self._request.recursive,
                plan=self._request.plan and not persistence.begun,
                upto=self._checkpoint.upto,
                seen=self._checkpoint.seen,
            )
            errand = self._errands.run_errand(request, self._payload)
        except BaseException:
            if landing is not None:
                landing.folder.close()
            raise
        with errand, self._carriage.open(errand, persistence) as duplex:
            if landing is None:
                assert isinstance(to, Stream)  # noqa: S101  for the types: there is nowhere to land
                run(StreamReceiver(to, duplex.breathe, self._watch), duplex, errand)
            else:
                self._receive(landing, errand, duplex)

    def _receive(self, landing: Landing, errand: Errand, duplex: Duplex) -> None:
        receiver = Receiver(
            landing, self._guard, duplex.breathe, after=self._checkpoint, progress=self._watch
        )
        try:
            run(receiver, duplex, errand)
        finally:
            self._checkpoint = receiver.checkpoint
            receiver.close()

    def _land(self, to: bytes) -> Landing:
        """As cp would the first time, and in the same place after a break."""
        if self._landed is not None:
            return land_again(self._landed.folder, self._landed.name, self._guard)
        landing = land(to, Path.cwd(), self._guard, folder=self._several)
        self._landed = Landed(folder=landing.folder.path, name=landing.name)
        return landing


class Put:
    """Send files. `to` is a path of the server's; with `folder` one that exists."""

    def __init__(
        self,
        errands: Errands,
        sources: Sequence[Named],
        to: bytes,
        guard: Guard,
        *,
        session: str | None = None,
        folder: bool = False,
        plan: bool = False,
        watch: Watch,
    ) -> None:
        if not to:
            raise NoSuchFile(f"{show(to)!r} is no path")
        self._errands = errands
        self._sources = sources
        self._to = to
        self._guard = guard
        self._session = session
        self._folder = folder
        self._plan = plan
        self._watch = watch
        self._landed: Landed | None = None
        self._checkpoint = Checkpoint()
        self._carriage = Carriage(errands)
        self._duplex: Duplex | None = None

    def run(self, patience: float | None = 30.0) -> None:
        """To the end. Raises RemoteError; what was left out was told."""
        if any(isinstance(source, Input) for source in self._sources):
            patience = 0.0  # what was read of it is gone
        persistence = Persistence(self._watch, patience)
        persistence.run(lambda: self._attempt(persistence))

    def _attempt(self, persistence: Persistence) -> None:
        self._duplex = None
        sender = Sender(
            self._sources,
            self._guard,
            self._breathe,
            after=self._checkpoint,
            plan=self._plan and not persistence.begun,
            progress=self._watch,
        )
        try:
            with (
                self._errands.run_errand(*self._ask(sender.checkpoint)) as errand,
                self._carriage.open(errand, persistence) as duplex,
            ):
                self._duplex = duplex
                run(sender, duplex, errand)
        finally:
            self._checkpoint = sender.checkpoint
            self._landed = sender.landed or self._landed
            sender.close()

    def _ask(self, after: Checkpoint) -> tuple[messages.Put, bytes]:
        upto, seen = after
        request = messages.Put(session=self._session, direct=self._carriage.direct, upto=upto, seen=seen)
        if self._landed is None:
            return structs.replace(request, folder=self._folder), self._to
        return structs.replace(request, again=True, name=self._landed.name), self._landed.folder

    def _breathe(self) -> None:
        if self._duplex is not None:
            self._duplex.breathe()
