"""The activity feed: filtered, paused, saved."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QModelIndex, QSortFilterProxyModel, Qt
from PyQt6.QtGui import QKeySequence, QShortcut, QShowEvent
from PyQt6.QtWidgets import QComboBox, QFileDialog, QLineEdit, QPushButton, QVBoxLayout, QWidget

from claude_remote_gui.activity import KINDS, Entry
from claude_remote_gui.hub import Hub
from claude_remote_gui.models.activity import MOST_LINES, ActivityModel
from claude_remote_gui.text.harmless import harmless
from claude_remote_gui.views.parts import button, label, row, say, table
from claude_remote_gui.words import count, stamp

_MOST_NAMES = 200


class _Filter(QSortFilterProxyModel):
    """By words, and by what its entries are exactly. In the order in which things happened."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._wanted: dict[str, str] = {}  # the field of an Entry, and what it is
        self._words = ""

    def choose(self, field: str, value: str) -> None:
        """Only entries whose field is this; all, when it is empty."""
        self._wanted = {name: each for name, each in self._wanted.items() if name != field}
        if value:
            self._wanted[field] = value
        self.invalidate()

    def search(self, words: str) -> None:
        """Only entries that say this somewhere."""
        self._words = words.casefold()
        self.invalidate()

    def filterAcceptsRow(self, source_row: int, source_parent: QModelIndex) -> bool:  # noqa: ARG002  Qt's
        """See the class."""
        model = self.sourceModel()
        if not isinstance(model, ActivityModel) or not (self._wanted or self._words):
            return True
        entry = model.row_at(source_row)
        if any(getattr(entry, field) != value for field, value in self._wanted.items()):
            return False
        return not self._words or says(entry, self._words)


def says(entry: Entry, words: str) -> bool:
    """Whether an entry says these words, in lower case, anywhere."""
    return any(
        words in each.casefold()
        for each in (entry.text, entry.client, entry.session, entry.kind, entry.server)
    )


class ActivityView(QWidget):
    """What happened on all servers, the newest at the bottom."""

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self.model = ActivityModel(self)
        self._filter = _Filter(self)
        self._filter.setSourceModel(self.model)
        self._held: list[Entry] = []
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter activity")
        self.filter.setAccessibleName("Filter activity")
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._filter.search)
        self.client, self.session, self.kind = (
            self._chooser(field) for field in ("client", "session", "kind")
        )
        self.kind.addItems(KINDS)
        self.finder = QLineEdit()
        self.finder.setPlaceholderText("Find (Enter: the one before)")
        self.finder.setAccessibleName("Find in the activity")
        self.finder.setMaximumWidth(220)
        self.finder.returnPressed.connect(self._find)
        QShortcut(QKeySequence.StandardKey.Find, self, self.finder.setFocus)
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
        layout.addLayout(
            row(self.filter, self.client, self.session, self.kind, self.finder, self.pause, clear, save)
        )
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
        self._learn(self.client, [entry.client for entry in entries])
        self._learn(self.session, [entry.session for entry in entries])
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

    def _chooser(self, field: str) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(f"Only this {field}")
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        box.addItem(f"every {field}")
        box.currentIndexChanged.connect(
            lambda place: self._filter.choose(field, box.itemText(place) if place > 0 else "")
        )
        return box

    def _learn(self, box: QComboBox, names: list[str]) -> None:
        for name in dict.fromkeys(names):
            if name and box.findText(name, Qt.MatchFlag.MatchExactly) < 0 and box.count() <= _MOST_NAMES:
                box.addItem(name)

    def _find(self) -> None:
        """Look at the entry before that says it; after the first, at the last."""
        words = self.finder.text().casefold()
        count = self._filter.rowCount()
        if not words or not count:
            return
        selection = self.table.selectionModel()
        chosen = [] if selection is None else selection.selectedRows()
        start = chosen[0].row() if chosen else count
        for step in range(1, count + 1):
            place = (start - step) % count
            there = self._filter.index(place, 0)
            if says(self.model.row_at(self._filter.mapToSource(there).row()), words):
                self.table.selectRow(place)
                self.table.scrollTo(there)
                say(self.said, "")
                return
        say(self.said, f"Nothing says {self.finder.text()!r}.")

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
