"""Numbered batches on their way to the broker: kept until they are acknowledged, sent again when asked.

What is not acknowledged stays in memory up to MEMORY, then in the spill file. At most bus.WINDOW bytes (but
always one batch) and bus.WINDOW_BATCHES batches are under way; small ones that wait are put together.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from claude_remote import bus
from claude_remote.messages import Source
from claude_remote_workers.spill import Spill

MEMORY = 16 * 1024 * 1024
# When the disk takes nothing more either, so much is kept in memory before claude is read no further.
MEMORY_AT_MOST = 128 * 1024 * 1024
# Batches that wait are put together up to so many bytes, if they are of about one time.
TOGETHER = 64 * 1024
_AT_ONCE = 1.0  # seconds


@dataclass
class _Entry:
    first: int
    count: int
    source: Source
    at: float
    size: int
    lines: bytes | None  # None: spilled, at `place`
    place: int = 0

    @property
    def last(self) -> int:
        return self.first + self.count - 1


class Outbox:
    """The batches of one lease."""

    def __init__(self, lease: bus.Lease, spill: Spill, memory: int = MEMORY) -> None:
        self._session, self._epoch = lease.session, lease.epoch
        self._next = lease.next
        self._acked = lease.next - 1
        self._spill = spill
        self._memory_limit = memory
        self._entries: deque[_Entry] = deque()
        self._sent = 0  # how many entries, from the left, are under way
        self._under_way = 0  # their bytes
        self._in_memory = 0

    @property
    def next(self) -> int:
        """The number of the next event."""
        return self._next

    @property
    def acked(self) -> int:
        """The last event that is known to be stored."""
        return self._acked

    @property
    def empty(self) -> bool:
        """Whether everything is acknowledged."""
        return not self._entries

    @property
    def kept(self) -> int:
        """How many bytes are kept until they are acknowledged, in memory or spilled."""
        return sum(entry.size for entry in self._entries)

    @property
    def full(self) -> bool:
        """Whether nothing more should be put in."""
        return self._in_memory > MEMORY_AT_MOST

    def put(self, lines: bytes, count: int, source: Source, at: float) -> None:
        """Number `count` lines and keep them."""
        if self._joins(lines, source, at):
            last = self._entries[-1]
            last.lines = (last.lines or b"") + lines
            last.size += len(lines)
            last.count += count
            self._next += count
            self._in_memory += len(lines)
            return
        entry = _Entry(self._next, count, source, at, len(lines), lines)
        self._next += count
        if self._in_memory + entry.size > self._memory_limit:
            place = self._spill.put(lines)
            if place is not None:
                entry.lines, entry.place = None, place
        if entry.lines is not None:
            self._in_memory += entry.size
        self._entries.append(entry)

    def _joins(self, lines: bytes, source: Source, at: float) -> bool:
        """Whether lines can be added to the last batch: it waits, is small, and of their kind and time."""
        if self._sent == len(self._entries):
            return False
        last = self._entries[-1]
        return (
            last.lines is not None
            and last.source is source
            and last.size + len(lines) <= TOGETHER
            and self._in_memory + len(lines) <= self._memory_limit
            and 0 <= at - last.at <= _AT_ONCE
        )

    def take(self) -> Iterator[tuple[bus.Batch, bytes]]:
        """The batches that may be sent now. Each counts as sent when the next one is asked for."""
        while self._sent < len(self._entries):
            entry = self._entries[self._sent]
            if self._sent >= bus.WINDOW_BATCHES:
                return
            if self._under_way and self._under_way + entry.size > bus.WINDOW:
                return
            lines = self._spill.get(entry.place, entry.size) if entry.lines is None else entry.lines
            batch = bus.Batch(
                session=self._session,
                epoch=self._epoch,
                first=entry.first,
                count=entry.count,
                source=entry.source,
                at=entry.at,
            )
            self._sent += 1
            self._under_way += entry.size
            yield batch, lines

    def acknowledge(self, seq: int) -> None:
        """Forget everything up to `seq`; a batch that is stored in part is kept."""
        while self._entries and self._entries[0].last <= seq:
            entry = self._entries.popleft()
            if self._sent:
                self._sent -= 1
                self._under_way -= entry.size
            if entry.lines is None:
                self._spill.drop(entry.size)
            else:
                self._in_memory -= entry.size
        self._acked = max(self._acked, min(seq, self._next - 1))

    def send_again(self, acked: int) -> None:
        """The broker has everything up to `acked`, and what came after it may be lost."""
        self.acknowledge(acked)
        self._sent = self._under_way = 0

    def close(self) -> None:
        """Give up what is left."""
        self._entries.clear()
        self._spill.close()
