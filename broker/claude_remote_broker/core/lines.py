"""Lines in a row of bytes, each ended by a newline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from claude_remote.framing import MAX_PAYLOAD


class Piece(NamedTuple):
    """Some lines, or a part of one long line; `more` when that goes on in the next piece."""

    count: int
    lines: bytes
    more: bool


def without_first(lines: bytes, count: int) -> bytes:
    """The lines after the first `count`."""
    start = 0
    for _ in range(count):
        start = lines.index(b"\n", start) + 1
    return lines[start:] if start else lines


def first(lines: bytes, count: int) -> bytes:
    """The first `count` lines."""
    end = 0
    for _ in range(count):
        end = lines.index(b"\n", end) + 1
    return lines[:end]


def pieces(lines: bytes, size: int = MAX_PAYLOAD) -> Iterator[Piece]:
    """Cut at line ends into pieces of at most `size` bytes; a longer line comes in several."""
    start = 0
    while len(lines) - start > size:
        end = lines.rfind(b"\n", start, start + size) + 1
        if end:
            yield Piece(lines.count(b"\n", start, end), lines[start:end], more=False)
            start = end
            continue
        end = lines.index(b"\n", start) + 1
        while end - start > size:
            yield Piece(1, lines[start : start + size], more=True)
            start += size
        yield Piece(1, lines[start:end], more=False)
        start = end
    if start < len(lines):
        rest = lines[start:]
        yield Piece(rest.count(b"\n"), rest, more=False)
