"""Paragraphs and the pieces that they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
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


# Qt takes the square of it for a line without a space: half a second for 64,000 letters.
LONGEST_LINE = 2_000
GOES_ON = Span("⋯", tone="faint")


def broken(paragraphs: Iterable[Paragraph]) -> list[Paragraph]:
    """The same letters, what is very long in several paragraphs: all but the last say that it goes on."""
    shown: list[Paragraph] = []
    for paragraph in paragraphs:
        if sum(len(span.text) for span in paragraph.spans) <= LONGEST_LINE:
            shown.append(paragraph)
        else:
            shown += _pieces(paragraph)
    return shown


def _pieces(paragraph: Paragraph) -> Iterator[Paragraph]:
    piece: list[Span] = []
    room = LONGEST_LINE
    first = paragraph.first
    for span in paragraph.spans:
        text = span.text
        while len(text) > room:
            yield replace(paragraph, spans=(*piece, replace(span, text=text[:room]), GOES_ON), first=first)
            text, piece, room, first = text[room:], [], LONGEST_LINE, False
        piece.append(replace(span, text=text))
        room -= len(text)
    yield replace(paragraph, spans=tuple(piece), first=first)
