"""The changes of one session, made into one transaction at a time."""

from __future__ import annotations

from typing import Protocol

from claude_remote_broker.core import outward, standing, turns
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.draft import Draft
from claude_remote_broker.core.session import Session


class Change(Protocol):
    """Something that happened to a session."""

    def apply(self, draft: Draft) -> None:
        """Make it part of a transaction. It sees what the changes before it have made."""

    def failed(self, reason: str) -> bool:
        """It could not be stored. True: try again later; False: whoever asked for it has been told."""


class Ledger:
    """Changes are applied in the order of their coming. While one transaction is stored, the next gathers."""

    def __init__(self, context: Context, session: Session) -> None:
        self._context = context
        self._session = session
        self._waiting: list[Change] = []
        self._stored_now: list[Change] = []
        self._draft: Draft | None = None
        self._busy = False
        self._kicked = False  # while a transaction was stored
        self._retry_at = 0.0

    @property
    def _pauses(self) -> bool:
        """After a failure, for a moment; a clock that is set back makes it no longer."""
        return 0 < self._retry_at - self._context.now <= self._context.limits.storage_pause

    @property
    def quiet(self) -> bool:
        """Nothing waits to be stored, and nothing is being stored."""
        return self._session.warm or (self._draft is None and not self._waiting)

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
        session = self._session
        self._kicked = True
        if self._busy or self._draft is not None or session.gone or session.warm or self._pauses:
            return
        self._busy = True
        self._kicked = False
        try:
            while self._begin():
                pass
        finally:
            self._busy = False

    def _begin(self) -> bool:
        """Make one transaction. True when it was done at once and the next may follow."""
        draft = Draft(self._session)
        changes, self._waiting = self._waiting, []
        for change in changes:
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
        # What was decided when a plain one began holds, unless something has happened since.
        if self._waiting or self._kicked or not draft.plain:
            self.kick()

    def _failed(self, draft: Draft, changes: list[Change], failure: str) -> None:
        """Nothing of it is on disk. What must be stored is tried again; who asked for the rest is told."""
        context, session = self._context, self._session
        if draft.lease is not None:
            context.workers.remove(draft.lease)
        if session.fresh:
            # There never was such a session, and so nothing can happen to it.
            changes, self._waiting = changes + self._waiting, []
            for change in changes:
                change.failed(failure)
            context.pool.leave(session)
            context.workers.abandon(session)
            return
        again = [change for change in changes if change.failed(failure)]
        self._waiting[:0] = again
        self._retry_at = context.now + context.limits.storage_pause
        context.workers.try_again(session, self._retry_at)
