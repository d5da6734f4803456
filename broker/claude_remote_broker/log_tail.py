"""The end of the server's log, kept in memory for those who may read it from afar."""

from __future__ import annotations

import logging
from collections import deque

_LONGEST = 8 * 1024
_LINES = 5_000


class LogTail(logging.Handler):
    """Keeps the last lines, numbered from 0 on. Any thread may log; it is read on the loop."""

    def __init__(self, lines: int = _LINES) -> None:
        super().__init__()
        self._lines: deque[bytes] = deque(maxlen=lines)
        self._begun = 0  # lines that were ever logged

    @property
    def end(self) -> int:
        """The number of the next line."""
        return self._begun

    def emit(self, record: logging.LogRecord) -> None:
        """The logging module calls this, holding the handler's lock."""
        text = self.format(record).encode(errors="replace")[:_LONGEST]
        # One line each, a traceback's lines too.
        for line in text.splitlines():
            self._lines.append(line + b"\n")
            self._begun += 1

    def read(self, start: int, most: int) -> tuple[int, bytes]:
        """Lines from number `start` on, at most `most` bytes but at least one line; and where to go on."""
        self.acquire()
        try:
            first = max(start, self._begun - len(self._lines))
            parts: list[bytes] = []
            size = 0
            for index in range(first - (self._begun - len(self._lines)), len(self._lines)):
                size += len(self._lines[index])
                if parts and size > most:
                    break
                parts.append(self._lines[index])
            return first + len(parts), b"".join(parts)
        finally:
            self.release()
