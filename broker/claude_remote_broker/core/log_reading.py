"""Reading the server's log: the last lines, and those that come."""

from __future__ import annotations

from claude_remote import messages as m
from claude_remote_broker.core import gate
from claude_remote_broker.core.client import Cancellable, Client
from claude_remote_broker.core.context import Context

_AT_ONCE = 128 * 1024  # bytes of one message


class LogReading(Cancellable):
    """A reader of what is kept; one that is too slow misses what is not. Looks at each tick."""

    def __init__(self, context: Context, client: Client, request: m.ServerLogs) -> None:
        super().__init__(context, client)
        self._request = request
        self._next = max(0, context.log.end - request.lines)
        context.log_readers[client.conn] = self

    def look(self) -> None:
        """Send what has come, as far as the client takes it."""
        while not self.client.congested:
            self._next, lines = self.context.log.read(self._next, _AT_ONCE)
            if not lines:
                break
            self.client.send(m.LogLines(), lines)
        if not self._request.follow and not self.client.congested:
            self.end()

    def drained(self) -> None:
        """There is room again."""
        self.look()

    def check(self) -> None:
        """See Exchange."""
        gate.check(self.client.peer, self._request, self.context.clients)

    def closed(self) -> None:
        """Read no more."""
        self.context.log_readers.pop(self.client.conn, None)
