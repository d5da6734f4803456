"""Decide as a request of its own: the decision, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence

from claude_remote import messages as m
from claude_remote.errors import ShuttingDown
from claude_remote_broker.core import gate
from claude_remote_broker.core.client import Cancellable, Client
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.deciding import Late, decide
from claude_remote_broker.core.draft import Draft
from claude_remote_broker.core.session import Session
from claude_remote_broker.journal import ApprovalRow, PromptRow
from claude_remote_broker.ports import Row

_SETTLED = frozenset({"taken", "finished", "void"})


class DecideRequest(Cancellable):
    """Ends with the decision, or with `receipt` when claude has taken it or the question is no more."""

    def __init__(self, context: Context, client: Client, request: m.Decide) -> None:
        super().__init__(context, client)
        self._request = request
        self._session: Session | None = None
        self._told = ""

    def begin(self, payload: bytes) -> None:
        """Decide. Raises RemoteError."""
        decide(self.context, self.client.peer, self._request, payload, self._answer)

    def committed(self, draft: Draft) -> None:
        """The approval may have moved on."""
        row = draft.approvals.get(self._request.approval)
        if row is not None:
            self._tell(row)

    def spoken(self, rows: Sequence[Row]) -> None:
        """Words make no difference."""

    def check(self) -> None:
        """See Exchange."""
        if self._session is not None:
            gate.check_sees(self.client.peer, self._session, self.context.clients)

    def tell(self) -> None:
        """The server may be shutting down: the same decision can be sent again to the next."""
        if self.context.stopping:
            self.end(ShuttingDown())

    def closed(self) -> None:
        """Follow no more."""
        session = self._session
        if session is not None and session.followers.get(self.client.conn) is self:
            del session.followers[self.client.conn]

    # --- inside ----------------------------------------------------------------------------------------

    def _answer(self, answer: m.Decided, late: Late | None) -> None:
        if self.over:
            return
        # Whoever was not the first may follow what the first has decided.
        followed = self._request.receipt and bool(answer.by)
        if late is not None and not followed:
            self.end(late.error)
            return
        self.client.send(answer)
        if followed:
            self._follow()
        else:
            self.end()

    def _follow(self) -> None:
        session = self.context.sessions.of_approval(self._request.approval)
        if session is None:
            self.context.effects.find_approval(self._request.approval, self._found)
            return
        self._session = session
        session.followers[self.client.conn] = self
        row = session.approvals.get(self._request.approval)
        if row is not None:
            self._tell(row)

    def _found(self, row: PromptRow | ApprovalRow | None) -> None:
        if self.over:
            return
        if isinstance(row, ApprovalRow):
            self._tell(row)
        self.end()

    def _tell(self, row: ApprovalRow) -> None:
        if self.over or row.state in {self._told, "open", "decided"}:
            return
        self._told = row.state
        state = m.ApprovalState(row.state)
        self.client.send(m.Receipt(approval=row.id, state=state, reason=row.reason))
        if row.state in _SETTLED:
            self.end()
