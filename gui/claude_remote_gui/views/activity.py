"""The activity feed: filtered, paused, saved."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QModelIndex, QSortFilterProxyModel
from PyQt6.QtGui import QShowEvent
from PyQt6.QtWidgets import QComboBox, QFileDialog, QPushButton, QVBoxLayout, QWidget

from claude_remote_gui.activity import KINDS, Entry
from claude_remote_gui.hub import Hub
from claude_remote_gui.models.activity import MOST_LINES, ActivityModel
from claude_remote_gui.text.harmless import harmless
from claude_remote_gui.views.parts import button, filter_box, label, row, say, table
from claude_remote_gui.words import count, stamp

_ALL = "every kind"


class _Filter(QSortFilterProxyModel):
    """By words and by kind. In the order in which things happened."""

    kind = ""

    def choose(self, kind: str) -> None:
        """Only this kind; all, when it is none of KINDS."""
        self.kind = kind if kind in KINDS else ""
        self.invalidate()

    def filterAcceptsRow(self, source_row: int, source_parent: QModelIndex) -> bool:
        """See the class."""
        model = self.sourceModel()
        if self.kind and isinstance(model, ActivityModel) and model.row_at(source_row).kind != self.kind:
            return False
        return super().filterAcceptsRow(source_row, source_parent)


class ActivityView(QWidget):
    """What happened on all servers, the newest at the bottom."""

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self.model = ActivityModel(self)
        self._filter = _Filter(self)
        self._filter.setSourceModel(self.model)
        self._held: list[Entry] = []
        self.filter = filter_box(self._filter, "activity")
        self.kind = QComboBox()
        self.kind.setAccessibleName("Kind of activity")
        self.kind.addItems([_ALL, *KINDS])
        self.kind.currentTextChanged.connect(self._filter.choose)
        self.pause = QPushButton("&Pause")
        self.pause.setCheckable(True)
        self.pause.setAccessibleName("Pause")
        self.pause.toggled.connect(self._paused)
        self.said = label()
        self.said.hide()
        self.table = table(self._filter, "Activity", (90, 110, 130, 150, 90), sorts=False)
        save = button("&Save …", self._ask_where, "Write what is shown into a file")
        clear = button("Clear", self.model.clear)
        layout = QVBoxLayout(self)
        layout.addLayout(row(self.filter, self.kind, self.pause, clear, save))
        layout.addWidget(self.said)
        layout.addWidget(self.table, 1)
        hub.happened.connect(self.add)

    def add(self, entries: list[Entry]) -> None:
        """More has happened."""
        if self.pause.isChecked():
            self._held = [*self._held, *entries][-MOST_LINES:]
            say(self.said, f"Paused: {count(len(self._held), 'line')} since")
            return
        bar = self.table.verticalScrollBar()
        follows = bar is None or bar.value() >= bar.maximum() - 2
        self.model.add(entries)
        if follows and self.isVisible():
            self.table.scrollToBottom()

    def showEvent(self, event: QShowEvent | None) -> None:
        """Begin at what is newest."""
        super().showEvent(event)
        self.table.scrollToBottom()

    def save(self, path: Path) -> None:
        """Write what is shown, tab-separated. Raises OSError."""
        source = [
            self._filter.mapToSource(self._filter.index(n, 0)).row() for n in range(self._filter.rowCount())
        ]
        lines = [_line(self.model.row_at(number)) for number in source]
        path.write_text("".join(lines), encoding="utf-8")

    def _paused(self, paused: bool) -> None:  # noqa: FBT001  a slot of a button that is down or up
        if not paused:
            held, self._held = self._held, []
            say(self.said, "")
            self.add(held)

    def _ask_where(self) -> None:
        dialog = QFileDialog(self, "Save the activity", "activity.tsv")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.fileSelected.connect(self._save_there)
        dialog.open()

    def _save_there(self, name: str) -> None:
        try:
            self.save(Path(name))
        except OSError as error:
            say(self.said, f"It could not be saved: {error.strerror or error}")
        else:
            say(self.said, f"Saved in {name}")


def _line(entry: Entry) -> str:
    cells = (stamp(entry.at), entry.server, entry.client, entry.session, entry.kind, entry.text)
    return "\t".join(harmless(cell.replace("\t", " ")) for cell in cells) + "\n"
