"""Reading the audit from afar, and seeing whether a record is what it was."""

from __future__ import annotations

from claude_remote import messages as m
from claude_remote.audit import Wanted, split
from claude_remote.audit.chain import written
from claude_remote.errors import InternalError
from claude_remote_broker.core import gate
from claude_remote_broker.core.client import Cancellable, Client
from claude_remote_broker.core.context import Context
from claude_remote_broker.ports import AuditRead


class Auditing(Cancellable):
    """Reads piece by piece; a client that does not take them is not read for."""

    def __init__(self, context: Context, client: Client, request: m.ReadAudit) -> None:
        super().__init__(context, client)
        self._request = request
        since = written(request.since) if request.since else ""
        known = [info.fingerprint for info in context.clients.infos() if info.name == request.client]
        self._wanted = Wanted(
            since=since,
            client=request.client,
            fingerprint=known[0] if known else "",
            session=request.session,
        )
        self._last = request.after
        self._reading = False
        self._grown = False

    def begin(self) -> None:
        """Read."""
        self.context.auditing[self.client.conn] = self
        self._read()

    def grown(self) -> None:
        """There are new records."""
        self._grown = True
        self._read()

    def drained(self) -> None:
        """There is room again."""
        self._grown = True
        self._read()

    def check(self) -> None:
        """See Exchange."""
        gate.check(self.client.peer, self._request, self.context.clients)

    def closed(self) -> None:
        """Read no more."""
        self.context.auditing.pop(self.client.conn, None)

    def _read(self) -> None:
        if not self._reading and not self.client.congested and not self.over:
            self._reading, self._grown = True, False
            self.context.effects.look_at_audit(self._last, self._wanted, 1_000_000, self._have)

    def _have(self, answer: AuditRead) -> None:
        self._reading = False
        if self.over:
            return
        if answer.failure:
            self.end(InternalError(f"The audit could not be read: {answer.failure}"))
            return
        if answer.lines:
            self.client.send(m.AuditRecords(last=answer.last), answer.lines)
        self._last = answer.last
        if answer.more or self._grown:
            self._read()
        elif not self._request.follow:
            self.end()


class Checking(Cancellable):
    """Tells the hash of one record."""

    def __init__(self, context: Context, client: Client, request: m.CheckAudit) -> None:
        super().__init__(context, client)
        self._seq = request.seq

    def begin(self) -> None:
        """Look."""
        self.context.effects.look_at_audit(max(self._seq - 1, 0), Wanted(), 1, self._have)

    def _have(self, answer: AuditRead) -> None:
        if self.over:
            return
        if answer.failure:
            self.end(InternalError(f"The audit could not be read: {answer.failure}"))
            return
        head = None
        if answer.lines and answer.last == self._seq:
            head = m.AuditHead(seq=self._seq, hash=split(answer.lines)[0])
        self.client.send(m.AuditSeen(head=head))
        self.end()
