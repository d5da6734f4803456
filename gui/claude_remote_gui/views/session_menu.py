"""What can be done with a session as a whole: rename, fork, another model, stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import QMenu, QPushButton

from claude_remote.client.client import Client
from claude_remote.errors import RemoteError
from claude_remote.messages import Opened, SessionState
from claude_remote.rights import Right
from claude_remote_gui.hub import Hub
from claude_remote_gui.models.tables import SessionRow
from claude_remote_gui.views.strip import Strip

_ENDED = frozenset({SessionState.CLOSED, SessionState.LOST})
_WITHOUT_CLAUDE = frozenset({SessionState.PARKED, SessionState.CLOSED, SessionState.LOST})


class SessionMenu(QPushButton):
    """`strip` asks what is to be asked; `told` is given what came of it, in words (empty: it is done)."""

    forked = pyqtSignal(str, str)  # server, session

    def __init__(self, hub: Hub, strip: Strip, told: Callable[[str], object]) -> None:
        super().__init__("Session")
        self._hub = hub
        self._strip = strip
        self._told = told
        self._row: SessionRow | None = None
        self.setAccessibleName("What can be done with the session")
        menu = QMenu(self)
        self.rename = self._action(menu, "&Rename …", self._rename, "F2")
        self.fork = self._action(menu, "&Fork: go on with a copy", self._fork)
        self.model = self._action(menu, "Another &model …", self._model)
        menu.addSeparator()
        self.stop = self._action(menu, "&Stop …", self._stop)
        self.setMenu(menu)

    def show_session(self, found: SessionRow | None) -> None:
        """For this one."""
        if (found is None) != (self._row is None) or (
            found is not None and self._row is not None and found.info.id != self._row.info.id
        ):
            self._strip.close_again()
        self._row = found
        may = found is not None and self._hub.may(found.server, Right.PROMPT)
        self.setEnabled(may)
        state = None if found is None else found.info.state
        for action, possible in (
            (self.rename, may),
            (self.fork, may),
            (self.model, may and state not in _WITHOUT_CLAUDE),
            (self.stop, may and state not in _ENDED),
        ):
            action.setEnabled(possible)

    # --- what is done ------------------------------------------------------------------------------------

    def _rename(self) -> None:
        found = self._row
        if found is not None:
            session = found.info.id
            self._strip.field.setMaxLength(64)
            self._strip.write(
                "Its new name",
                "Rename",
                found.info.name,
                lambda name: self._ask(found, lambda client: client.rename(session, name)),
            )

    def _model(self) -> None:
        found = self._row
        if found is not None:
            session = found.info.id

            def change(model: str) -> None:
                self._ask(found, lambda client: client.control(session, "set_model", model=model))

            self._strip.field.setMaxLength(200)
            self._strip.write("Claude's model from now on", "Change", found.info.model, change)

    def _stop(self) -> None:
        found = self._row
        if found is not None:
            session = found.info.id
            self._strip.sure(
                f"Stop {found.info.name}? Its turn is interrupted, prompts that wait are taken back."
                " The next prompt opens it again.",
                "Stop it",
                "Keep it",
                lambda: self._ask(found, lambda client: client.close_session(session)),
            )

    def _fork(self) -> None:
        found = self._row
        if found is None:
            return
        session, server = found.info.id, found.server

        def then(opened: object, error: RemoteError | None) -> None:
            if error is not None:
                self._told(f"It was not forked: {error.message}")
            elif isinstance(opened, Opened):
                self.forked.emit(server, opened.session.id)

        self._hub.ask(server, lambda client: client.open(session=session, fork=True), then)

    def _ask(self, found: SessionRow, request: Callable[[Client], Any]) -> None:
        def then(_result: object, error: RemoteError | None) -> None:
            self._told("" if error is None else error.message)

        self._hub.ask(found.server, request, then)

    def _action(self, menu: QMenu, title: str, does: Callable[[], None], keys: str = "") -> QAction:
        action = QAction(title, self)
        action.triggered.connect(lambda _checked=False: does())
        if keys:
            action.setShortcut(QKeySequence(keys))
            self.addAction(action)
        menu.addAction(action)
        return action
