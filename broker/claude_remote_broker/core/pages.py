"""Lists in parts that fit a message's header."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

ROOM = 48 * 1024  # of the header's 64 KiB
_FIXED = 400  # what an item takes besides its texts

T = TypeVar("T")


def pages(items: Iterable[T], width: Callable[[T], int], room: int = ROOM) -> Iterator[tuple[T, ...]]:
    """Parts of at most `room` bytes, by the `width` of each item in bytes; at least one part."""
    page: list[T] = []
    size = 0
    for item in items:
        wide = width(item)
        if page and size + wide > room:
            yield tuple(page)
            page, size = [], 0
        page.append(item)
        size += wide
    yield tuple(page)


def width_of(*texts: str) -> int:
    """An item's bytes at most, by its texts."""
    return _FIXED + sum(len(text.encode(errors="replace")) for text in texts)
