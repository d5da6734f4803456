"""The changes of one session, made into one transaction at a time."""

from __future__ import annotations

from typing import Protocol, TypeAlias

from claude_remote.messages import Source
from claude_remote_broker.core import outward, standing, turns
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.draft import Draft
from claude_remote_broker.core.lines import joined
from claude_remote_broker.core.session import Session
from claude_remote_broker.journal import Append
from claude_remote_broker.ports import Row


class Change(Protocol):
    """Something that happened to a session."""

    def apply(self, draft: Draft) -> None:
        """Make it part of a transaction. It sees what the changes before it have made."""

    def failed(self, reason: str) -> bool:
        """It could not be stored. True: try again later; False: whoever asked for it has been told."""


# A row is what a worker has handed over of the log. It is tried again whatever it was: the worker keeps it,
# too, but would not know.
Waiting: TypeAlias = Row | Change


class Ledger:
    """Changes are applied in the order of their coming. While one transaction is stored, the next gathers.

    Nearly all that is stored is words of claude's, which make a log longer and nothing else different: no
    draft is made of them, and nothing is decided. They wait for the end of the turn, when those of all
    sessions meet.
    """

    def __init__(self, context: Context, session: Session) -> None:
        self._context = context
        self._session = session
        self._waiting: list[Waiting] = []
        self._stored_now: list[Waiting] = []
        self._draft: Draft | None = None  # that is being stored
        self._rows: list[Row] = []  # words that are being stored, without a draft
        self._busy = False
        self._speaking = False  # asked for the end of the turn
        self._kicked = False  # while a transaction was stored
        self._retry_at = 0.0

    @property
    def quiet(self) -> bool:
        """Nothing waits to be stored, and nothing is being stored."""
        return self._session.warm or not (self._draft or self._rows or self._waiting)

    @property
    def _rests(self) -> bool:
        """Nothing may begin: something is being stored, or could not be just now, or it is nobody's session.

        A clock that is set back makes the pause after a failure no longer.
        """
        session = self._session
        return bool(
            self._draft
            or self._rows
            or session.gone
            or session.warm
            or 0 < self._retry_at - self._context.now <= self._context.limits.storage_pause
        )

    def append(self, row: Row) -> None:
        """Add what a worker has handed over. A session that was trimmed meanwhile takes nothing."""
        if self._session.gone:
            return
        self._waiting.append(row)
        if row.source is Source.FACT:
            self.kick()
        elif not self._speaking:
            self._speak()

    def submit(self, change: Change) -> None:
        """Add a change. A session that was trimmed meanwhile takes none."""
        if self._session.gone:
            change.failed("the session has just been removed")
            return
        self._waiting.append(change)
        self.kick()

    def kick(self) -> None:
        """Begin a transaction if there is something to store and none is under way.

        What a session that is nobody's yet has in its log waits until it is somebody's.
        """
        self._kicked = True
        if self._busy or self._rests:
            return
        self._busy = True
        self._kicked = False
        try:
            while self._begin():
                pass
        finally:
            self._busy = False

    def store_words(self) -> None:
        """The end of the turn: append what has come, unless more than words waits for its transaction."""
        self._speaking = False
        if not self._waiting or self._rests:
            return
        rows = self._words()
        if rows is None:
            self.kick()
            return
        self._stored_now, self._waiting = self._waiting, []
        self._rows = joined(rows)
        operations = [Append(self._session.id, row) for row in self._rows]
        self._context.effects.store(operations, self._spoken)

    # --- inside ----------------------------------------------------------------------------------------

    def _speak(self) -> None:
        self._speaking = True
        self._context.speaking.append(self)

    def _words(self) -> list[Row] | None:
        """What waits, if it is nothing but claude's words."""
        rows = [each for each in self._waiting if isinstance(each, Row) and each.source is not Source.FACT]
        return rows if len(rows) == len(self._waiting) else None

    def _spoken(self, failure: str | None) -> None:
        rows, appended = self._rows, self._stored_now
        self._rows, self._stored_now = [], []
        if failure is None:
            outward.spoken(self._session, rows, len(appended), self._context)
        else:
            self._try_again(appended)
        # What was decided before holds, unless something has happened since.
        if self._kicked:
            self.kick()
        elif self._waiting and not self._speaking:
            self._speak()

    def _begin(self) -> bool:
        """Make one transaction. True when it was done at once and the next may follow."""
        draft = Draft(self._session)
        changes, self._waiting = self._waiting, []
        for change in changes:
            if isinstance(change, Row):
                draft.batches += 1
                draft.append(change)
            else:
                change.apply(draft)
        standing.answer(draft, self._context)
        turns.advance(draft, self._context)
        operations = draft.operations()
        if operations:
            self._draft, self._stored_now = draft, changes
            self._context.effects.store(operations, self._answered)
            return False
        if changes or draft.effects:
            outward.settle(draft, self._context)
        return bool(self._waiting)

    def _answered(self, failure: str | None) -> None:
        draft, changes = self._draft, self._stored_now
        self._draft, self._stored_now = None, []
        if draft is None:
            return
        if failure is None:
            self._busy = True
            try:
                outward.settle(draft, self._context)
            finally:
                self._busy = False
        else:
            self._failed(draft, changes, failure)
        self.kick()

    def _failed(self, draft: Draft, changes: list[Waiting], failure: str) -> None:
        """Nothing of it is on disk. What must be stored is tried again; who asked for the rest is told."""
        context, session = self._context, self._session
        if draft.lease is not None:
            context.workers.remove(draft.lease)
        if session.fresh:
            # There never was such a session, and so nothing can happen to it.
            changes, self._waiting = changes + self._waiting, []
            for change in changes:
                _has_failed(change, failure)
            context.pool.leave(session)
            context.workers.abandon(session)
            return
        self._try_again([change for change in changes if _has_failed(change, failure)])

    def _try_again(self, changes: list[Waiting]) -> None:
        self._waiting[:0] = changes
        self._retry_at = self._context.now + self._context.limits.storage_pause
        self._context.workers.try_again(self._session, self._retry_at)


def _has_failed(change: Waiting, reason: str) -> bool:
    """Whether it is tried again."""
    return isinstance(change, Row) or change.failed(reason)
