"""Await: until nothing runs in a session and nothing waits there."""

from __future__ import annotations

from claude_remote import messages as m
from claude_remote.errors import ShuttingDown
from claude_remote_broker.core.client import Client
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.looking import Looking


class Awaiting(Looking):
    """Tells how the session is, again when that is different, and ends when it is idle."""

    def __init__(self, context: Context, client: Client, request: m.Await) -> None:
        super().__init__(context, client, request.session)
        self._told: tuple[object, ...] = ()

    def begin(self) -> None:
        """Look for the first time."""
        self.look()

    def look(self) -> None:
        """Say what is different."""
        if self.client.congested:
            return
        info = self.session.info(self.context.host)
        telling = (info.name, info.state, info.approvals, info.prompting, info.queued, info.turns)
        if telling != self._told:
            self._told = telling
            self.tell_session()
        if self.session.idle:
            self.end()
        elif self.context.stopping:
            self.end(ShuttingDown())
