"""The queue of approvals: what Claude wants to do, everything needed to decide, and what came of it."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QObject, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from claude_remote_gui.hub import Hub
from claude_remote_gui.models.rows import ROW_ROLE, RowsModel
from claude_remote_gui.models.tables import APPROVALS, ApprovalRow, approval_rows
from claude_remote_gui.views.decision import Decision
from claude_remote_gui.views.parts import elide_left, selected, sorted_by, table


class ApprovalsView(QWidget):
    """The keys of the Decision hold while the queue has the focus, too."""

    counted = pyqtSignal(int)
    appeared = pyqtSignal(list)  # ApprovalRow, that wait since now
    settled = pyqtSignal(list)  # ids of those that wait no more

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self._hub = hub
        self._waiting: set[tuple[str, str]] = set()
        self.model: RowsModel[ApprovalRow] = RowsModel(APPROVALS, self)
        proxy = sorted_by(self)
        proxy.setSourceModel(self.model)
        self.table = table(proxy, "Approvals", (180, 90, 90, 320, 140, 220))
        elide_left(self.table, 5)
        self.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.table.installEventFilter(self)
        self.decision = Decision(hub)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setObjectName("approvals")
        splitter.addWidget(self.table)
        splitter.addWidget(self.decision)
        splitter.setSizes([220, 380])
        splitter.setChildrenCollapsible(False)
        QVBoxLayout(self).addWidget(splitter)
        selection = self.table.selectionModel()
        if selection is not None:
            selection.selectionChanged.connect(lambda _new, _old: self._select())
        hub.moved.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the queue as it is now."""
        rows = approval_rows(self._hub.pictures)
        self.model.update_rows(rows)
        waiting = [each for each in rows.values() if each.approval.open]
        self.counted.emit(len(waiting))
        self._tell(waiting)
        shown = self.decision.shown
        now = None if shown is None else rows.get((shown.server, shown.approval.info.id))
        if now is not None:
            self.decision.show_row(now)
        # What is shown is still something to look at while its tool has not finished.
        settled = now is None or now.approval.step in {"finished", "void"}
        if shown is None or (waiting and settled):
            self._take_first()
        elif not rows:
            self.decision.show_row(None)

    def open(self, server: str, approval: str) -> None:
        """Show this one."""
        place = self.model.place_of((server, approval))
        if place is not None:
            proxy = self.table.model()
            self.table.selectRow(proxy.mapFromSource(self.model.index(place, 0)).row())  # type: ignore[union-attr]
        self.table.setFocus()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """See the class."""
        if event is None or not self.decision.press(event):
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """The table would look for a row that begins with the letter."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and self.decision.press(event)
        ):
            return True
        return super().eventFilter(watched, event)

    def _tell(self, waiting: list[ApprovalRow]) -> None:
        now = {(row.server, row.approval.info.id): row for row in waiting}
        before, self._waiting = self._waiting, set(now)
        if new := [row for key, row in now.items() if key not in before]:
            self.appeared.emit(new)
        if gone := [approval for server, approval in before if (server, approval) not in now]:
            self.settled.emit(gone)

    def _take_first(self) -> None:
        """Look at the oldest that waits."""
        model = self.table.model()
        if model is not None and model.rowCount():
            self.table.selectRow(0)

    def _select(self) -> None:
        found = selected(self.table, ROW_ROLE)
        self.decision.show_row(found if isinstance(found, ApprovalRow) else None)
