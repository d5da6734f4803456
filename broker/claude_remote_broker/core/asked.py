"""Approvals as others see them: lists of them, and those that follow them."""

from __future__ import annotations

from claude_remote import messages as m
from claude_remote.errors import QueueFull, ShuttingDown
from claude_remote_broker.core import gate
from claude_remote_broker.core.client import Cancellable, Client
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.pages import pages, width_of
from claude_remote_broker.core.session import Session
from claude_remote_broker.core.words import cut
from claude_remote_broker.journal import ApprovalRow


def approval_info(session: Session, row: ApprovalRow, host: str) -> m.ApprovalInfo:
    """As others see it."""
    decision = row.decision
    return m.ApprovalInfo(
        id=row.id,
        session=session.id,
        session_name=session.row.name,
        tool=cut(row.tool),
        summary=cut(row.summary),
        seq=row.seq,
        since=row.since,
        state=m.ApprovalState(row.state),
        host=host,
        cwd=session.row.cwd,
        client=row.client_name,
        agent=row.agent,
        guarded=row.guarded,
        behavior=None if decision is None else decision.behavior,
        by="" if decision is None else cut(decision.by),
        rule="" if decision is None else decision.rule,
        reason=cut(row.reason),
    )


def _width(info: m.ApprovalInfo) -> int:
    return width_of(
        info.session_name,
        info.tool,
        info.summary,
        info.host,
        info.cwd,
        info.client,
        info.agent,
        info.by,
        info.reason,
    )


class Listing(Cancellable):
    """ListApprovals: those that are open, and what becomes of them."""

    def __init__(self, context: Context, client: Client, request: m.ListApprovals) -> None:
        super().__init__(context, client)
        self._follow = request.follow
        self._missed = False

    def begin(self) -> None:
        """Tell those that are open. Raises QueueFull."""
        readers = self.context.publisher.readers
        if self._follow:
            if len(readers) >= self.context.limits.watchers:
                raise QueueFull(f"{len(readers)} clients follow approvals already")
            readers[self.client.conn] = self
        self._list()
        if not self._follow:
            self.end()

    def changed(self, session: Session, row: ApprovalRow) -> None:
        """One is new, moved on, or has ended."""
        if self.client.congested:
            self._missed = True
        elif gate.sees(self.client.peer, session, self.context.clients):
            info = approval_info(session, row, self.context.host)
            self.client.send(m.Approvals(approvals=(info,)))

    def drained(self) -> None:
        """There is room again."""
        if self._missed:
            self._missed = False
            self._list()

    def check(self) -> None:
        """See Exchange: it may see more now, or less."""
        if self._follow and not self.client.congested:
            self._list()

    def tell(self) -> None:
        """The server may be shutting down."""
        if self.context.stopping:
            self.end(ShuttingDown())

    def closed(self) -> None:
        """Follow no more."""
        self.context.publisher.readers.pop(self.client.conn, None)

    def _list(self) -> None:
        context = self.context
        found = [
            (row.since, session, row)
            for session in context.sessions
            if session.asks and gate.sees(self.client.peer, session, context.clients)
            for row in session.approvals.values()
            if row.state == "open"
        ]
        found.sort(key=lambda each: each[0])
        infos = [approval_info(session, row, context.host) for _, session, row in found]
        parts = [*pages(infos[: context.limits.listed], _width)]
        for number, part in enumerate(parts):
            message = m.Approvals(approvals=part, begins=number == 0, more=number < len(parts) - 1)
            self.client.send(message)
