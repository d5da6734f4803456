"""An errand's end of the bus: parcels both ways, and the news that it is to end.

It says Ready once and makes no second socket: what was on its way is not known, so an errand whose line to
the broker breaks ends.
"""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Iterable, Mapping

import msgspec
import zmq

from claude_remote import bus, codec
from claude_remote.envelope import Envelope, seal
from claude_remote.errors import RemoteError
from claude_remote.launch import Fork
from claude_remote.parcels import Accounts, Parcel
from claude_remote_workers.incoming import take
from claude_remote_workers.wakeup import Wakeup, ended_children

# A broker that says nothing for so long is gone, or its machine stood still.
GONE_AFTER = 10.0
_BREATHE_EVERY = 0.2
_LONGEST_POLL = 1.0
_LAST_WORDS = 500  # milliseconds
# Plain numbers: arithmetic with flags of an enum for every parcel costs more than to send it.
_NOW = int(zmq.NOBLOCK)
_NOW_AND_MORE = int(zmq.NOBLOCK | zmq.SNDMORE)
_SIGNALS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT)


class Dismissed(Exception):
    """The errand is to end: its client or its broker is gone, or it was cancelled."""


class Channel:
    """To the broker that has launched this process, and through it to the client."""

    def __init__(self, fork: Fork, started: float) -> None:
        self._wakeup = Wakeup(_SIGNALS)
        self._context = zmq.Context()
        self._socket: zmq.Socket[bytes] = self._context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, _LAST_WORDS)
        self._socket.setsockopt(zmq.SNDHWM, 0)  # the window is the limit
        self._socket.setsockopt(zmq.RCVHWM, 0)
        self._socket.connect(fork.bus if "://" in fork.bus else f"ipc://{fork.bus}")
        self._poller = zmq.Poller()
        self._poller.register(self._socket, zmq.POLLIN)
        self._poller.register(self._wakeup.descriptor, zmq.POLLIN)
        self._watched: dict[int, int] = {}
        self._accounts = Accounts()
        self._urgent: deque[Parcel] = deque()
        self._ordinary: deque[Parcel] = deque()
        self._begin: Envelope | None = None
        self._children: dict[int, int | None] = {}
        now = time.monotonic()
        self._heard = self._beaten = self._turned = now
        ready = bus.Ready(token=fork.token, worker=fork.worker, pid=os.getpid(), started=started)
        self._send(ready)

    # --- parcels -----------------------------------------------------------------------------------------

    @property
    def room(self) -> int:
        """Ordinary parcels that can be sent now without waiting."""
        return self._accounts.room

    def send(self, header: msgspec.Struct, payload: bytes = b"", *, urgent: bool = False) -> None:
        """Send a parcel, as soon as the client has room for it. Raises Dismissed.

        At most messages.PARCEL bytes; nobody may wait for the answer to an urgent one, which has none.
        """
        self.breathe()
        while not (self._accounts.urgent_room if urgent else self._accounts.room):
            self.turn(_LONGEST_POLL)
        self._accounts.sent()
        self._send(bus.Parcel(header=codec.pack(header), urgent=urgent), payload)

    def receive(self) -> Parcel:
        """The next parcel of the client, as soon as there is one. Raises Dismissed."""
        while True:
            parcel = self.take_urgent() or self.take()
            if parcel is not None:
                return parcel
            self.turn(_LONGEST_POLL)

    def take(self) -> Parcel | None:
        """The next ordinary parcel, if one has come. Taking it lets the client send another."""
        return self._take(self._ordinary)

    def take_urgent(self) -> Parcel | None:
        """The next urgent one, if one has come."""
        return self._take(self._urgent)

    # --- waiting -----------------------------------------------------------------------------------------

    def turn(self, timeout: float, reading: Iterable[int] = (), writing: Iterable[int] = ()) -> set[int]:
        """Wait, at most so many seconds, until something comes or one of these descriptors is ready.

        Returns those that are (also when they have failed). Raises Dismissed.
        """
        if reading or writing or self._watched:
            self._watch(reading, writing)
        began = time.monotonic()
        if began - self._turned > GONE_AFTER / 2:
            self._heard = began  # it was we who did not listen
        left = min(timeout, _LONGEST_POLL)
        ready = dict(self._poller.poll(0 if left <= 0 else int(left * 1000) + 1))
        now = self._turned = time.monotonic()
        if self._socket in ready:
            self._drain(now)
        if self._wakeup.descriptor in ready:
            self._look_at_signals()
        if now - self._beaten >= bus.HEARTBEAT_EVERY:
            self._beaten = now
            self._send(bus.Beat())
        if now - self._heard > GONE_AFTER:
            raise Dismissed("the broker is gone")
        return {descriptor for descriptor in ready if descriptor in self._watched}

    def breathe(self) -> None:
        """Look at what has come and say that we live, if that was long ago. Raises Dismissed."""
        if time.monotonic() - self._turned > _BREATHE_EVERY:
            self.turn(0)

    def offer_direct(self, certificate: bytes) -> None:
        """Tell that this errand listens for a direct connection, and shows this certificate there."""
        self._send(bus.Direct(), certificate)

    # --- children ----------------------------------------------------------------------------------------

    def watch_child(self, pid: int) -> None:
        """Remember how this child ends; all others are only reaped."""
        self._children[pid] = None

    def child_status(self, pid: int) -> int | None:
        """How it ended, as waitpid gives it; None while it lives."""
        return self._children[pid]

    # --- beginning and end -------------------------------------------------------------------------------

    def open(self) -> tuple[bus.Begin, bytes]:
        """What is to be done. Raises Dismissed when nobody says so."""
        while self._begin is None:
            self.turn(_LONGEST_POLL)
        verb, payload = self._begin
        if not isinstance(verb, bus.Begin):
            raise TypeError("only Begin is kept")
        return verb, payload

    def say_over(self, error: RemoteError | None, outcome: Mapping[str, str]) -> None:
        """Tell the end, with what the audit is to know of it, and wait until that is known."""
        told = dict(outcome)
        if error is None:
            self._send(bus.Over(outcome=told))
        else:
            detail = {key[:64]: value[:1024] for key, value in error.detail.items()}
            words = error.message[: 4 * 1024]
            self._send(bus.Over(code=error.code, message=words, detail=detail, outcome=told))
        try:
            while True:
                self.turn(_LONGEST_POLL)
        except Dismissed:
            pass

    def close(self) -> None:
        """Let go of everything."""
        self._socket.close()
        self._context.term()
        self._wakeup.close()

    # --- inside ------------------------------------------------------------------------------------------

    def _send(self, verb: bus.Verb, payload: bytes = b"") -> None:
        code, header, payload = seal(verb, payload)
        self._socket.send(code, _NOW_AND_MORE)
        self._socket.send(header, _NOW_AND_MORE)
        self._socket.send(payload, _NOW)

    def _take(self, queue: deque[Parcel]) -> Parcel | None:
        self.breathe()
        if not queue:
            return None
        parcel = queue.popleft()
        credit = self._accounts.taken(urgent=parcel.urgent)
        if credit:
            self._send(bus.Credit(parcels=credit))
        return parcel

    def _watch(self, reading: Iterable[int], writing: Iterable[int]) -> None:
        wanted: dict[int, int] = dict.fromkeys(reading, zmq.POLLIN)
        for descriptor in writing:
            wanted[descriptor] = wanted.get(descriptor, 0) | zmq.POLLOUT
        for descriptor in self._watched.keys() - wanted.keys():
            self._poller.unregister(descriptor)
        for descriptor, events in wanted.items():
            self._poller.register(descriptor, events)
        self._watched = wanted

    def _drain(self, now: float) -> None:
        while (envelope := take(self._socket)) is not None:
            self._heard = now
            self._digest(envelope)

    def _digest(self, envelope: Envelope) -> None:
        match envelope.verb:
            case bus.Begin():
                self._begin = envelope
            case bus.Parcel(header=header, urgent=urgent):
                queue = self._urgent if urgent else self._ordinary
                queue.append(Parcel(header, envelope.payload, urgent))
            case bus.Credit(parcels=parcels):
                self._accounts.credited(parcels)
            case bus.Dismiss():
                raise Dismissed("the client is gone")
            case bus.Who():
                raise Dismissed("the broker is another one")
            case _:
                pass

    def _look_at_signals(self) -> None:
        came = self._wakeup.take()
        if signal.SIGCHLD in came:
            for pid, status in ended_children():
                if pid in self._children:
                    self._children[pid] = status
        if signal.SIGTERM in came:
            raise Dismissed("told to end")
