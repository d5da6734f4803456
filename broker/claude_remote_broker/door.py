"""The door: everybody who comes in, by TLS or by the control socket, and what each is let in for.

Who somebody is, TLS has proved; what it may do is looked up here after every handshake, and again by the
core at every request. Strangers are sent to the bell. What clients say goes to the sink, in order.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from claude_remote import fingerprints, messages
from claude_remote.audit import Link
from claude_remote.errors import NotApproved, Refused, RemoteError, Revoked, ShuttingDown, TooManyConnections
from claude_remote.messages import ClientInfo, ClientState, Hello
from claude_remote.messages import Door as Way
from claude_remote.rights import Right
from claude_remote.version import VERSION
from claude_remote_broker import ports
from claude_remote_broker.admission import Admission
from claude_remote_broker.bell import Bell
from claude_remote_broker.bulk_turn import BulkTurn
from claude_remote_broker.connection import Connection
from claude_remote_broker.direct import DirectConnections
from claude_remote_broker.exchanges import Exchanges, Sink
from claude_remote_broker.limits import Limits, Pace
from claude_remote_broker.listeners import Listener, open_tcp, open_unix
from claude_remote_broker.ports import Peer
from claude_remote_broker.reception import Reception
from claude_remote_broker.registry import LOCAL, Registry
from claude_remote_broker.waking_time import WakingTime


@dataclass
class _Client:
    """What all connections of one client share."""

    pace: Pace
    connections: set[Connection] = field(default_factory=set)


class Door:
    """Use on the event loop: make it, listen, `start`, and `close` it in the end."""

    def __init__(
        self,
        registry: Registry,
        sink: Sink,
        bus: Path,
        *,
        limits: Limits | None = None,
        is_ours: Callable[[int], bool] = lambda pid: False,  # noqa: ARG005
        audit: Callable[[], Link | None] = lambda: None,
        on_large: Callable[[], None] = lambda: None,
    ) -> None:
        """`bus` is the ROUTER's socket, beside which errands listen for direct connections.

        `is_ours` knows the pids of workers and zygote, from below which the control socket is closed. `audit`
        gives the head of the audit, which is shown to those who may approve. `on_large` is called for each
        large frame that comes.
        """
        self._audit = audit
        self._registry = registry
        self._limits = limits or Limits()
        self._loop = asyncio.get_running_loop()
        self._time = WakingTime(self._loop, 1.5 * self._limits.tick)
        self._host = socket.gethostname()
        self._exchanges = Exchanges(registry, sink)
        self._bell = Bell(registry, self._limits)
        self._admission = Admission(self._limits, self._loop.time())
        self.direct = DirectConnections(bus)
        self._reception = Reception(
            lambda: registry.context,
            self._limits,
            self._admission,
            self,
            is_ours=is_ours,
            clock=self._time,
            direct=self.direct,
        )
        self._connections: dict[ports.Connection, Connection] = {}
        self._clients: dict[str, _Client] = {}
        self._bulk = BulkTurn(self._loop.call_soon, on_large)
        self._clock: asyncio.TimerHandle | None = None
        self._empty = asyncio.Event()
        self._empty.set()
        registry.watch(self, first=True)
        registry.watch(self._bell)

    # --- for the assembly ------------------------------------------------------------------------------

    def listen_tcp(self, address: str, port: int) -> tuple[str, int]:
        """Listen; port 0 picks a free one. Where it listens, the first if there are several. Failure."""
        opened = open_tcp(address, port)
        for listener in opened:
            self._reception.listen(listener)
        host, chosen = opened[0].socket.getsockname()[:2]
        return str(host), int(chosen)

    def listen_unix(self, path: Path) -> None:
        """Listen on a unix socket too, with the same TLS; mode 0600. Raises Failure."""
        self._reception.listen(open_unix(path))

    def listen_control(self, path: Path) -> None:
        """Open the owner's own way in: no TLS, mode 0600, in a folder with mode 0700. Raises Failure."""
        self._reception.listen(open_unix(path, owner_only=True))

    def listen_on(self, listeners: Sequence[Listener]) -> None:
        """Accept from what the server's life before has left."""
        for listener in listeners:
            self._reception.listen(listener)

    def give_up_listening(self) -> list[Listener]:
        """Accept nobody any more; the sockets are left to the server's next life."""
        return self._reception.give_up()

    def start(self) -> None:
        """Begin to look at the time."""
        self._tick()

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self._connections)

    def send(self, conn: ports.Connection, message: messages.Message, payload: bytes = b"") -> None:
        """Send a message to a client; to one that is gone, nothing."""
        connection = self._connections.get(conn)
        if connection is not None:
            connection.send(message, payload)

    def hang_up(self, conn: ports.Connection, error: RemoteError | None = None) -> None:
        """Close a connection, after an Error if one is given."""
        connection = self._connections.get(conn)
        if connection is not None:
            connection.hang_up(error)

    async def close(self, error: RemoteError | None = None) -> None:
        """Stop listening, tell everybody, and return within close_timeout when all are gone."""
        await self._reception.close()
        self.direct.close()
        for connection in list(self._connections.values()):
            connection.hang_up(error or ShuttingDown())
        try:
            await asyncio.wait_for(self._empty.wait(), self._limits.close_timeout)
        except TimeoutError:
            for connection in list(self._connections.values()):
                connection.abort()
            await self._empty.wait()
        if self._clock is not None:
            self._clock.cancel()

    # --- connections -----------------------------------------------------------------------------------

    def arrived(self, connection: Connection) -> None:
        """Find out who it is, and give it its role."""
        self._connections[connection.number] = connection
        self._empty.clear()
        if connection.origin.owner_only:
            refusal = connection.origin.refusal
            self._let_in(connection, LOCAL, None if refusal is None else Refused(refusal))
            return
        certificate = connection.certificate()
        if certificate is None:
            # A stranger is not told the name of this machine.
            connection.admit(self._bell, Hello(version=VERSION, way=Way.BELL), None)
        else:
            fingerprint = fingerprints.of(certificate)
            self._let_in(connection, fingerprint, self._why_not(fingerprint), certificate)

    def _let_in(
        self, connection: Connection, fingerprint: str, error: RemoteError | None, certificate: bytes = b""
    ) -> None:
        way = Way.LOCAL if fingerprint == LOCAL else Way.DOOR
        client = self._clients.get(fingerprint) or _Client(Pace(self._limits, self._time.now(), self._bulk))
        if error is None and len(client.connections) >= self._limits.connections_per_client:
            error = TooManyConnections("This client has as many connections as one may have.")
        if error is not None:
            # With the role of a stranger, for the moment that it is still here.
            connection.admit(self._bell, Hello(version=VERSION, way=way), None)
            connection.hang_up(error)
            return
        self._clients[fingerprint] = client
        client.connections.add(connection)
        self._admission.promote(connection.number)
        name = self._registry.name(fingerprint)
        self._exchanges.add(connection, Peer(fingerprint, name, way, connection.origin.address, certificate))
        given = self._registry.rights(fingerprint)
        head = self._audit() if Right.APPROVE in given else None
        hello = Hello(
            version=VERSION,
            way=way,
            audit=None if head is None else messages.AuditHead(seq=head.seq, hash=head.hash),
            host=self._host,
            fingerprint=self._registry.own.fingerprint,
            client=name,
            rights=tuple(right for right in Right if right in given),
        )
        connection.admit(self._exchanges, hello, client.pace)

    def _why_not(self, fingerprint: str) -> RemoteError | None:
        match self._registry.state(fingerprint):
            case ClientState.APPROVED:
                return None
            case ClientState.REFUSED:
                return Refused()
            case ClientState.REVOKED:
                return Revoked()
            case ClientState.PENDING:
                return NotApproved()
            case None:
                return NotApproved("This server does not know this client any more. Ask for approval again.")

    def left(self, connection: Connection) -> None:
        """Nothing more comes from it."""
        peer = self._exchanges.left(connection)
        if peer is None:
            self._bell.left(connection)
            return
        client = self._clients[peer.fingerprint]
        client.connections.discard(connection)
        if not client.connections:
            del self._clients[peer.fingerprint]

    def gone(self, connection: Connection) -> None:
        """Its place is free."""
        self._admission.leave(connection.number)
        del self._connections[connection.number]
        if not self._connections:
            self._empty.set()

    def _tick(self) -> None:
        now = self._time.beat()
        self._reception.tick(now)
        for connection in list(self._connections.values()):
            connection.tick(now)
        self._clock = self._loop.call_later(self._limits.tick, self._tick)

    # --- the registry's watcher ------------------------------------------------------------------------

    def client_changed(self, client: ClientInfo) -> None:
        """Rights are looked up when they are needed."""

    def client_cut_off(self, fingerprint: str) -> None:
        """Cut the lines of a client that may no longer be here."""
        client = self._clients.get(fingerprint)
        for connection in list(client.connections) if client is not None else ():
            connection.hang_up(self._why_not(fingerprint))

    def client_forgotten(self, fingerprint: str) -> None:
        """It was cut off before, if it was here."""
