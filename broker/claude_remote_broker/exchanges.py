"""The role of those who are let in: what they say goes to the sink, in order."""

from __future__ import annotations

from typing import Protocol

from claude_remote import messages
from claude_remote.errors import RemoteError
from claude_remote.messages import Door as Way
from claude_remote_broker import ports, tasks
from claude_remote_broker.connection import Connection
from claude_remote_broker.ports import Peer
from claude_remote_broker.registry import Registry


class Sink(Protocol):
    """Takes what comes from clients: the router core behind its adapter.

    Never called from inside the door's own `send` or `hang_up`. After `disconnected` nothing comes for that
    connection, and what is sent to it goes nowhere. An exception raised here is a defect and cuts the line.
    """

    def connected(self, conn: ports.Connection, peer: Peer) -> None:
        """Hellos have been exchanged; requests may come."""

    def received(self, conn: ports.Connection, message: messages.Message, payload: bytes) -> None:
        """A message of messages.FromClient, never Hello, Heartbeat or Ring."""

    def congested(self, conn: ports.Connection) -> None:
        """The client takes less than it is sent: send no more events until `drained`."""

    def drained(self, conn: ports.Connection) -> None:
        """There is room again."""

    def disconnected(self, conn: ports.Connection) -> None:
        """It is gone. Told once for each that was `connected`."""


class Exchanges:
    """Knows who is on each connection."""

    def __init__(self, registry: Registry, sink: Sink) -> None:
        self._registry = registry
        self._sink = sink
        self._peers: dict[Connection, Peer] = {}
        self._connected: set[Connection] = set()

    def add(self, connection: Connection, peer: Peer) -> None:
        """This one is let in."""
        self._peers[connection] = peer
        self._registry.presence.arrived(peer.fingerprint, connection.origin.address)

    def left(self, connection: Connection) -> Peer | None:
        """It is gone. Who it was; None if it was never let in."""
        peer = self._peers.pop(connection, None)
        if peer is not None:
            self._registry.presence.left(peer.fingerprint, connection.origin.address)
        if connection in self._connected:
            self._connected.discard(connection)
            self._sink.disconnected(connection.number)
        return peer

    def greeted(self, connection: Connection) -> None:
        """Requests may come."""
        self._connected.add(connection)
        self._sink.connected(connection.number, self._peers[connection])

    def received(self, connection: Connection, message: messages.Message, payload: bytes) -> None:
        """A request, or what belongs to one."""
        if isinstance(message, messages.Ring):
            tasks.spawn(self._ring(connection, message, payload), "ring")
        else:
            self._sink.received(connection.number, message, payload)

    def congested(self, connection: Connection) -> None:
        """Told on."""
        self._sink.congested(connection.number)

    def drained(self, connection: Connection) -> None:
        """Told on."""
        self._sink.drained(connection.number)

    async def _ring(self, connection: Connection, ring: messages.Ring, certificate: bytes) -> None:
        """The owner introduces a client of this machine. Others are only told how they stand."""
        peer = self._peers.get(connection)
        if peer is None:
            return
        try:
            if peer.way is Way.LOCAL:
                standing = await self._registry.ring(certificate, ring, connection.origin.address)
            else:
                standing = self._registry.standing(peer.fingerprint)
        except RemoteError as error:
            connection.send_error(error)
        else:
            connection.send(standing)
            connection.send(messages.Done())
