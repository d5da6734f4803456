"""Attach: a session's log from a cursor on, and, if wanted, what comes."""

from __future__ import annotations

from claude_remote import messages as m
from claude_remote_broker.core.client import Client
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.cursor import Cursor
from claude_remote_broker.core.following import Following, start_of


class Attaching(Following):
    """Without `follow` it ends at what was the tail when it began."""

    def __init__(self, context: Context, client: Client, request: m.Attach) -> None:
        # Before anything is begun, for it may not be there.
        session = context.sessions.find(request.session, client.peer)
        super().__init__(context, client, session)
        self._request = request
        self._told_tail = False

    def begin(self) -> None:
        """Read."""
        session = self.session
        place, reset = start_of(session, self._request.after, 0)
        if reset:
            self.client.send(m.Reset(cursor=m.Cursor(session.row.generation, place)))
        self.cursor = Cursor(self.context, self.client, session, place, self._reached)
        if not self._request.follow:
            self.cursor.until = session.tail
        self.cursor.go()

    def _reached(self) -> None:
        if not self._request.follow:
            self.end()
        elif not self._told_tail and self.cursor is not None:
            self._told_tail = True
            self.client.send(m.Tail(cursor=m.Cursor(self.session.row.generation, self.cursor.seq)))
