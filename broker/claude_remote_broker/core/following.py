"""Exchanges that follow a session's log: a prompt's turn, and what they have in common with Attach."""

from __future__ import annotations

from collections.abc import Sequence

from claude_remote import messages as m
from claude_remote.errors import OutOfTurn, ShuttingDown
from claude_remote_broker.core import gate, interrupting
from claude_remote_broker.core.client import Client, Exchange
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.cursor import Cursor
from claude_remote_broker.core.deciding import Late, decide
from claude_remote_broker.core.draft import Draft
from claude_remote_broker.core.lease import Phase
from claude_remote_broker.core.session import Session
from claude_remote_broker.journal import PromptRow
from claude_remote_broker.ports import Row


class Following(Exchange):
    """Reads a session's log, and lets the client decide, interrupt and cancel meanwhile."""

    def __init__(self, context: Context, client: Client, session: Session) -> None:
        super().__init__(context, client)
        self.session = session
        self.cursor: Cursor | None = None
        session.followers[client.conn] = self

    def received(self, message: m.Message, payload: bytes) -> None:
        """Decide, Interrupt or Cancel. Raises RemoteError, which ends the exchange."""
        match message:
            case m.Cancel():
                self.end()
            case m.Decide():
                gate.check(self.client.peer, message, self.context.clients)
                decide(self.context, self.client.peer, message, payload, self._decided)
            case m.Interrupt():
                gate.check(self.client.peer, message, self.context.clients)
                session = self.session
                if message.session is not None:
                    session = self.context.sessions.find(message.session, self.client.peer)
                self.interrupt(session)
                self.context.record("interrupt", self.client.peer, session)
            case _:
                raise OutOfTurn(f"{type(message).__name__} has no meaning now")

    def interrupt(self, session: Session) -> None:
        """End the turn that runs."""
        interrupting.stop(session, None, self.context)

    def committed(self, draft: Draft) -> None:
        """A transaction of the session is stored."""
        self.spoken(draft.appended)

    def spoken(self, rows: Sequence[Row]) -> None:
        """The log is longer."""
        if self.cursor is not None:
            self.cursor.committed(rows)

    def tell(self) -> None:
        """Something that is not in the log may be different."""

    def drained(self) -> None:
        """There is room again."""
        self.tell()
        if self.cursor is not None:
            self.cursor.go()

    def check(self) -> None:
        """See Exchange."""
        gate.check_sees(self.client.peer, self.session, self.context.clients)

    def closed(self) -> None:
        """Follow no more."""
        if self.session.followers.get(self.client.conn) is self:
            del self.session.followers[self.client.conn]
        if self.cursor is not None:
            self.cursor.close()

    def _decided(self, answer: m.Decided, late: Late | None) -> None:  # noqa: ARG002  the answer has its words
        if not self.over:
            self.client.send(answer)


def start_of(session: Session, after: m.Cursor | None, earliest: int) -> tuple[int, bool]:
    """Where a reader goes on, and whether it has to be told (Reset).

    What a reader has of an earlier generation is what the log still has, up to its tail: only what was after
    that is lost.
    """
    if after is None:
        return earliest, False
    place = max(earliest, min(after.seq, session.tail))
    return place, after.generation != session.row.generation or after.seq > session.tail


class PromptFollowing(Following):
    """From Accepted to Finished."""

    def __init__(self, context: Context, client: Client, session: Session, row: PromptRow) -> None:
        super().__init__(context, client, session)
        self._row = row
        self._after: m.Cursor | None = None
        self._told: m.Waiting | None = None

    def begin(self, after: m.Cursor | None) -> None:
        """The prompt is recorded; the client has its events up to `after`."""
        self._after = after
        self._accept()
        self._read()
        self.tell()
        if self.cursor is not None:
            self.cursor.go()

    def acknowledge(self) -> None:
        """The prompt is recorded, and nobody wants to see it run."""
        self._accept()
        if self._row.ended:
            self._finish()
        else:
            self.tell()
            self.end()

    def _accept(self) -> None:
        session, begins = self.session, self._row.begins
        cursor = m.Cursor(session.row.generation, session.tail if begins is None else begins)
        info = session.info(self.context.host)
        self.client.send(m.Accepted(prompt=self._row.id, session=info, cursor=cursor))

    def received(self, message: m.Message, payload: bytes) -> None:
        """Withdraw, too."""
        if isinstance(message, m.Withdraw):
            self._withdraw("withdrawn")
        else:
            super().received(message, payload)

    def interrupt(self, session: Session) -> None:
        """End this prompt's turn; one that waits is taken back."""
        if session is not self.session:
            super().interrupt(session)
        elif self._row.state is m.PromptState.QUEUED:
            self._withdraw("interrupted before it began")
        elif not self._row.ended:
            interrupting.stop(self.session, self._row.id, self.context)

    def committed(self, draft: Draft) -> None:
        """The prompt may have moved on, and its events may have come."""
        self._row = draft.prompts.get(self._row.id, self._row)
        self._read()
        super().committed(draft)
        self.tell()

    def tell(self) -> None:
        """Say what the prompt waits for, when that is new; or that it has ended without a turn."""
        if self.over or self.client.congested:
            return
        if self._row.ended and self._row.ends is None:
            self._finish()
        elif self._row.state is m.PromptState.QUEUED and self.context.stopping:
            self.end(
                ShuttingDown("The server is shutting down; this prompt is kept and runs when it is back.")
            )
        elif self._row.state is m.PromptState.QUEUED:
            waiting = self._why()
            if waiting is not None and waiting != self._told:
                self._told = waiting
                self.client.send(waiting)

    def _read(self) -> None:
        """Begin to read when it is known where; stop where the turn ended."""
        row = self._row
        if row.begins is None:
            return
        if self.cursor is None:
            place, reset = start_of(self.session, self._after, row.begins)
            if reset:
                self.client.send(m.Reset(cursor=m.Cursor(self.session.row.generation, place)))
            self.cursor = Cursor(self.context, self.client, self.session, place, self._reached)
        self.cursor.until = row.ends

    def _reached(self) -> None:
        row = self._row
        if not self.over and row.ended and self.cursor is not None and self.cursor.seq >= (row.ends or 0):
            self._finish()

    def _finish(self) -> None:
        row = self._row
        stopped = self.context.stopping and row.state is m.PromptState.INTERRUPTED
        cause = "shutdown" if stopped else ""
        self.client.send(m.Finished(prompt=row.id, state=row.state, reason=row.reason, cause=cause))
        self.end()

    def _withdraw(self, reason: str) -> None:
        mine = self._row.id
        self.session.ledger.submit(interrupting.Withdrawal(reason, lambda prompt: prompt.id == mine))

    def _why(self) -> m.Waiting | None:
        waiting = [*self.session.prompts]
        # One that is for the running turn stands before the others.
        mine = self._row.id
        before = waiting.index(mine) if mine in waiting and not self._row.now else 0
        if before or self.session.row.turn is not None:
            return m.Waiting(why="turn", place=max(before, 1))
        place = self.context.pool.place(self.session)
        if place is not None:
            return m.Waiting(why="worker", place=place)
        lease = self.session.lease
        if lease is not None and lease.phase in {Phase.STARTING, Phase.LEAVING}:
            return m.Waiting(why="start")
        return None
