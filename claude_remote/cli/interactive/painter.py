"""From rich's renderables to the characters and colour codes that a terminal gets."""

from __future__ import annotations

import io
import re
from typing import Literal

from rich.console import Console, Group, RenderableType
from rich.theme import Theme

Colours = Literal["standard", "256", "truecolor"]

_THEME = Theme(
    {
        "markdown.code": "cyan",
        "markdown.h1": "bold underline",
        "markdown.h2": "bold underline",
        "markdown.h3": "bold",
        "markdown.h4": "bold italic",
        "markdown.block_quote": "dim",
        "markdown.item.number": "none",
        "markdown.item.bullet": "none",
        "markdown.table.border": "dim",
        "markdown.table.header": "bold",
        "markdown.link": "none",
        "markdown.link_url": "underline dim",
    }
)
_TRAILING = re.compile(r" +((?:\x1b\[[0-9;]*m)*)$", re.MULTILINE)
NARROWEST = 20


class Painter:
    """Paints for a terminal of `width` columns; `colours` None paints in black and white."""

    def __init__(self, width: int = 80, colours: Colours | None = "standard") -> None:
        self.colours = colours
        self.width = width

    @property
    def width(self) -> int:
        """Columns."""
        return self._width

    @width.setter
    def width(self, width: int) -> None:
        self._width = max(width, NARROWEST)
        self._console = Console(
            file=io.StringIO(),
            width=self._width,
            height=25,  # without it rich takes a dumb terminal for 80 columns wide
            force_terminal=self.colours is not None,
            color_system=self.colours,
            legacy_windows=False,
            theme=_THEME,
            markup=False,
            emoji=False,
            highlight=False,
        )

    def paint(self, drawing: RenderableType) -> str:
        """The drawing, without blank lines around it and spaces behind its lines; no newline at its end."""
        with self._console.capture() as captured:
            self._console.print(Group(drawing))  # a bare Text would lose its way of wrapping
        lines = _TRAILING.sub(r"\1", captured.get()).split("\n")
        while lines and not _plain(lines[0]):
            lines.pop(0)
        while lines and not _plain(lines[-1]):
            lines.pop()
        return "\n".join(lines)


def _plain(line: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", line).strip()
