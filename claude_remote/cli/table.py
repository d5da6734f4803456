"""Columns of text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal


def columns(rows: Sequence[Sequence[str]]) -> str:
    """The rows as lines, each column as wide as its widest entry."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


@dataclass(frozen=True)
class Column:
    """Cells under a title. On a narrow terminal they are cut at an `end`, down to `least` cells wide (0: not
    at all), and columns are left out: those with the smallest `drop` first, those with 0 never.
    """

    title: str
    cells: Sequence[str]
    least: int = 0
    most: int = 1000
    end: Literal["left", "right"] = "right"
    drop: int = 0

    @property
    def wanted(self) -> int:
        """How wide it would be."""
        return max(width(self.title), min(self.most, max(map(width, self.cells), default=0)))

    @property
    def needed(self) -> int:
        """How wide it is at least."""
        return min(self.wanted, max(self.least, width(self.title))) if self.least else self.wanted


def fit(table: Sequence[Column], wide: int | None) -> list[list[str]]:
    """The rows, titles first, cut so that their lines are at most `wide` cells; None cuts at `most` alone."""
    shown = [column for column in table if any(column.cells)]
    if wide is not None:
        while _sum(column.needed for column in shown) > wide and any(column.drop for column in shown):
            shown.remove(min((column for column in shown if column.drop), key=lambda column: column.drop))
    widths = [column.wanted for column in shown]
    if wide is not None:
        for place in reversed(range(len(shown))):  # what stands last gives way first
            over = _sum(widths) - wide
            if over > 0:
                widths[place] = max(shown[place].needed, widths[place] - over)
    cells = [
        [column.title, *(cut(cell, room, column.end) for cell in column.cells)]
        for column, room in zip(shown, widths, strict=True)
    ]
    return [list(row) for row in zip(*cells, strict=True)]


def _sum(widths: Iterable[int]) -> int:
    each = list(widths)
    return sum(each) + 2 * max(0, len(each) - 1)


def cut(text: str, wide: int, end: Literal["left", "right"] = "right") -> str:
    """The text in at most `wide` cells; where it is cut stands an ellipsis."""
    if width(text) <= wide:
        return text
    letters = text if end == "right" else text[::-1]
    kept, room = [], wide - 1
    for letter in letters:
        room -= width(letter)
        if room < 0:
            break
        kept.append(letter)
    shown = "".join(kept)
    return f"{shown}…" if end == "right" else f"…{shown[::-1]}"


def width(text: str) -> int:
    """How many cells of a terminal it takes."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def age(seconds: float) -> str:
    """How long, in the largest unit that fits."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
