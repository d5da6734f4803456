"""Which session a client means, or how a new one begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from claude_remote import options
from claude_remote.errors import BadMessage, NameTaken, NotIdle, RemoteError
from claude_remote.messages import Target
from claude_remote.rights import Right
from claude_remote_broker.core import gate
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.ledger import Ledger
from claude_remote_broker.core.session import Session
from claude_remote_broker.core.words import slug, unique
from claude_remote_broker.journal import SessionRow
from claude_remote_broker.ports import FolderChecked, Peer


@dataclass(frozen=True)
class Aim:
    """The session, and what its claude shall be started with from now on (None: as it is)."""

    session: Session
    options: tuple[str, ...] | None = None
    mode: str | None = None
    model: str | None = None


class Aiming:
    """Finds the session of a target: at once, or after a look at the folder.

    `then` gets the Aim; a new session is in the registry by then, its name reserved, but not stored. It may
    raise RemoteErrors, which go to `fail` as all others.
    """

    def __init__(
        self,
        context: Context,
        peer: Peer,
        target: Target,
        then: Callable[[Aim], None],
        fail: Callable[[RemoteError], None],
    ) -> None:
        self._context = context
        self._peer = peer
        self._target = target
        self._then = then
        self._fail = fail
        self._text = ""
        self._stamp = ""
        self._checked = options.Checked((), None, None, ())

    def begin(self, text: str) -> None:
        """`text` gives a new session its name. Raises RemoteError for what is wrong at first sight."""
        self._text = text
        rights = gate.rights_of(self._peer.fingerprint, self._context.clients)
        self._checked = options.check(self._target.options, rights)
        target = self._target
        if target.session is not None:
            session = self._context.sessions.find(target.session, self._peer)
            paths = self._check_setup(session)
            self._check(session.row.cwd, lambda _: self._reach(session), paths, needless=not target.fork)
        elif target.latest:
            self._check(
                target.cwd,
                lambda cwd: self._reach(self._context.sessions.latest(self._peer.fingerprint, cwd)),
            )
        else:
            self._check(target.cwd, lambda cwd: self._create(cwd, None), stamp=self._context.warm.any)

    def _check_setup(self, session: Session) -> tuple[str, ...]:
        """Whether this client may prompt a claude as it would run then; paths that it reaches."""
        rights = gate.rights_of(self._peer.fingerprint, self._context.clients)
        checked, row = self._checked, session.row
        return gate.check_setup(checked.rest or row.options, checked.mode or row.mode, rights)

    def _check(
        self,
        path: str | None,
        then: Callable[[str], None],
        also: tuple[str, ...] = (),
        *,
        needless: bool = False,
        stamp: bool = False,
    ) -> None:
        """The real path of a folder that this client may use, `also` too. `needless`: unless it has roots."""
        clients, fingerprint = self._context.clients, self._peer.fingerprint
        roots = gate.roots_of(fingerprint, clients)
        # Claude reads what lies below its folder without asking, and its rules do not hold for all ways to.
        apart = Right.APPROVE not in gate.rights_of(fingerprint, clients)
        if needless and path is not None and not roots and not apart and not self._checked.paths:
            then(path)
            return

        def checked(event: FolderChecked) -> None:
            try:
                if event.error is not None:
                    raise event.error
                self._stamp = event.stamp
                then(event.path)
            except RemoteError as error:
                self._fail(error)

        paths = (*self._checked.paths, *also)
        self._context.effects.check_folder(path, roots, paths, checked, apart=apart, stamp=stamp)

    def _reach(self, session: Session) -> None:
        self._check_setup(session)
        if self._target.fork:
            if not session.row.turns and not session.row.claude:
                raise NotIdle(f"There is nothing in {session.row.name} yet that could be forked.")
            self._create(session.row.cwd, session)
            return
        checked = self._checked
        self._then(Aim(session, checked.rest or None, checked.mode, checked.model))

    def _create(self, cwd: str, source: Session | None) -> None:
        context, checked = self._context, self._checked
        inherited = None if source is None else source.row
        row = SessionRow(
            id=context.ids.uuid(),
            name=self._name(cwd, source),
            cwd=cwd,
            client=self._peer.fingerprint,
            client_name=self._peer.name,
            created=context.now,
            changed=context.now,
            claude_session=context.ids.uuid(),
            fork_of=None if inherited is None else inherited.claude_session,
            options=checked.rest or (() if inherited is None else inherited.options),
            mode=checked.mode or (self._mode() if inherited is None else inherited.mode),
            model=checked.model or (None if inherited is None else inherited.model),
        )
        session = None if source is not None else context.warm.take(row, self._stamp)
        if session is None:
            session = Session(row, fresh=True)
            session.ledger = Ledger(context, session)
        context.sessions.add(session)
        if source is None:
            context.warm.used(row)
        try:
            self._then(Aim(session))
        except RemoteError:
            context.workers.abandon(session)
            raise

    def _mode(self) -> str | None:
        """A claude that is told no mode takes the one of its settings, which may need more rights."""
        rights = gate.rights_of(self._peer.fingerprint, self._context.clients)
        return None if Right.APPROVE in rights else "default"

    def _name(self, cwd: str, source: Session | None) -> str:
        taken = self._context.sessions.name_taken
        if self._target.name is not None:
            name = fit_name(self._target.name)
            if taken(name):
                raise NameTaken(f"Another session is called {name!r}.")
            return name
        if source is not None:
            return unique(source.row.name, taken)
        return unique(slug(self._text) or slug(PurePosixPath(cwd).name, every=True) or "session", taken)


def fit_name(name: str) -> str:
    """A name for a session as a user gave it. Raises BadMessage if it cannot be one."""
    name = name.strip()
    if not name or not name.isprintable() or name[0] in "-@" or "/" in name:
        raise BadMessage("A session's name is printable, without '/', and does not begin with - or @.")
    return name
