"""The worker's end of the bus: one DEALER at a time, and the knowledge whether a broker is behind it.

A socket that has lost its broker is thrown away: what it had queued would reach a new broker before our
Ready. Heartbeats are the program's own, for an IO thread answers ZeroMQ's even when its program hangs.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator

import zmq
from msgspec import structs

from claude_remote import bus
from claude_remote.envelope import Envelope, seal
from claude_remote_workers.incoming import take

_AT_MOST_EVERY = 0.2  # seconds between two sockets
# Plain numbers: arithmetic with flags of an enum costs more than to send.
_NOW, _NOW_AND_MORE = int(zmq.NOBLOCK), int(zmq.NOBLOCK | zmq.SNDMORE)
_LAST_WORDS = 500  # milliseconds that the final messages may take to leave


class Link:
    """Speaks to whoever is bound at `address`. `introduce` gives the Ready of this moment."""

    def __init__(
        self,
        address: str,
        introduce: Callable[[], bus.Ready],
        poller: zmq.Poller,
        vitals: Callable[[float], bus.Beat] = lambda _: bus.Beat(),
    ) -> None:
        """`vitals` gives the beat of a moment, less what is known here."""
        self._vitals = vitals
        self._last_beat = bus.Beat()  # of the broker
        self._last_beat_came = 0.0
        self._address = address if "://" in address else f"ipc://{address}"
        self._introduce = introduce
        self._poller = poller
        self._context = zmq.Context()
        self._socket: zmq.Socket[bytes] | None = None
        self._renewed = 0.0
        self._beaten = 0.0
        self.heard = 0.0  # when the broker was last heard
        self.welcomed = False  # on this socket

    @property
    def next_deadline(self) -> float:
        """When tick() has something to do."""
        return min(self._beaten + bus.HEARTBEAT_EVERY, self._last_sign + bus.DEAD_AFTER)

    def renew(self, now: float) -> None:
        """Begin again on a new socket."""
        self._drop_socket()
        socket = self._context.socket(zmq.DEALER)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.SNDHWM, 0)  # the outbox has a limit, in bytes
        socket.setsockopt(zmq.RCVHWM, 0)  # the broker has one
        socket.setsockopt(zmq.RECONNECT_IVL, 50)
        socket.connect(self._address)
        self._poller.register(socket, zmq.POLLIN)
        self._socket = socket
        self._renewed = self._beaten = now
        self.welcomed = False
        self.send(self._introduce())

    def tick(self, now: float) -> None:
        """Beat; and renew the socket of a broker that is silent."""
        if now >= self._last_sign + bus.DEAD_AFTER:
            self.renew(now)
        elif now >= self._beaten + bus.HEARTBEAT_EVERY:
            self._beaten = now
            self.send(self._beat(now))

    def send(self, verb: bus.Verb, payload: bytes = b"") -> None:
        """Queue one verb. It is lost when the broker is; Ready and Welcome find out what was."""
        socket = self._socket
        if socket is not None:
            code, header, payload = seal(verb, payload)
            # Whether there is room for the whole is decided with the first frame, and there always is.
            socket.send(code, _NOW_AND_MORE)
            socket.send(header, _NOW_AND_MORE)
            socket.send(payload, _NOW)

    def _beat(self, now: float) -> bus.Beat:
        echo, self._last_beat = self._last_beat.at, bus.Beat()
        held = now - self._last_beat_came if echo else 0.0
        return structs.replace(self._vitals(now), echo=echo, held=held)

    def is_among(self, ready: Container[object]) -> bool:
        """Whether the present socket is one of these."""
        return self._socket in ready

    def receive(self, now: float) -> Iterator[Envelope]:
        """What has come. Verbs of another version, or broken ones, are dropped: this broker is not ours."""
        while self._socket is not None and (envelope := take(self._socket)) is not None:
            if isinstance(envelope.verb, bus.Who):
                # A broker that does not want us asks after each Ready: the next beat will do then.
                if now >= self._renewed + _AT_MOST_EVERY:
                    self.renew(now)
                    return
                continue
            self.heard = now
            if isinstance(envelope.verb, bus.Welcome):
                self.welcomed = True
            elif isinstance(envelope.verb, bus.Beat):
                self._last_beat, self._last_beat_came = envelope.verb, now
            yield envelope

    def close(self) -> None:
        """Let the last messages leave, and close."""
        if self._socket is not None:
            self._socket.setsockopt(zmq.LINGER, _LAST_WORDS)
        self._drop_socket()
        self._context.term()

    @property
    def _last_sign(self) -> float:
        return max(self.heard, self._renewed)

    def _drop_socket(self) -> None:
        if self._socket is not None:
            self._poller.unregister(self._socket)
            self._socket.close()
            self._socket = None
