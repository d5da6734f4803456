"""Paragraphs and the pieces that they are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Style: TypeAlias = Literal[
    "text",
    "prompt",
    "heading",
    "quote",
    "code",
    "table",
    "added",
    "removed",
    "tool",
    "thinking",
    "output",
    "info",
    "warning",
    "error",
    "ended",
    "rule",
]

Tone: TypeAlias = Literal[
    "", "faint", "good", "warning", "bad", "accent", "comment", "keyword", "string", "number", "name"
]


@dataclass(frozen=True)
class Span:
    """Some letters that look alike. `toggles`: a click folds or unfolds the item."""

    text: str
    bold: bool = False
    italic: bool = False
    mono: bool = False
    struck: bool = False
    toggles: bool = False
    tone: Tone = ""


@dataclass(frozen=True)
class Paragraph:
    """A block of text. `first`: it begins an item, and stands apart from what is above."""

    spans: tuple[Span, ...]
    style: Style = "text"
    indent: int = 0
    first: bool = False

    @property
    def text(self) -> str:
        """Its letters alone."""
        return "".join(span.text for span in self.spans)
