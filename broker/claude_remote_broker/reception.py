"""Takes connections from the listening sockets and brings them through their TLS handshake.

What may not come in is dropped here, before any TLS is spent on it and so without a word.
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from claude_remote_broker import control, tasks
from claude_remote_broker.admission import Admission
from claude_remote_broker.connection import Connection
from claude_remote_broker.direct import DirectConnections
from claude_remote_broker.limits import Limits
from claude_remote_broker.listeners import Listener
from claude_remote_broker.roles import Keeper, Origin
from claude_remote_broker.sparing import SparingLog
from claude_remote_broker.waking_time import WakingTime

log = logging.getLogger(__name__)

# When descriptors or memory have run out, the pause (s) before the next attempt to accept.
_EXHAUSTED_PAUSE = 0.5
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


@dataclass(frozen=True)
class _Handshake:
    connection: Connection
    task: asyncio.Task[None]
    since: float


class Reception:
    """Owns the listeners. Connections that have arrived belong to their keeper."""

    def __init__(
        self,
        context: Callable[[], ssl.SSLContext],
        limits: Limits,
        admission: Admission,
        keeper: Keeper,
        *,
        is_ours: Callable[[int], bool],
        clock: WakingTime,
        direct: DirectConnections,
    ) -> None:
        self._direct = direct
        self._context = context
        self._limits = limits
        self._admission = admission
        self._keeper = keeper
        self._is_ours = is_ours
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._listeners: list[Listener] = []
        self._numbers: Iterator[int] = itertools.count(1)
        self._handshakes: dict[int, _Handshake] = {}  # oldest first
        self._complaints = SparingLog(log)
        self._pauses: dict[Listener, asyncio.TimerHandle] = {}

    def listen(self, listener: Listener) -> None:
        """Accept from this one too."""
        self._listeners.append(listener)
        self._loop.add_reader(listener.socket, self._accept, listener)

    def give_up(self) -> list[Listener]:
        """Accept no more. The sockets go on listening: who comes waits for whoever accepts next."""
        for pause in self._pauses.values():
            pause.cancel()
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            self._loop.remove_reader(listener.socket)
        return listeners

    async def close(self) -> None:
        """Stop listening, and end the handshakes that are under way."""
        for listener in self.give_up():
            listener.close()
        await tasks.end(*(handshake.task for handshake in self._handshakes.values()))

    def tick(self, now: float) -> None:
        """End the handshakes that take too long; `now` by the clock."""
        late = now - self._limits.handshake_timeout
        for handshake in list(self._handshakes.values()):
            if handshake.since > late:
                return
            if not handshake.connection.arrived:
                self._evict(handshake.connection)

    def _accept(self, listener: Listener) -> None:
        for _ in range(self._limits.accepts_per_turn):
            try:
                accepted, where = listener.socket.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionError:
                continue  # it was gone before we came
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                self._pause(listener, error)
                return
            self._take(listener, accepted, where)

    def _pause(self, listener: Listener, error: OSError) -> None:
        self._complaints.warning("cannot accept connections: %s", error.strerror)
        self._loop.remove_reader(listener.socket)
        again = partial(self._loop.add_reader, listener.socket, self._accept, listener)
        self._pauses[listener] = self._loop.call_later(_EXHAUSTED_PAUSE, again)

    def _take(self, listener: Listener, accepted: socket.socket, where: object) -> None:
        accepted.settimeout(0)
        if listener.owner_only:
            origin = Origin("local", owner_only=True, refusal=control.why_not(accepted, self._is_ours))
        else:
            origin = Origin(_address(accepted, where))
        connection = Connection(next(self._numbers), origin, self._limits, self._keeper, self._clock)
        if not self._admit(connection):
            accepted.close()
            return
        task = tasks.spawn(self._shake_hands(connection, accepted), "handshake")
        self._handshakes[connection.number] = _Handshake(connection, task, self._clock.now())
        task.add_done_callback(partial(self._ended, connection, accepted))

    def _admit(self, connection: Connection) -> bool:
        if connection.origin.owner_only:
            return True
        address = connection.origin.address
        return self._admission.may_shake_hands(address, self._loop.time()) and self._admission.enter(
            connection.number, address, partial(self._evict, connection)
        )

    def _evict(self, connection: Connection) -> None:
        handshake = self._handshakes.get(connection.number)
        if handshake is not None and not connection.arrived:
            handshake.task.cancel()
        connection.abort()

    async def _shake_hands(self, connection: Connection, accepted: socket.socket) -> None:
        try:
            if connection.origin.owner_only:
                await self._loop.connect_accepted_socket(lambda: connection, accepted)
                return
            if accepted.family != socket.AF_UNIX:
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if await self._direct.take(accepted):
                return
            await self._loop.connect_accepted_socket(
                lambda: connection,
                accepted,
                ssl=self._context(),
                # `tick` comes first; this one counts time in which we did not listen.
                ssl_handshake_timeout=10 * self._limits.handshake_timeout,
                ssl_shutdown_timeout=self._limits.close_timeout,
            )
        except OSError as error:  # ssl.SSLError is one
            log.debug("no handshake with %s: %s", connection.origin.address, error)

    def _ended(self, connection: Connection, accepted: socket.socket, _: asyncio.Task[None]) -> None:
        del self._handshakes[connection.number]
        if not connection.arrived:
            # The task may have been cancelled before it began, so nobody else has closed this.
            accepted.close()
            self._admission.leave(connection.number)


def _address(accepted: socket.socket, where: object) -> str:
    if accepted.family == socket.AF_UNIX or not isinstance(where, tuple):
        return "unix"
    return str(where[0]).removeprefix("::ffff:")
