"""The door: who is connected, and what is said to and by them."""

from __future__ import annotations

from typing import NamedTuple

from claude_remote import messages
from claude_remote.errors import RemoteError
from claude_remote_broker.ports.base import Command, Connection, Event


class Peer(NamedTuple):
    """Who is on a connection. The rights are looked up at each request, for they may change."""

    fingerprint: str  # "local" on the control socket
    name: str
    way: messages.Door
    address: str = ""  # from where it came, for the audit
    certificate: bytes = b""  # DER, if it has come by TLS

    @classmethod
    def known(cls, fingerprint: str, name: str, address: str = "") -> Peer:
        """Somebody who asked for something before, by which way does not matter any more."""
        return cls(fingerprint, name, messages.Door.DOOR, address)


class Connected(Event, frozen=True):
    """A client that may send requests is there; hellos have been exchanged."""

    conn: Connection
    peer: Peer


class Received(Event, frozen=True):
    """A message of an exchange. Never Hello, Heartbeat or Ring: those stay in the door."""

    conn: Connection
    message: messages.Message
    payload: bytes = b""


class Drained(Event, frozen=True):
    """What was sent to a congested connection has left; there is room again."""

    conn: Connection


class Disconnected(Event, frozen=True):
    """The connection is gone, for whatever reason."""

    conn: Connection


class Send(Command, frozen=True):
    """Send a message. The adapter answers whether the connection is congested (see Congested)."""

    conn: Connection
    message: messages.Message
    payload: bytes = b""


class Congested(Event, frozen=True):
    """More is buffered for this connection than should be: send no more events until Drained."""

    conn: Connection


class Hangup(Command, frozen=True):
    """Close a connection, after an Error if one is given."""

    conn: Connection
    error: RemoteError | None = None


class ExpectDirect(Command, frozen=True):
    """Who comes to the door with this ticket is to be handed to that errand (claude_remote.direct)."""

    ticket: bytes
    errand: str


class CutDirect(Command, frozen=True):
    """The ticket opens nothing any more, the connection that came by it is cut, and nobody waits for one."""

    ticket: bytes
    errand: str
