"""The activity: lines are added at the end, and the oldest are dropped many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from PyQt6.QtCore import QModelIndex, QObject

from claude_remote_gui.activity import Entry
from claude_remote_gui.models.rows import Column, RowsModel, one_line
from claude_remote_gui.words import clock

MOST_LINES = 100_000
_DROPPED_AT_ONCE = 5_000

COLUMNS: tuple[Column[Entry], ...] = (
    Column("Time", lambda entry: clock(entry.at), lambda entry: entry.at),
    Column("Server", lambda entry: one_line(entry.server)),
    Column("Client", lambda entry: one_line(entry.client)),
    Column("Session", lambda entry: one_line(entry.session)),
    Column("Kind", lambda entry: entry.kind),
    Column("What", lambda entry: one_line(entry.text), tip=lambda entry: entry.text),
)


class ActivityModel(RowsModel[Entry]):
    """Append-only."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(COLUMNS, parent)

    def add(self, entries: Sequence[Entry]) -> None:
        """Add lines, the newest last."""
        entries = list(islice(reversed(entries), MOST_LINES))[::-1]
        if not entries:
            return
        surplus = len(self._rows) + len(entries) - MOST_LINES
        if surplus > 0:
            self._drop(min(len(self._rows), max(surplus, _DROPPED_AT_ONCE)))
        first = len(self._rows)
        self.beginInsertRows(QModelIndex(), first, first + len(entries) - 1)
        self._rows += entries
        self.endInsertRows()

    def clear(self) -> None:
        """Forget all of it."""
        self._drop(len(self._rows))

    def lines(self) -> list[Entry]:
        """All of it, oldest first."""
        return list(self._rows)

    def _drop(self, count: int) -> None:
        if count:
            self.beginRemoveRows(QModelIndex(), 0, count - 1)
            del self._rows[:count]
            self.endRemoveRows()
