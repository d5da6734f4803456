"""Lines in a row of bytes, each ended by a newline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from claude_remote.framing import MAX_PAYLOAD
from claude_remote_broker.ports import Row

# What is at most so far apart in time may get one time, that of the first.
_AT_ONCE = 1.0


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


def joined(rows: Sequence[Row], size: int = MAX_PAYLOAD) -> list[Row]:
    """Rows that follow each other, made fewer: of one source, about one time, at most `size` bytes each."""
    if len(rows) < 2:
        return [*rows]
    groups: list[list[Row]] = []
    length = 0
    for row in rows:
        first_row = groups[-1][0] if groups else None
        if (
            first_row is not None
            and row.source is first_row.source
            and length + len(row.lines) <= size
            and 0 <= row.at - first_row.at <= _AT_ONCE
            and not row.more
        ):
            groups[-1].append(row)
            length += len(row.lines)
        else:
            groups.append([row])
            length = len(row.lines)
    return [group[0] if len(group) == 1 else _join(group) for group in groups]


def _join(group: list[Row]) -> Row:
    count = sum(row.count for row in group)
    head = group[0]
    return Row(head.first, count, head.source, head.at, b"".join(row.lines for row in group))
