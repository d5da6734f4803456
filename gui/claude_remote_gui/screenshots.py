"""Every view as a picture, light and dark, with made-up contents: for looking at, and for the README."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QCoreApplication, QEventLoop, QSettings, Qt
from PyQt6.QtWidgets import QApplication

from claude_remote.client.client import Client
from claude_remote.client.conversation.items import Doing
from claude_remote.errors import RemoteError
from claude_remote.paths import find_paths
from claude_remote.rights import FULL
from claude_remote_gui import exhibits
from claude_remote_gui.colours import dark_palette
from claude_remote_gui.feed.reducer import State
from claude_remote_gui.hub import Hub
from claude_remote_gui.net import standing as st
from claude_remote_gui.net.posts import Read
from claude_remote_gui.net.server import Server
from claude_remote_gui.text.questions import show
from claude_remote_gui.views.decision import GUARD
from claude_remote_gui.views.window import TITLES, Window

_GUARDED = GUARD / 1000 + 0.2  # seconds, until a question can be decided
HOME, BUILD = "this machine", "build.example.net"


class Exhibition(Hub):
    """Servers that nobody connects to."""

    def exhibit(self, name: str, state: State, standing: st.Standing) -> None:
        """Show this one."""
        self.servers[name] = Server(name, self.paths, lambda _post: None)
        self.states[name] = state
        self.standings[name] = standing
        self.stood.emit(name)
        self.moved.emit()

    def open(self, server: str, session: str) -> int | None:  # noqa: ARG002  there is one conversation
        """The one conversation there is."""
        return 1

    def ask(
        self,
        server: str,
        request: Callable[[Client], Any],
        then: Callable[[Any, RemoteError | None], None],
    ) -> None:
        """Nobody answers."""


def write(folder: Path) -> int:
    """Write the pictures and return the exit code."""
    application = QApplication(["claude-remote-gui"])
    application.setStyle("fusion")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name, palette in (("light", application.palette()), ("dark", dark_palette())):
            application.setPalette(palette)
            hub = Exhibition(find_paths())
            window = furnish(hub, QSettings(f"{scratch}/{name}.ini", QSettings.Format.IniFormat))
            for number, title in enumerate(TITLES):
                window.tabs.setCurrentIndex(number)
                _settle()
                _take(window, folder / f"{title.lower()}-{name}.png")
            window.tabs.setCurrentWidget(window.approvals)
            window.approvals.decision.by_rule()
            _settle()
            _take(window, folder / f"rule-{name}.png")
            window.tabs.setCurrentWidget(window.sessions)
            window.sessions.open(BUILD, exhibits.uuid(7))
            window.sessions.conversation.asking.decision.learn(show(exhibits.choice()))
            hub.read.emit([Read(1, tuple(exhibits.release()), doing=Doing.ASKING, caught_up=True)])
            _settle(_GUARDED)
            _take(window, folder / f"questions-{name}.png")
            window.leave()
    return 0


def _take(window: Window, path: Path) -> None:
    if not window.grab().save(str(path)):
        raise OSError(f"cannot write {path}")


def furnish(hub: Exhibition, settings: QSettings) -> Window:
    """A window with made-up contents, on the screen."""
    window = Window(hub, settings)
    now = time.time()
    hub.exhibit(HOME, State(exhibits.home(now), stale=""), _connected("workshop", local=True))
    hub.exhibit(BUILD, State(exhibits.build(now), stale=""), _connected("build", local=False))
    hub.exhibit("attic", State(), st.Reconnecting("attic:7433 refuses the connection", time.monotonic() + 9))
    window.setWindowState(Qt.WindowState.WindowNoState)
    window.resize(1240, 800)
    window.show()
    _settle()
    window.sessions.open(HOME, exhibits.uuid(1))
    _settle()
    hub.read.emit([Read(1, tuple(exhibits.conversation()), doing=Doing.ASKING, caught_up=True)])
    window.sessions.conversation.transcript.toggle(3)
    window.sessions.conversation.transcript.go_to_end()
    for decision in (window.approvals.decision, window.sessions.conversation.asking.decision):
        decision.learn(show(exhibits.question(), exhibits.file()))
    window.rules.learn(HOME, exhibits.rules(now))
    window.activity.add(list(exhibits.activity(now)))
    _settle(_GUARDED)
    return window


def _settle(seconds: float = 0.15) -> None:
    """Let what was asked for happen."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 50)


def _connected(host: str, *, local: bool) -> st.Connected:
    heard = time.monotonic() + 3_600  # and all the while that the pictures take
    return st.Connected(host, "mia", frozenset(FULL), local, heard)
