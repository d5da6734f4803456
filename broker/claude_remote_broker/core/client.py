"""One connection: who is there, and the one exchange that is under way."""

from __future__ import annotations

from collections.abc import Callable

from claude_remote.errors import OutOfTurn, RemoteError
from claude_remote.messages import Cancel, Done, Error, Message
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.words import cut
from claude_remote_broker.ports import Connection, Hangup, Peer

_LONGEST_MESSAGE = 16 * 1024  # messages.Words


class Client:
    """What an exchange sees of its connection."""

    def __init__(
        self, context: Context, conn: Connection, peer: Peer, failed: Callable[[Peer, str, RemoteError], None]
    ) -> None:
        """`failed` is told of each request that fails: whose, its kind, why."""
        self._context = context
        self._failed = failed
        self.request = ""
        self.conn = conn
        self.peer = peer
        self.congested = False
        self.exchange: Exchange | None = None

    def send(self, message: Message, payload: bytes = b"") -> None:
        """A message of the exchange."""
        self._context.effects.send(self.conn, message, payload)

    def fail(self, error: RemoteError) -> None:
        """Say why a request failed."""
        self._failed(self.peer, self.request, error)
        detail = {key[:64]: cut(value) for key, value in error.detail.items()}
        self.send(Error(code=error.code, message=cut(error.message, _LONGEST_MESSAGE), detail=detail))

    def hang_up(self, error: RemoteError) -> None:
        """It does not keep to the protocol."""
        self._context.effects.do(Hangup(self.conn, error))


class Exchange:
    """One request and all that follows it, until Done or Error."""

    def __init__(self, context: Context, client: Client) -> None:
        self.context = context
        self.client = client
        self.over = False
        client.exchange = self

    def received(self, message: Message, payload: bytes) -> None:  # noqa: ARG002  for those who take payloads
        """A message in the course of it. RemoteErrors end it."""
        raise OutOfTurn(f"{type(message).__name__} has no meaning now")

    def drained(self) -> None:
        """There is room again."""

    def check(self) -> None:
        """The rights of its client are others now. Raises RightMissing when it may not go on."""

    def closed(self) -> None:
        """It is over, for whatever reason: leave what it follows."""

    def end(self, error: RemoteError | None = None) -> None:
        """Say Done, or why not; the next request may follow."""
        if self.over:
            return
        if error is None:
            self.client.send(Done())
        else:
            self.client.fail(error)
        self.leave()

    def leave(self) -> None:
        """End it without a word: the connection is gone, or another exchange takes its place."""
        if not self.over:
            self.over = True
            if self.client.exchange is self:
                self.client.exchange = None
            self.closed()


class Cancellable(Exchange):
    """One in whose course the client says Cancel or nothing. What it asked for may have been done then."""

    def received(self, message: Message, payload: bytes) -> None:  # noqa: ARG002  there is none
        """Cancel alone."""
        if not isinstance(message, Cancel):
            raise OutOfTurn(f"{type(message).__name__} has no meaning now")
        self.end()
