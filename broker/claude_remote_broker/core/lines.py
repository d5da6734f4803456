"""Lines in a row of bytes, each ended by a newline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from claude_remote.framing import MAX_PAYLOAD


class Lines(NamedTuple):
    """Some lines and their number."""

    number: int
    text: bytes


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


def split(lines: bytes, size: int = MAX_PAYLOAD) -> Iterator[Lines]:
    """Cut at line ends into parts of at most `size` bytes; a longer line is a part of its own."""
    start = 0
    while len(lines) - start > size:
        end = lines.rfind(b"\n", start, start + size) + 1 or lines.index(b"\n", start) + 1
        yield Lines(lines.count(b"\n", start, end), lines[start:end])
        start = end
    if start < len(lines):
        rest = lines[start:] if start else lines
        yield Lines(rest.count(b"\n"), rest)


def slices(payload: bytes, size: int = MAX_PAYLOAD) -> list[bytes]:
    """Cut anywhere into parts of at most `size` bytes; at least one."""
    return [payload[start : start + size] for start in range(0, len(payload), size)] or [b""]
