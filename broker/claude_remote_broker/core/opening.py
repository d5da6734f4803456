"""Open: a session whose claude is made ready before there is a prompt."""

from __future__ import annotations

from claude_remote.errors import QueueFull, RemoteError, StorageFailed
from claude_remote.messages import Cancel, Message, Open, Opened
from claude_remote_broker.core.client import Client, Exchange
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.draft import Draft
from claude_remote_broker.core.session import Session
from claude_remote_broker.core.targets import Aim, Aiming


class Opening(Exchange):
    """Answered when the session is stored; its worker is then on its way, or waits for room."""

    def __init__(self, context: Context, client: Client, request: Open) -> None:
        super().__init__(context, client)
        self._request = request

    def begin(self) -> None:
        """Find or make the session. Raises RemoteError."""
        client = self.client.peer.fingerprint
        waiting = sum(each.wanted and each.row.client == client for each in self.context.sessions)
        if waiting >= self.context.limits.opens_of_client:
            raise QueueFull(f"{waiting} sessions of yours wait already for their claude")
        Aiming(self.context, self.client.peer, self._request.target, self._aimed, self.end).begin("")

    def received(self, message: Message, payload: bytes) -> None:
        """Cancel alone."""
        if isinstance(message, Cancel):
            self.end()
        else:
            super().received(message, payload)

    def _aimed(self, aim: Aim) -> None:
        if self.over:
            if aim.session.fresh:
                self.context.workers.abandon(aim.session)
            return
        aim.session.ledger.submit(Wake(self, aim))

    def stored(self, session: Session) -> None:
        """Tell the client."""
        if not self.over:
            self.client.send(Opened(session=session.info(self.context.host), cursor=session.cursor))
            self.end()

    def failed(self, error: RemoteError) -> None:
        """Tell the client."""
        self.end(error)


class Wake:
    """A session is wanted alive."""

    def __init__(self, exchange: Opening, aim: Aim) -> None:
        self._exchange = exchange
        self._aim = aim

    def apply(self, draft: Draft) -> None:
        """Create it if it is new; `wanted` makes the next step a lease."""
        session = self._aim.session
        draft.creates = draft.creates or session.fresh
        draft.open_again()
        session.wanted = session.lease is None
        draft.touch(self._exchange.context.now)
        draft.then(lambda: self._exchange.stored(session))

    def failed(self, reason: str) -> bool:
        """Who asked is told."""
        self._aim.session.wanted = False
        self._exchange.failed(StorageFailed(f"The server cannot write its journal: {reason}"))
        return False
