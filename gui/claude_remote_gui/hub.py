"""The window's side of the mailbox: what the threads posted becomes signals, in batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from claude_remote.client.client import Client
from claude_remote.errors import BadOption, RemoteError
from claude_remote.paths import Paths
from claude_remote.rights import Right
from claude_remote_gui.activity import Entry, describe
from claude_remote_gui.feed.picture import Picture
from claude_remote_gui.feed.reducer import State
from claude_remote_gui.net.mailbox import Mailbox
from claude_remote_gui.net.posts import Answered, Moved, Post, Read, Stood
from claude_remote_gui.net.reading import Reader
from claude_remote_gui.net.server import Server
from claude_remote_gui.net.standing import Connected, Connecting, Standing
from claude_remote_gui.past_prompts import PastPrompts

BATCH_EVERY = 50  # ms
AT_ONCE = 1_000  # items of a feed or changes of a conversation: then the window looks up
_CLOSE_WITHIN = 2.0  # s, for each thread; who dials just now ends with the process


class Hub(QObject):
    """All servers of this window. Every signal is given in the window's thread, at most 20 times a second."""

    moved = pyqtSignal()  # some picture is another
    stood = pyqtSignal(str)  # we stand otherwise with this server
    happened = pyqtSignal(list)  # Entry, in order
    read = pyqtSignal(list)  # Read, of the session that is read
    _posted = pyqtSignal()

    def __init__(self, paths: Paths, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.paths = paths
        self.past_prompts = PastPrompts(paths.state / "window-prompts.jsonl")
        self.servers: dict[str, Server] = {}
        self.states: dict[str, State] = {}
        self.standings: dict[str, Standing] = {}
        self._moved = False  # and not shown yet
        self._shown_at = 0.0
        self._reader: Reader | None = None
        self._readings = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(BATCH_EVERY)
        self._timer.timeout.connect(self.deliver)
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(0)
        self._again.timeout.connect(self.deliver)
        # From another thread this is queued; the timer then waits for what comes with the first.
        self._posted.connect(self._timer.start)
        self._mailbox: Mailbox[Post] = Mailbox(self._posted.emit, weigh=_weigh)

    def add(self, which: str | None) -> Server:
        """Connect to a server. Raises BadOption when it is here already."""
        server = Server(which, self.paths, self._mailbox.post)
        if server.name in self.servers:
            raise BadOption(f"{server.name} is in this window already")
        self.servers[server.name] = server
        self.states[server.name] = State()
        self.standings[server.name] = Connecting()
        server.start()
        self.stood.emit(server.name)
        return server

    def remove(self, name: str) -> None:
        """Hang up and forget what was known of it."""
        server = self.servers.pop(name)
        server.stop()
        del self.states[name], self.standings[name]
        self.stood.emit(name)
        self.moved.emit()

    @property
    def pictures(self) -> dict[str, Picture]:
        """The pictures of all servers."""
        return {name: state.picture for name, state in self.states.items()}

    def may(self, server: str, right: Right) -> bool:
        """Whether the server's owner lets us do this, as far as we know."""
        standing = self.standings.get(server)
        return isinstance(standing, Connected) and right in standing.rights

    def ask(
        self,
        server: str,
        request: Callable[[Client], Any],
        then: Callable[[Any, RemoteError | None], None],
    ) -> None:
        """Run a request beside the window; `then` is called in the window's thread."""
        if server in self.servers:
            self.servers[server].ask(request, then)
        else:
            then(None, BadOption(f"{server} is no longer in this window"))

    def open(self, server: str, session: str) -> int | None:
        """Read a session's conversation instead of the one before; what is read carries this number."""
        self.close_reading()
        self._readings += 1
        self._reader = self.servers[server].read(session, self._readings) if server in self.servers else None
        return self._readings if self._reader is not None else None

    def close_reading(self) -> None:
        """Read no conversation."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.stop()

    def close(self) -> None:
        """Hang up everywhere. Bounded."""
        self._mailbox.close()
        self.close_reading()
        for server in self.servers.values():
            server.stop()
        for server in self.servers.values():
            server.join(_CLOSE_WITHIN)

    def deliver(self) -> None:
        """Give what was posted; of much, so much that the window is not away for long, and soon the rest."""
        posts, more = self._mailbox.take(AT_ONCE)
        if more:
            self._again.start()
        moved = False
        entries: list[Entry] = []
        read: list[Read] = []
        stood: dict[str, None] = {}
        answers: list[Answered] = []
        for post in posts:
            match post:
                case Moved(server=server) if server in self.servers:
                    entries += self._note(post)
                    moved = True
                case Stood(server=server, standing=standing) if server in self.servers:
                    self.standings[server] = standing
                    stood[server] = None
                case Read(reading=reading) if reading == self._readings:
                    read.append(post)
                case Answered():
                    answers.append(post)
        self._moved = self._moved or moved
        self._tell(stood=list(stood), entries=entries, read=read)
        # To show how things stand costs as much for one item as for many.
        now = time.monotonic()
        if self._moved and (not more or now - self._shown_at >= BATCH_EVERY / 1000):
            self._moved, self._shown_at = False, now
            self._show()
        for answer in answers:
            answer.then(answer.result, answer.error)

    def _tell(self, *, stood: Sequence[str], entries: list[Entry], read: list[Read]) -> None:
        for server in stood:
            self.stood.emit(server)
        if entries:
            self.happened.emit(entries)
        if read:
            self.read.emit(read)

    def _show(self) -> None:
        self.moved.emit()
        for name, followed in self.servers.items():
            followed.shown = self.states[name].picture.seq

    def _note(self, post: Moved) -> list[Entry]:
        before = self.states[post.server]
        self.states[post.server] = post.state
        picture = post.state.picture
        entries = [entry for news in post.news if (entry := describe(post.server, news, picture))]
        if post.state.stale and post.state.stale != before.stale and before.picture.generation >= 0:
            words = f"{post.state.stale}; a new picture is asked for"
            entries.append(Entry(picture.at, post.server, "connection", "", "", words))
        return entries


def _weigh(post: Post) -> int:
    """How much work it is to show."""
    match post:
        case Moved(news=news):
            return 1 + len(news)
        case Read(changes=changes):
            return 1 + len(changes)
        case _:
            return 1
