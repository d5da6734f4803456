"""Ready: a worker says who it is and what it has, and gets what it lacks."""

from __future__ import annotations

import hmac
import logging
from hashlib import sha256

from msgspec.structs import replace

from claude_remote import bus
from claude_remote_broker.core import outward
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.draft import Draft
from claude_remote_broker.core.lease import Lease, Phase
from claude_remote_broker.core.session import Session

_log = logging.getLogger(__name__)


def greet(ready: bus.Ready, route: bytes, context: Context) -> None:
    """Adopt the worker, for the first time or again. Who cannot prove who it is gets no answer."""
    lease = context.workers.get(ready.worker)
    session = context.sessions.get(lease.session) if lease is not None else None
    if lease is None or session is None or not _proves(ready.token, lease):
        _log.warning("a Ready of worker %r (pid %d) that has no lease", ready.worker[:64], ready.pid)
        return
    if lease.killed:
        return
    if ready.session is not None and (ready.session, ready.epoch) != (session.id, lease.epoch):
        context.workers.kill(lease, f"it believes to own {ready.session} in epoch {ready.epoch}")
        return
    if ready.session is not None and ready.acked > session.tail:
        # What was acknowledged is gone, so the disk has lost it: numbers do not mean what they meant.
        session.ledger.submit(NewGeneration())
        context.workers.kill(lease, f"the journal ends at {session.tail}, before its {ready.acked}")
        return
    _adopt(ready, route, lease, session, context)


def _proves(token: str, lease: Lease) -> bool:
    return hmac.compare_digest(sha256(token.encode()).hexdigest(), lease.token_hash)


def _adopt(ready: bus.Ready, route: bytes, lease: Lease, session: Session, context: Context) -> None:
    workers = context.workers
    workers.bind(lease, route)
    lease.heard = context.now
    lease.silent = False
    lease.pid = ready.pid
    lease.given = set(ready.prompts)
    lease.decided = set(ready.decisions)
    lease.refused_at = -1
    if lease.phase in {Phase.STARTING, Phase.AWAITED}:
        lease.enter(Phase.LIVE, context.now)
        lease.idle_since = context.now
    workers.send(lease, bus.Welcome(acked=session.tail))
    if ready.session is None:
        workers.send(lease, _lease_verb(session, lease))
    if lease.release is not None:
        lease.enter(Phase.LEAVING, context.now)
        workers.send(lease, lease.release_verb(lease.release))
    if lease.stop is not None:
        stop = bus.Stop(session=session.id, epoch=lease.epoch, prompt=lease.stop or None)
        workers.send(lease, stop)
    outward.reconcile(session, context)
    context.controls.ask_again(session)
    context.publisher.worker(lease)
    session.ledger.kick()
    context.pool.look_again()
    for follower in [*session.followers.values()]:
        follower.tell()


def _lease_verb(session: Session, lease: Lease) -> bus.Lease:
    row = session.row
    return bus.Lease(
        session=session.id,
        epoch=lease.epoch,
        next=session.accepted + 1,
        claude_session=row.claude_session,
        cwd=row.cwd,
        options=row.lease.options if row.lease is not None else row.options,
        fork_of=row.fork_of,
        worktree="" if row.worktree is None else row.worktree.name,
        base="" if row.worktree is None else row.worktree.base,
        mode=row.mode,
        model=row.model,
        rules=row.rules,
    )


class NewGeneration:
    """The numbers of a session begin to mean something else."""

    def apply(self, draft: Draft) -> None:
        """Readers are told to forget their cursors."""
        draft.row = replace(draft.row, generation=draft.row.generation + 1)

    def failed(self, reason: str) -> bool:  # noqa: ARG002  it must be stored whatever it was
        """Try again."""
        return True
