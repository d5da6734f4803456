"""A reader's place in a session's log: read from the journal up to the tail, then follow it from memory.

A slow reader costs no memory: while its connection is congested nothing is kept for it but its place, and
afterwards it reads the journal from there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from claude_remote import messages as m
from claude_remote.errors import StorageFailed
from claude_remote.framing import MAX_PAYLOAD
from claude_remote_broker.core.client import Client
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.lines import first, joined, slices, split, without_first
from claude_remote_broker.core.session import Session
from claude_remote_broker.ports import Row


class Cursor:
    """Sends what comes after `seq`, up to `until` (None: for ever). `reached` is called when it is there."""

    def __init__(
        self,
        context: Context,
        client: Client,
        session: Session,
        after: int,
        reached: Callable[[], None],
    ) -> None:
        self._context = context
        self._client = client
        self._session = session
        self._reached = reached
        self._generation = session.row.generation
        self._offset = 0  # how much of the next event, a long line, has been sent
        self._loading = False
        self._closed = False
        self.seq = after
        self.until: int | None = None

    @property
    def _goal(self) -> int:
        tail = self._session.tail
        return tail if self.until is None else min(self.until, tail)

    def close(self) -> None:
        """Send nothing more."""
        self._closed = True

    def go(self) -> None:
        """Go on, if nothing stands in the way."""
        if self._closed or self._loading or self._client.congested:
            return
        if self.seq >= self._goal:
            self._reached()
            return
        self._loading = True
        limit = self._context.limits.read_ahead
        self._context.effects.load(self._session.id, self.seq, self._offset, limit, self._loaded)

    def committed(self, rows: Sequence[Row]) -> None:
        """These were stored just now: a reader at the tail gets them without a detour."""
        if self._session.row.generation != self._generation:
            # What it has read of the log before its tail is unchanged; only the numbers' name is new.
            self._generation = self._session.row.generation
            self._client.send(m.Reset(cursor=m.Cursor(self._generation, self.seq)))
        if self._closed or self._loading or self._client.congested:
            return
        limits = self._context.limits
        # Much for many readers is not sent in one turn: each reads it from the journal, in a turn of its own.
        left = limits.sent_at_once // max(len(self._session.followers), 1)
        for row in rows:
            long = row.count == 1 and len(row.lines) > limits.read_ahead
            left -= len(row.lines)
            if long or left < 0 or row.first > self.seq + 1:
                break
            self._send(row)
        self.go()

    def _loaded(self, rows: tuple[Row, ...]) -> None:
        self._loading = False
        if self._closed or self._client.congested:
            return
        if not rows and self._client.exchange is not None:
            # The journal has nothing where it should. To go on behind it would look as if that were all.
            self._client.exchange.end(
                StorageFailed(f"The server cannot read its journal after event {self.seq}; its log says why.")
            )
            return
        # A piece of a long line comes alone, and stays alone.
        for row in joined(rows):
            self._send(row)
        self.go()

    def _send(self, row: Row) -> None:
        last = min(row.first + row.count - 1, self._goal)
        if last <= self.seq:
            return
        lines = row.lines
        if row.more or self._offset:
            self._offset += len(lines)
            self._emit(row, row.first, 1, lines, more=row.more)
            if not row.more:
                self.seq, self._offset = row.first, 0
            return
        if self.seq >= row.first:
            lines = without_first(lines, self.seq + 1 - row.first)
        start = max(row.first, self.seq + 1)
        if last < row.first + row.count - 1:
            lines = first(lines, last - start + 1)
        if len(lines) <= MAX_PAYLOAD:
            self._emit(row, start, last - start + 1, lines)
            self.seq = last
            return
        for part in split(lines):
            *before, end = slices(part.text)
            for piece in before:
                self._emit(row, start, part.number, piece, more=True)
            self._emit(row, start, part.number, end)
            start += part.number
        self.seq = last

    def _emit(self, row: Row, start: int, count: int, lines: bytes, *, more: bool = False) -> None:
        events = m.Events(
            generation=self._generation, first=start, count=count, source=row.source, at=row.at, more=more
        )
        self._client.send(events, lines)
