"""The sessions of all servers, and the conversation of one of them beside."""

from __future__ import annotations

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QKeySequence, QShortcut
from PyQt6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from claude_remote.messages import SessionState
from claude_remote_gui.hub import Hub
from claude_remote_gui.models.rows import ROW_ROLE, RowsModel
from claude_remote_gui.models.tables import SESSIONS, SessionRow, session_rows
from claude_remote_gui.views.conversation import ConversationView
from claude_remote_gui.views.new_session import NewSession
from claude_remote_gui.views.parts import button, elide_left, filter_box, row, selected, sorted_by, table


class SessionsView(QWidget):
    """The newest first, those that wait for somebody at the top."""

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self._hub = hub
        self._wanted: tuple[str, str] | None = None  # a session that is about to be in the feed
        self.model: RowsModel[SessionRow] = RowsModel(SESSIONS, self)
        self._proxy = sorted_by(self)
        self._proxy.setSourceModel(self.model)
        self.filter = filter_box(self._proxy, "sessions")
        self.table = table(self._proxy, "Sessions", (70, 140, 190, 45, 75, 120, 80, 110, 50, 60, 80))
        elide_left(self.table, 2)
        self.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.conversation = ConversationView(hub)
        self.new = NewSession(hub)
        self.new.begun.connect(self.open)
        self.conversation.menu.forked.connect(self.open)
        self.begin = button("New session", self.new.open, "Begin a session (Ctrl+N)")
        QShortcut(QKeySequence.StandardKey.New, self, self.new.open)
        left = QWidget()
        layout = QVBoxLayout(left)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row(self.filter, self.begin))
        layout.addWidget(self.new)
        layout.addWidget(self.table, 1)
        splitter = QSplitter()
        splitter.setObjectName("sessions")
        splitter.addWidget(left)
        splitter.addWidget(self.conversation)
        splitter.setSizes([560, 700])
        splitter.setStretchFactor(1, 1)
        QVBoxLayout(self).addWidget(splitter)
        selection = self.table.selectionModel()
        if selection is not None:
            selection.selectionChanged.connect(lambda _new, _old: self._select())
        hub.moved.connect(self.refresh)
        self._clock = QTimer(self)
        self._clock.timeout.connect(self._tick)
        self._clock.start(1_000)
        self.refresh()

    def refresh(self) -> None:
        """Show them as they are now."""
        rows = session_rows(self._hub.pictures)
        self.model.update_rows(rows)
        if self._wanted in rows:
            self.open(*self._wanted)
        shown = self.conversation.shown
        if shown is not None and shown in rows:
            self.conversation.show_session(rows[shown])
        elif shown is None and rows:
            self._choose(rows)

    def open(self, server: str, session: str) -> None:
        """Show this session, as soon as it is known."""
        self._wanted = (server, session)
        place = self.model.place_of(self._wanted)
        if place is None:
            return
        self._wanted = None
        self.filter.clear()
        there = self._proxy.mapFromSource(self.model.index(place, 0))
        self.table.selectRow(there.row())
        self.table.scrollTo(there)
        self.conversation.prompt.setFocus()

    def _choose(self, rows: dict[tuple[str, str], SessionRow]) -> None:
        """Somebody who waits, else the latest; whoever writes elsewhere goes on writing there."""
        waiting = {key: row for key, row in rows.items() if row.info.state is SessionState.WAITING}
        key = max(waiting or rows, key=lambda each: rows[each].info.changed)
        place = self.model.place_of(key)
        if place is not None:
            self.table.selectRow(self._proxy.mapFromSource(self.model.index(place, 0)).row())

    def _select(self) -> None:
        found = selected(self.table, ROW_ROLE)
        # A filter may hide the session that is read; it is read on.
        if isinstance(found, SessionRow):
            self.conversation.show_session(found)

    def _tick(self) -> None:
        if self.isVisible() and any(picture.turns for picture in self._hub.pictures.values()):
            self.model.refresh()
