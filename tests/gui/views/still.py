"""A hub whose servers are made up: what is asked is written down, and the test gives the answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from claude_remote.client.client import Client
from claude_remote.errors import RemoteError
from claude_remote.paths import Paths
from claude_remote.rights import FULL, Right
from claude_remote_gui.feed.picture import Picture
from claude_remote_gui.feed.reducer import State
from claude_remote_gui.hub import Hub
from claude_remote_gui.net import standing as st
from claude_remote_gui.net.server import Server

Then = Callable[[Any, RemoteError | None], None]


class Recorder:
    """Stands where a Client stands: every request is written down."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> None:
            self.calls.append((name, given, named))

        return call


class StillHub(Hub):
    """`asked`: the requests, unanswered; `opened`: which sessions were opened."""

    def __init__(self, paths: Paths) -> None:
        super().__init__(paths)
        self.asked: list[tuple[str, Callable[[Client], Any], Then]] = []
        self.opened: list[tuple[str, str]] = []

    def put(self, picture: Picture, *, server: str = "home", rights: frozenset[Right] = FULL) -> None:
        """This is how things stand there now."""
        if server not in self.servers:
            self.servers[server] = Server(server, self.paths, lambda _post: None)
        self.states[server] = State(picture, stale="")
        self.standings[server] = st.Connected("home", "me", rights, local=True, heard=time.monotonic())
        self.stood.emit(server)
        self.moved.emit()

    def stand(self, standing: st.Standing, *, server: str = "home") -> None:
        """We stand so with it now."""
        if server not in self.servers:
            self.servers[server] = Server(server, self.paths, lambda _post: None)
            self.states[server] = State()
        self.standings[server] = standing
        self.stood.emit(server)

    def open(self, server: str, session: str) -> int | None:
        self.opened.append((server, session))
        return len(self.opened)

    def ask(self, server: str, request: Callable[[Client], Any], then: Then) -> None:
        self.asked.append((server, request, then))

    def call(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """What the last request asks of its client."""
        recorder = Recorder()
        self.asked[-1][1](recorder)  # type: ignore[arg-type]
        (call,) = recorder.calls
        return call

    def answer(self, result: Any = None, error: RemoteError | None = None) -> None:
        """Answer the last request."""
        self.asked.pop()[2](result, error)
