"""Around a connection: where it came from, what its peer is here for, and who owns it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from claude_remote import messages

if TYPE_CHECKING:
    from claude_remote_broker.connection import Connection


class Origin(NamedTuple):
    """Where a connection came from: an IP address, `unix`, or `local` for the control socket.

    `refusal` is why this process may not use the control socket.
    """

    address: str
    owner_only: bool = False
    refusal: str | None = None


class Role(Protocol):
    """What a peer is here for."""

    def greeted(self, connection: Connection) -> None:
        """Hellos have been exchanged."""

    def received(self, connection: Connection, message: messages.Message, payload: bytes) -> None:
        """A message, never Hello or Heartbeat. A RemoteError raised here is told and ends the connection."""

    def congested(self, connection: Connection) -> None:
        """The peer takes less than it is sent."""

    def drained(self, connection: Connection) -> None:
        """There is room again."""


class Keeper(Protocol):
    """Who owns connections."""

    def arrived(self, connection: Connection) -> None:
        """The transport is there, TLS done. Calls `admit`."""

    def left(self, connection: Connection) -> None:
        """Hung up or lost: no message will come from it. Told once."""

    def gone(self, connection: Connection) -> None:
        """The transport is closed. Told once, after `left`."""
