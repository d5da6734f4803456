"""The session's log in the order in which things happened: claude's lines, and between them facts."""

from __future__ import annotations

import time
from collections.abc import Callable

from claude_remote import bus, facts
from claude_remote.messages import Source
from claude_remote_workers.outbox import Outbox


class Log:
    """Gathers lines into batches of one source; a fact is numbered after the lines that came before it."""

    def __init__(self, outbox: Outbox, clock: Callable[[], float] = time.time) -> None:
        self._outbox = outbox
        self._clock = clock
        self._source = Source.CLAUDE
        self._parts: list[bytes] = []
        self._count = 0
        self._size = 0

    def add_lines(self, lines: bytes, count: int) -> None:
        """Claude's own, each ended by a newline."""
        self._add(Source.CLAUDE, lines, count)

    def add_fact(self, fact: facts.Fact) -> None:
        """One of ours."""
        self._add(Source.FACT, facts.encode(fact), 1)

    def flush(self) -> None:
        """Number what was gathered."""
        if self._count:
            self._outbox.put(b"".join(self._parts), self._count, self._source, self._clock())
            self._parts, self._count, self._size = [], 0, 0

    def _add(self, source: Source, lines: bytes, count: int) -> None:
        if source != self._source or self._size + len(lines) > bus.MAX_BATCH:
            self.flush()
        self._source = source
        self._parts.append(lines)
        self._count += count
        self._size += len(lines)
