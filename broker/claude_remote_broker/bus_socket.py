"""The ROUTER: verbs from and to the workers, on a private ipc socket.

A plain zmq socket on the loop's readiness callbacks. Its descriptor is edge-triggered: after a wake-up the
socket must be read until it is empty, and it must be looked at again after every send, for a send may have
taken in what arrived. One turn of the loop takes a bounded amount from it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import zmq

from claude_remote import bus
from claude_remote.envelope import seal, unseal
from claude_remote.errors import RemoteError
from claude_remote.files import private_socket
from claude_remote_broker.ports import FromWorker, ToWorker
from claude_remote_broker.sparing import SparingLog

log = logging.getLogger(__name__)

# What one turn of the loop takes: so many messages or so many bytes, whatever is reached first.
TURN_MESSAGES = 64
TURN_BYTES = 256 * 1024
# Sockets that have sent Ready and may not have said goodbye; beyond it the oldest is asked who it is again.
MAX_ROUTES = 4096
# A line of the greatest length with the frames around it.
MAX_FRAME = bus.MAX_LINE + 64 * 1024
HEARTBEAT_MS = 2_000
HEARTBEAT_TIMEOUT_MS = 10_000
# Plain numbers: arithmetic with flags of an enum, three times for every verb, costs more than to send it.
_NOW = int(zmq.NOBLOCK)
_NOW_AND_MORE = int(zmq.NOBLOCK | zmq.SNDMORE)
_POLLIN = int(zmq.POLLIN)


class BusSocket:
    """Owns the ROUTER. `deliver` is called for every verb of a worker that has said Ready."""

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        path: Path,
        deliver: Callable[[FromWorker], None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._deliver = deliver
        self._loop = loop
        # Insertion order is age; the value means nothing.
        self._routes: dict[bytes, None] = {}
        self._bad = SparingLog(log)
        self._lost = SparingLog(log)
        self._scheduled: asyncio.Handle | None = None
        self._socket = _open_router(context, path)
        self._descriptor = self._socket.fileno()
        loop.add_reader(self._descriptor, self._pump)
        self._schedule()

    def send(self, command: ToWorker) -> None:
        """Hand a verb to the worker behind a route, or drop it: the worker's next Ready repairs."""
        if isinstance(command.verb, bus.Who):
            self._routes.pop(command.route, None)
        socket = self._socket
        code, header, payload = seal(command.verb, command.payload)
        try:
            # Whether the whole is taken is decided with the route.
            socket.send(command.route, _NOW_AND_MORE)
            socket.send(code, _NOW_AND_MORE)
            socket.send(header, _NOW_AND_MORE)
            socket.send(payload, _NOW)
        except zmq.Again:
            # When it reads again, whatever it says first is answered by Who, and so by Ready.
            self._routes.pop(command.route, None)
            self._lost.warning("worker %s does not read; dropped %s", _short(command.route), _name(command))
        except zmq.ZMQError as error:
            self._routes.pop(command.route, None)
            if error.errno != zmq.EHOSTUNREACH:
                raise
            log.debug("worker %s is gone; dropped %s", _short(command.route), _name(command))
        # It may have taken in what arrived; the descriptor would not tell. One look for all sends of a turn.
        self._schedule()

    def close(self) -> None:
        """Close at once; what has not left is dropped."""
        self._loop.remove_reader(self._descriptor)
        if self._scheduled is not None:
            self._scheduled.cancel()
        self._socket.close(linger=0)

    def _schedule(self) -> None:
        if self._scheduled is None:
            self._scheduled = self._loop.call_soon(self._pump_again)

    def _pump_again(self) -> None:
        self._scheduled = None
        self._pump()

    def _pump(self) -> None:
        taken = 0
        for _ in range(TURN_MESSAGES):
            if self._socket.closed:  # by what the last message led to
                return
            # Asked first: an exception for every end of a queue would cost more than a message.
            if not int(self._socket.getsockopt(zmq.EVENTS)) & _POLLIN:
                return
            try:
                frames = self._socket.recv_multipart(_NOW)
            except zmq.Again:
                return
            self._receive(frames)
            taken += sum(map(len, frames))
            if taken >= TURN_BYTES:
                break
        # Not empty yet, so the descriptor will not wake us: come back after the others had their turn.
        self._schedule()

    def _receive(self, frames: Sequence[bytes]) -> None:
        route = frames[0]
        try:
            verb, payload = unseal(frames[1:], bus.FROM_WORKER)
        except RemoteError as error:
            self._bad.warning("dropped an envelope of worker %s: %s", _short(route), error.message)
            return
        if isinstance(verb, bus.Ready):
            self._remember(route)
        elif route not in self._routes:
            self.send(ToWorker(route, bus.Who()))
            return
        self._deliver(FromWorker(route, verb, payload))

    def _remember(self, route: bytes) -> None:
        self._routes.pop(route, None)
        self._routes[route] = None
        if len(self._routes) > MAX_ROUTES:
            self._routes.pop(next(iter(self._routes)))


def _open_router(
    context: zmq.Context[zmq.Socket[bytes]],
    path: Path,
) -> zmq.Socket[bytes]:
    socket = context.socket(zmq.ROUTER)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
    socket.setsockopt(zmq.ROUTER_HANDOVER, 0)
    socket.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME)
    socket.setsockopt(zmq.HEARTBEAT_IVL, HEARTBEAT_MS)
    socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS)
    # libzmq takes a path over without asking; the server holds the lock of its state, so a file here is dead.
    with suppress(FileNotFoundError):
        path.unlink()
    with private_socket(path):
        socket.bind(f"ipc://{path}")
    return socket


def _short(route: bytes) -> str:
    return route.hex()[:16]


def _name(command: ToWorker) -> str:
    return type(command.verb).__name__
