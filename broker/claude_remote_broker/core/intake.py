"""Batches: what a worker hands over of its session's log."""

from __future__ import annotations

import logging

from claude_remote import bus
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.lease import Lease
from claude_remote_broker.core.lines import split, without_first
from claude_remote_broker.core.session import Session
from claude_remote_broker.ports import Row

_log = logging.getLogger(__name__)


def take(batch: bus.Batch, lines: bytes, session: Session, lease: Lease, context: Context) -> None:
    """Take what is new of a batch, from the tail on; refuse what would leave a gap.

    So it may come twice, or again with other boundaries. Acknowledged is only what is stored.
    """
    if batch.session != session.id or batch.epoch != lease.epoch:
        return
    if not lines.endswith(b"\n") or lines.count(b"\n") != batch.count:
        context.workers.kill(lease, f"a batch that says {batch.count} lines has others")
        return
    last = batch.first + batch.count - 1
    if last <= session.accepted:
        if last <= session.tail:
            ack = bus.Ack(session=session.id, epoch=lease.epoch, seq=session.tail)
            context.workers.send(lease, ack)
        return
    if batch.first > session.accepted + 1:
        _refuse(session, lease, context)
        return
    known = session.accepted + 1 - batch.first
    new = without_first(lines, known)
    session.unstored += len(new)
    if session.unstored > context.limits.unstored_of_worker:
        context.workers.kill(lease, "it sends more than it may before it is acknowledged")
        return
    if len(new) <= bus.MAX_BATCH:
        _keep(Row(session.accepted + 1, batch.count - known, batch.source, batch.at, new), session, context)
        return
    for part in split(new, bus.MAX_BATCH):
        # A row is either short or one single line, so that readers can take it in pieces.
        row = Row(session.accepted + 1, part.number, batch.source, batch.at, part.text)
        _keep(row, session, context)


def _keep(row: Row, session: Session, context: Context) -> None:
    session.accepted += row.count
    session.ledger.append(row)
    if session.warm:
        context.warm.heard(session, row)


def _refuse(session: Session, lease: Lease, context: Context) -> None:
    """Something between was lost: ask for it once; all that is under way behind it is refused too."""
    if lease.refused_at != session.tail:
        lease.refused_at = session.tail
        context.workers.send(lease, bus.Welcome(acked=session.tail))
