"""A table of keyed rows: give it all of them, and it tells the view what is different."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt
from PyQt6.QtGui import QColor

Row = TypeVar("Row")

SORT_ROLE = Qt.ItemDataRole.UserRole
ROW_ROLE = Qt.ItemDataRole.UserRole + 1
_ANSWERED = frozenset(
    int(role)
    for role in (
        Qt.ItemDataRole.DisplayRole,
        Qt.ItemDataRole.TextAlignmentRole,
        Qt.ItemDataRole.ForegroundRole,
        Qt.ItemDataRole.ToolTipRole,
        SORT_ROLE,
        ROW_ROLE,
    )
)
_NOWHERE = QModelIndex()
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True)
class Column(Generic[Row]):
    """A column: what it says of a row, and by what it sorts (the words themselves, if not given)."""

    title: str
    text: Callable[[Row], str]
    sort: Callable[[Row], Any] | None = None
    right: bool = False
    colour: Callable[[Row], QColor | None] | None = None
    tip: Callable[[Row], str] | None = None


def one_line(text: str) -> str:
    """Words of other people in a cell: on one line, and not longer than anybody reads."""
    return " ".join(text[:500].split())


class RowsModel(QAbstractTableModel, Generic[Row]):
    """Rows stay where they are while they exist; new ones come at the end. Sorting is the proxy's."""

    def __init__(self, columns: Sequence[Column[Row]], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self._keys: list[Hashable] = []
        self._rows: list[Row] = []

    def update_rows(self, rows: Mapping[Any, Row]) -> None:
        """Show these rows: signals are given for what is different, in as few pieces as possible."""
        self._remove(rows)
        self._change(rows)
        known = set(self._keys)
        new = [key for key in rows if key not in known]
        if new:
            first = len(self._rows)
            self.beginInsertRows(_NOWHERE, first, first + len(new) - 1)
            self._keys += new
            self._rows += [rows[key] for key in new]
            self.endInsertRows()

    def row_at(self, row: int) -> Row:
        """A row by its place."""
        return self._rows[row]

    def place_of(self, key: Hashable) -> int | None:
        """Where a row is."""
        return self._keys.index(key) if key in self._keys else None

    def refresh(self) -> None:
        """What the columns say may be different though the rows are not: times, colours."""
        if self._rows:
            last = self.index(len(self._rows) - 1, len(self.columns) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    # --- of QAbstractTableModel --------------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex = _NOWHERE) -> int:
        """How many rows there are."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = _NOWHERE) -> int:
        """How many columns there are."""
        return 0 if parent.isValid() else len(self.columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """The titles."""
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if self.columns[section].right else _LEFT
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell says."""
        if role not in _ANSWERED or not index.isValid() or index.row() >= len(self._rows):
            return None  # a view asks for a dozen of them, for each cell that it paints
        row, column = self._rows[index.row()], self.columns[index.column()]
        answer: Any = None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                answer = column.text(row)
            case Qt.ItemDataRole.TextAlignmentRole:
                answer = _RIGHT if column.right else _LEFT
            case Qt.ItemDataRole.ForegroundRole if column.colour is not None:
                answer = column.colour(row)
            case Qt.ItemDataRole.ToolTipRole if column.tip is not None:
                answer = as_plain(column.tip(row))
            case _ if role == SORT_ROLE:
                answer = column.text(row) if column.sort is None else column.sort(row)
            case _ if role == ROW_ROLE:
                answer = row
        return answer

    # --- inside ------------------------------------------------------------------------------------------

    def _remove(self, rows: Mapping[Any, Row]) -> None:
        gone = [place for place, key in enumerate(self._keys) if key not in rows]
        while gone:
            last = first = gone.pop()
            while gone and gone[-1] == first - 1:
                first = gone.pop()
            self.beginRemoveRows(_NOWHERE, first, last)
            del self._keys[first : last + 1]
            del self._rows[first : last + 1]
            self.endRemoveRows()

    def _change(self, rows: Mapping[Any, Row]) -> None:
        changed = []
        for place, key in enumerate(self._keys):
            row = rows[key]
            if row is not self._rows[place] and row != self._rows[place]:
                self._rows[place] = row
                changed.append(place)
        if changed:
            last = self.index(changed[-1], len(self.columns) - 1)
            self.dataChanged.emit(self.index(changed[0], 0), last)


def as_plain(text: str) -> str:
    """For a tool tip, which would read what looks like rich text as such: escaped, in its own lines."""
    import html

    return f"<span style='white-space: pre-wrap'>{html.escape(text)}</span>" if text else ""
