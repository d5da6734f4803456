"""The servers of this window: how we stand with each, and what can be done about it."""

from __future__ import annotations

import time

from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from claude_remote_gui import colours
from claude_remote_gui.hub import Hub
from claude_remote_gui.net import standing as st
from claude_remote_gui.views.parts import button, label, say

_ANY_HEIGHT = 16_777_215  # Qt's own QWIDGETSIZE_MAX
_ASK = "Does `claude-remote-server fingerprint` say the same there?"


class ServerLine(QFrame):
    """One server."""

    def __init__(self, hub: Hub, name: str) -> None:
        super().__init__()
        self._hub = hub
        self._name = name
        self.dot = QLabel("●")
        self.dot.setAccessibleName("state")
        self.title = label(name, bold=True)
        self.words = label(wraps=True)
        self.trust = button(
            "&Trust it", self._trust, "The fingerprint is the one that the server itself shows"
        )
        self.retry = button("Try &again", hub.servers[name].retry)
        self.remove = button("Remove", lambda: hub.remove(name), "Take this server out of the window")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 2, 10, 2)
        layout.addWidget(self.dot)
        layout.addWidget(self.title)
        layout.addWidget(self.words, 1)
        for each in (self.trust, self.retry, self.remove):
            layout.addWidget(each)

    def refresh(self) -> None:
        """Say how things stand now."""
        standing = self._hub.standings.get(self._name, st.Connecting())
        stale = self._hub.states[self._name].stale
        words = st.describe(standing, time.monotonic())
        if isinstance(standing, st.Unknown):
            words += f". Its fingerprint is {standing.fingerprint}\n{_ASK}"
        elif isinstance(standing, st.Connected) and stale:
            words += f"; {stale}, a new picture is on its way"
        say(self.words, words)
        self.trust.setVisible(isinstance(standing, st.Unknown))
        waits = (st.Reconnecting, st.Denied, st.Impostor, st.Failed)
        self.retry.setVisible(isinstance(standing, waits))
        # The only one is of use as long as it answers. Beside others it can go, without calling for it.
        answers = isinstance(standing, st.Connected)
        self.remove.setVisible(not answers or len(self._hub.servers) > 1)
        self.remove.setFlat(answers)
        self.remove.setText("✕" if answers else "Remove")
        self.remove.setMaximumHeight(self.fontMetrics().height() + 2 if answers else _ANY_HEIGHT)
        shade = self._shade(standing, stale=bool(stale))
        self.dot.setStyleSheet(f"color: {shade}")
        self.dot.setAccessibleDescription(words)

    def _shade(self, standing: st.Standing, *, stale: bool) -> str:
        kinds = colours.now()
        match standing:
            case st.Connected(warning=warning) if warning:
                colour = kinds.bad
            case st.Connected() if not stale:
                colour = kinds.good
            case st.Connected() | st.Connecting() | st.Reconnecting() | st.NotApproved():
                colour = kinds.warning
            case _:
                colour = kinds.bad
        return colour.name()

    def _trust(self) -> None:
        standing = self._hub.standings.get(self._name)
        if isinstance(standing, st.Unknown):
            self._hub.servers[self._name].trust(standing.fingerprint)


class ServersBar(QWidget):
    """A line for each server."""

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self._hub = hub
        self.lines: dict[str, ServerLine] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 4, 0, 4)
        self._layout.setSpacing(0)
        hub.stood.connect(self._stood)
        hub.moved.connect(self.refresh)
        # Times pass without anything happening.
        self._clock = QTimer(self)
        self._clock.timeout.connect(self.refresh)
        self._clock.start(1_000)
        for name in hub.servers:
            self._stood(name)

    def refresh(self) -> None:
        """Say how things stand now."""
        for line in self.lines.values():
            line.refresh()

    def _stood(self, name: str) -> None:
        if name not in self._hub.servers:
            line = self.lines.pop(name, None)
            if line is not None:
                self._layout.removeWidget(line)
                line.deleteLater()
            return
        if name not in self.lines:
            self.lines[name] = ServerLine(self._hub, name)
            self._layout.addWidget(self.lines[name])
        self.lines[name].refresh()
