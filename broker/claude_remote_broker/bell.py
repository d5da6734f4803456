"""The bell: where somebody without an approved certificate may hand one in, wait, and do nothing else."""

from __future__ import annotations

from claude_remote import fingerprints, messages
from claude_remote.errors import OutOfTurn, RemoteError, TooManyConnections
from claude_remote.messages import ClientInfo, ClientState
from claude_remote_broker import tasks
from claude_remote_broker.connection import Connection
from claude_remote_broker.limits import Limits
from claude_remote_broker.registry import Registry


class Bell:
    """The role of strangers, and a watcher of the registry."""

    def __init__(self, registry: Registry, limits: Limits) -> None:
        self._registry = registry
        self._limits = limits
        # Who has rung, and what for; None until the registry has taken it.
        self._rung: dict[Connection, str | None] = {}
        self._waiting: dict[str, set[Connection]] = {}

    def greeted(self, connection: Connection) -> None:
        """Now it has to ring."""
        connection.expect_within(self._limits.ring_timeout, "nobody rang")

    def received(self, connection: Connection, message: messages.Message, payload: bytes) -> None:
        """One Ring is all that may come."""
        if not isinstance(message, messages.Ring) or connection in self._rung:
            raise OutOfTurn("this server does not know you: you may ring once, and wait")
        self._rung[connection] = None
        connection.expect_within(None)
        tasks.spawn(self._ring(connection, message, payload), "ring")

    def congested(self, connection: Connection) -> None:
        """Nothing is sent here that could be held back."""

    def drained(self, connection: Connection) -> None:
        """See above."""

    def left(self, connection: Connection) -> None:
        """It waits no longer."""
        fingerprint = self._rung.pop(connection, None)
        if fingerprint is not None:
            waiting = self._waiting[fingerprint]
            waiting.discard(connection)
            if not waiting:
                del self._waiting[fingerprint]

    def client_changed(self, client: ClientInfo) -> None:
        """Tell those who wait for this answer."""
        if client.state is not ClientState.PENDING:
            for connection in list(self._waiting.get(client.fingerprint, ())):
                self._answer(connection, self._registry.standing(client.fingerprint))

    def client_cut_off(self, fingerprint: str) -> None:
        """Nobody who waits is concerned: client_changed follows."""

    def client_forgotten(self, fingerprint: str) -> None:
        """Others asked, and there was no room for all."""
        for connection in list(self._waiting.get(fingerprint, ())):
            connection.hang_up(
                TooManyConnections("Too many others ask for approval. Ring again in a moment.")
            )

    async def _ring(self, connection: Connection, ring: messages.Ring, certificate: bytes) -> None:
        try:
            standing = await self._registry.ring(certificate, ring, connection.origin.address)
        except RemoteError as error:
            connection.hang_up(error)
            return
        if not connection.open:
            return
        if standing.state is ClientState.PENDING:
            fingerprint = fingerprints.of(certificate)
            self._rung[connection] = fingerprint
            self._waiting.setdefault(fingerprint, set()).add(connection)
            connection.send(standing)
            connection.expect_within(self._limits.bell_patience, "that was a long wait; ring again")
        else:
            self._answer(connection, standing)

    def _answer(self, connection: Connection, standing: messages.Standing) -> None:
        connection.send(standing)
        connection.send(messages.Done())
        connection.hang_up()
