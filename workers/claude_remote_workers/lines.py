"""Cuts a stream of bytes into lines, without looking at what they say."""

from __future__ import annotations


class Lines:
    """Keeps the line that is not complete yet, up to `limit` bytes; what is longer is left out."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        self._left_out: list[int] = []

    @property
    def pending(self) -> int:
        """Bytes of the line that is not complete."""
        return self._size

    def feed(self, data: bytes) -> bytes:
        """Take bytes and return the lines that they complete, each ended by its newline."""
        cut = data.rfind(b"\n") + 1
        if cut == 0:
            self._keep(data)
            return b""
        done, rest = data[:cut], data[cut:]
        if self._size:
            done = self._complete(done)
        self._keep(rest)
        return done

    def take_left_out(self) -> list[int]:
        """The sizes of lines that were too long, since the last call."""
        sizes, self._left_out = self._left_out, []
        return sizes

    def _complete(self, done: bytes) -> bytes:
        """Put what was kept before the first of these lines, or leave that line out."""
        first = done.index(b"\n") + 1
        self._keep(done[:first])
        parts, size = self._parts, self._size
        self._parts, self._size = [], 0
        if size > self._limit:
            self._left_out.append(size)
            return done[first:]
        return b"".join((*parts, done[first:]))

    def _keep(self, data: bytes) -> None:
        if data:
            self._size += len(data)
            if self._size > self._limit:
                self._parts.clear()
            else:
                self._parts.append(data)
