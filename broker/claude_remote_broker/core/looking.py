"""Exchanges about one session as a whole, not about its log: they look at it whenever it may have changed."""

from __future__ import annotations

from collections.abc import Sequence

from claude_remote import messages as m
from claude_remote_broker.core import gate
from claude_remote_broker.core.client import Cancellable, Client
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.draft import Draft
from claude_remote_broker.core.session import Session
from claude_remote_broker.ports import Row


class Looking(Cancellable):
    """Follows a session that the client may see. Raises NoSuchSession, Ambiguous."""

    def __init__(self, context: Context, client: Client, session: str) -> None:
        # Before anything is begun, for it may not be there.
        self.session: Session = context.sessions.find(session, client.peer)
        super().__init__(context, client)
        self.session.followers[client.conn] = self

    def look(self) -> None:
        """The session may be different."""

    def tell_session(self) -> None:
        """Say how it is."""
        self.client.send(m.Sessions(sessions=(self.session.info(self.context.host),)))

    def committed(self, draft: Draft) -> None:  # noqa: ARG002  what counts is what it is now
        """A transaction of the session is stored."""
        if not self.over:
            self.look()

    def spoken(self, rows: Sequence[Row]) -> None:
        """Words make no difference."""

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
