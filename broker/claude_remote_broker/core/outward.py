"""After a transaction: everything outside is brought into line with what is stored now."""

from __future__ import annotations

from collections.abc import Sequence

from claude_remote import bus
from claude_remote.messages import PromptState, Source
from claude_remote_broker.core import interrupting, recording
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.draft import Draft
from claude_remote_broker.core.lease import Lease
from claude_remote_broker.core.session import Session
from claude_remote_broker.ports import Row, ToWorker


def settle(draft: Draft, context: Context) -> None:
    """Install the transaction and tell everybody what follows from it."""
    session = draft.session
    busy_before = not session.parkable or session.row.starting
    recording.stored(draft, context)
    context.noticing.stored(draft)
    draft.install()
    for prompt in draft.prompts.values():
        if prompt.ended:
            context.sessions.prompt_ended(prompt)
    for approval in draft.approvals.values():
        context.sessions.approval_changed(approval)
    for follower in [*session.followers.values()]:
        follower.committed(draft)
    _stored(session, session.lease if draft.over is None else None, draft.appended, draft.batches, context)
    reconcile(session, context)
    _publish(draft, context)
    for effect in draft.effects:
        effect()
    lease = session.lease
    if lease is not None:
        if session.parkable and not session.row.starting and busy_before:
            lease.idle_since = context.now
        lease.note(session.doing, context.now)
        if draft.creates and lease.launched:
            context.publisher.worker(lease)
    context.pool.look_again()


def spoken(session: Session, rows: Sequence[Row], batches: int, context: Context) -> None:
    """Words of claude's are stored: they concern who reads them, and who sent them."""
    last = rows[-1]
    session.tail = last.first + last.count - 1
    if session.followers:
        for follower in [*session.followers.values()]:
            follower.spoken(rows)
    _stored(session, session.lease, rows, batches, context)


def _stored(
    session: Session, lease: Lease | None, rows: Sequence[Row], batches: int, context: Context
) -> None:
    """Acknowledge, at once when something of weight has happened or much has come; else at the next tick."""
    size = sum([len(row.lines) for row in rows])
    session.unstored = max(session.unstored - size, 0)
    if lease is None or not size:
        return
    lease.unacknowledged += size
    lease.unacknowledged_batches += batches
    limits = context.limits
    # Each one wakes the worker. While claude speaks word by word that would be half of its work.
    if (
        lease.unacknowledged >= limits.unacknowledged
        or lease.unacknowledged_batches >= limits.unacknowledged_batches
        or not 0 <= context.now - lease.acknowledged_at < limits.pause_between_acknowledgements
        or any(row.source is Source.FACT for row in rows)
    ):
        acknowledge(session, context)


def acknowledge(session: Session, context: Context) -> None:
    """Tell the worker what is stored, if it does not know."""
    lease = session.lease
    if lease is None or lease.route is None or not lease.unacknowledged:
        return
    lease.unacknowledged = lease.unacknowledged_batches = 0
    lease.acknowledged_at = context.now
    ack = bus.Ack(session=session.id, epoch=lease.epoch, seq=session.tail)
    context.effects.do(ToWorker(lease.route, ack))


def reconcile(session: Session, context: Context) -> None:
    """Give the worker what is stored for it and what it has not been given."""
    lease = session.lease
    if lease is None:
        return
    interrupting.look(session, lease)
    if lease.route is None or not lease.usable:
        return
    for prompt in session.prompts.values():
        if prompt.state is PromptState.DISPATCHING and prompt.id not in lease.given:
            lease.given.add(prompt.id)
            give = bus.Give(
                session=session.id,
                epoch=lease.epoch,
                prompt=prompt.id,
                client=prompt.client_name,
                again=prompt.again,
                now=prompt.now,
            )
            context.effects.do(ToWorker(lease.route, give, session.texts[prompt.id]))
    for approval in session.approvals.values():
        decision = approval.decision
        if approval.state == "decided" and decision is not None and approval.id not in lease.decided:
            lease.decided.add(approval.id)
            verdict = bus.Verdict(
                session=session.id,
                epoch=lease.epoch,
                approval=approval.id,
                behavior=decision.behavior,
                by=decision.by,
                for_session=decision.for_session,
                message=decision.message,
                stop=decision.stop,
                mode=decision.mode,
                rule=decision.rule,
            )
            context.effects.do(ToWorker(lease.route, verdict, decision.input))


def _publish(draft: Draft, context: Context) -> None:
    session, publisher = draft.session, context.publisher
    for prompt in draft.prompts.values():
        publisher.prompt(session, prompt)
    for approval in draft.approvals.values():
        publisher.approval(session, approval)
    for words in draft.said:
        publisher.said(session, words)
    publisher.touch(session)
