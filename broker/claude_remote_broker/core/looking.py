"""Exchanges about one session as a whole, not about its log: they look at it whenever it may have changed."""

from __future__ import annotations

from claude_remote import messages as m
from claude_remote.errors import OutOfTurn
from claude_remote_broker.core import gate
from claude_remote_broker.core.client import Client, Exchange
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.draft import Draft
from claude_remote_broker.core.session import Session


class Looking(Exchange):
    """Follows a session that the client may see. Raises NoSuchSession, Ambiguous."""

    def __init__(self, context: Context, client: Client, session: str) -> None:
        # Before anything is begun, for it may not be there.
        self.session: Session = context.sessions.find(session, client.peer)
        super().__init__(context, client)
        self.session.followers[client.conn] = self

    def look(self) -> None:
        """The session may be different."""

    def received(self, message: m.Message, payload: bytes) -> None:  # noqa: ARG002  there is none
        """Cancel alone; what was asked for may have been done."""
        if not isinstance(message, m.Cancel):
            raise OutOfTurn(f"{type(message).__name__} has no meaning now")
        self.end()

    def tell_session(self) -> None:
        """Say how it is."""
        self.client.send(m.Sessions(sessions=(self.session.info(self.context.host),)))

    def committed(self, draft: Draft) -> None:  # noqa: ARG002  what counts is what it is now
        """A transaction of the session is stored."""
        if not self.over:
            self.look()

    def tell(self) -> None:
        """Something that is not in the log may be different."""
        if not self.over:
            self.look()

    def drained(self) -> None:
        """There is room again."""
        self.tell()

    def check(self) -> None:
        """See Exchange."""
        gate.check_sees(self.client.peer, self.session, self.context.clients)

    def closed(self) -> None:
        """Follow no more."""
        if self.session.followers.get(self.client.conn) is self:
            del self.session.followers[self.client.conn]
