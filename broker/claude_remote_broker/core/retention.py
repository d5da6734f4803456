"""How long sessions are kept: those at rest go when they are old, or when the journal is too large."""

from __future__ import annotations

import logging

from claude_remote_broker.core.context import Context
from claude_remote_broker.core.session import Session
from claude_remote_broker.core.tombstones import gone
from claude_remote_broker.journal import Tombstone, Trim
from claude_remote_broker.ports import JournalFigures

_log = logging.getLogger(__name__)

_DAY = 86_400.0
_MIB = 1024 * 1024


class Retention:
    """Looks now and then. What is asked for, runs, or waits for an answer is never trimmed."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._keep = context.keep
        self._measuring = False
        self._look_at = 0.0
        self._told_full = False

    def tick(self) -> None:
        """At each tick."""
        context = self._context
        if not self._keep or self._measuring or context.stopping:
            return
        if not self._look_at:
            self._look_at = context.now + context.limits.first_look
        # A clock that was set back must not end it.
        if not 0 < self._look_at - context.now <= context.limits.pause_between_looks:
            self._measuring = True
            context.effects.measure(self._measured)

    def _measured(self, figures: JournalFigures | None) -> None:
        context, limits = self._context, self._context.limits
        self._measuring = False
        self._look_at = context.now + limits.pause_between_looks
        resting = sorted(
            (session for session in context.sessions if _rests(session)),
            key=lambda session: session.row.changed,
        )
        old = [session for session in resting if self._is_old(session)][: limits.trimmed_at_once]
        for session in old:
            self._trim(session, "age")
        if figures is None or not self._keep.size or figures.used <= self._keep.size:
            self._told_full = False
        elif old or figures.sweeping:
            self._look_at = context.now + limits.pause_between_trims  # how much that was, is seen then
        else:
            self._make_room(figures, resting)

    def _make_room(self, figures: JournalFigures, resting: list[Session]) -> None:
        context, limits = self._context, self._context.limits
        quiet = [session for session in resting if context.now - session.row.changed > limits.rest]
        if quiet:
            self._trim(quiet[0], "size")
            self._look_at = context.now + limits.pause_between_trims
        elif not self._told_full:
            self._told_full = True
            _log.warning(
                "the journal has %d MiB, its limit is %d, and every session in it is in use",
                figures.used // _MIB,
                self._keep.size // _MIB,
            )

    def _is_old(self, session: Session) -> bool:
        return bool(self._keep.days) and self._context.now - session.row.changed > self._keep.days * _DAY

    def _trim(self, session: Session, why: str) -> None:
        context, row = self._context, session.row
        tombstone = Tombstone(
            id=row.id,
            name=row.name,
            cwd=row.cwd,
            client=row.client,
            claude_session=row.claude_session,
            changed=row.changed,
            trimmed=context.now,
            why=why,
        )
        session.gone = True  # it takes nothing more, and nobody else gets its conversation yet

        def stored(failure: str | None) -> None:
            if failure is not None:
                session.gone = False
                session.ledger.kick()
                return
            context.sessions.bury(session, tombstone)
            _log.info("trimmed session %s (%s), as its %s is over the limit", row.name, row.id, why)
            error = gone(tombstone)
            for follower in [*session.followers.values()]:
                follower.end(error)
            context.publisher.session_forgotten(session, error.message)

        context.effects.store([Trim(tombstone)], stored)


def _rests(session: Session) -> bool:
    return (
        session.lease is None
        and not session.gone
        and not session.fresh
        and not session.wanted
        and not session.prompts
        and not session.approvals
        and session.ledger.quiet
    )
