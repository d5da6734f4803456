"""The ROUTER: verbs from and to the workers, on a private ipc socket.

A plain zmq socket on the loop's readiness callbacks. Its descriptor is edge-triggered: after a wake-up the
socket must be read until it is empty, and it must be looked at again after every send, for a send may have
taken in what arrived. One turn of the loop takes a bounded amount from it, and hands it on together.

Who comes alone is heard at once. When many workers speak, to wake for each of them, and to store and show
what it says, would cost several times what it costs for all who spoke in a few milliseconds: so the socket is
left alone for that long, as often as a crowd is found in it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast

import zmq

from claude_remote import bus, framing
from claude_remote.envelope import PARCEL, seal, unseal
from claude_remote.errors import RemoteError
from claude_remote.files import private_socket
from claude_remote_broker.ports import FromWorker, ToWorker
from claude_remote_broker.sparing import SparingLog

log = logging.getLogger(__name__)

# What one turn of the loop takes: so many messages or so many bytes, whatever is reached first.
TURN_MESSAGES = 128
TURN_BYTES = 256 * 1024
# Sockets that have sent Ready and may not have said goodbye; beyond it the oldest is asked who it is again.
MAX_ROUTES = 4096
# A crowd: so many verbs within so many seconds; and for how long they are left to gather.
CROWD = 4
PAUSE = 0.004
# A line of the greatest length with the frames around it.
MAX_FRAME = bus.MAX_LINE + 64 * 1024
HEARTBEAT_MS = 2_000
HEARTBEAT_TIMEOUT_MS = 10_000
# Plain numbers: arithmetic with flags of an enum, three times for every verb, costs more than to send it.
_NOW = int(zmq.NOBLOCK)
_NOW_AND_MORE = int(zmq.NOBLOCK | zmq.SNDMORE)
_POLLIN = int(zmq.POLLIN)


class BusSocket:
    """Owns the ROUTER. `deliver` gets the verbs of workers that have said Ready, all of one look together.

    `on_large` is called for each message of framing.LONG bytes and more.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        path: Path,
        deliver: Callable[[Sequence[FromWorker]], None],
        loop: asyncio.AbstractEventLoop,
        on_large: Callable[[], None] = lambda: None,
    ) -> None:
        self._deliver = deliver
        self._on_large = on_large
        self._loop = loop
        # Insertion order is age; the value means nothing.
        self._routes: dict[bytes, None] = {}
        self._bad = SparingLog(log)
        self._lost = SparingLog(log)
        self._scheduled: asyncio.Handle | None = None
        self._resting: asyncio.TimerHandle | None = None
        self._counted = 0  # verbs since then:
        self._counted_since = 0.0
        self._socket = _open_router(context, path)
        self._descriptor = self._socket.fileno()
        self._listen()
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
        for handle in (self._scheduled, self._resting):
            if handle is not None:
                handle.cancel()
        self._socket.close(linger=0)

    # --- when it is looked at --------------------------------------------------------------------------

    def _listen(self) -> None:
        self._loop.add_reader(self._descriptor, self._pump)

    def _schedule(self) -> None:
        """Look again in the next turn, unless it is known when that will be."""
        if self._scheduled is None and self._resting is None:
            self._scheduled = self._loop.call_soon(self._pump_again)

    def _pump_again(self) -> None:
        self._scheduled = None
        self._pump()

    def _consider_rest(self) -> None:
        """Leave the socket alone for a moment if so many have come that more will."""
        if self._counted >= CROWD and self._resting is None:
            self._loop.remove_reader(self._descriptor)
            self._resting = self._loop.call_later(PAUSE, self._go_on)

    def _go_on(self) -> None:
        self._resting = None
        self._counted, self._counted_since = 0, self._loop.time()
        self._listen()
        self._look(TURN_MESSAGES)

    # --- what comes ------------------------------------------------------------------------------------

    def _pump(self) -> None:
        if self._resting is None:
            # Who comes alone need not wait until it is known that there is nobody else.
            self._look(1 if self._counted < CROWD else TURN_MESSAGES)

    def _look(self, most: int) -> None:
        events, drained = self._take(most)
        if events:
            self._deliver(events)
        if self._socket.closed:  # by what that led to
            return
        if drained or self._is_empty():
            self._consider_rest()
        else:
            # The descriptor will not wake us: come back after the others had their turn.
            self._schedule()

    def _is_empty(self) -> bool:
        return not int(self._socket.getsockopt(zmq.EVENTS)) & _POLLIN

    def _take(self, most: int) -> tuple[list[FromWorker], bool]:
        """What is there, so many verbs at most and what bytes one turn takes; whether that is surely all."""
        events: list[FromWorker] = []
        taken = 0
        drained = False
        for _ in range(most):
            frames = self._receive()
            if frames is None:
                drained = True
                break
            event = self._read(frames)
            if event is not None:
                events.append(event)
            size = sum(map(len, frames))
            if size >= framing.LONG:
                self._on_large()
            taken += size
            if taken >= TURN_BYTES:
                break
        if taken < TURN_BYTES:  # bulk is no crowd
            self._count(len(events))
        return events, drained

    def _count(self, verbs: int) -> None:
        now = self._loop.time()
        if not 0 <= now - self._counted_since < PAUSE:
            self._counted, self._counted_since = 0, now
        self._counted += verbs

    def _receive(self) -> list[bytes] | None:
        """The frames of one message. Each tells whether more follow: to ask the socket would cost more."""
        receive = self._socket.recv
        try:
            frame = receive(_NOW, copy=False)
        except zmq.Again:
            return None
        frames = [frame.bytes]
        while frame.more:
            frame = receive(_NOW, copy=False)
            # A long parcel is passed on as it is: to make bytes of it is to copy it.
            is_parcel = len(frame) >= framing.LONG and len(frames) == 3 and frames[1] == PARCEL
            frames.append(cast("bytes", frame.buffer) if is_parcel else frame.bytes)
        return frames

    def _read(self, frames: Sequence[bytes]) -> FromWorker | None:
        route = frames[0]
        try:
            verb, payload = unseal(frames[1:], bus.FROM_WORKER)
        except RemoteError as error:
            self._bad.warning("dropped an envelope of worker %s: %s", _short(route), error.message)
            return None
        if isinstance(verb, bus.Ready):
            self._remember(route)
        elif route not in self._routes:
            self.send(ToWorker(route, bus.Who()))
            return None
        return FromWorker(route, verb, payload)

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
