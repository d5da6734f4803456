"""Following a server's feed: on this machine by its PUB socket, elsewhere by its door."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import zmq

from claude_remote import codec
from claude_remote.client.client import Client
from claude_remote.client.watching import FeedMessage
from claude_remote.errors import LinkLost
from claude_remote.feed import Published, Snapshot
from claude_remote.messages import HEARTBEAT_EVERY

# Between two snapshots that were needed; it doubles while they do not help.
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
# A feed that has fallen silent is compared with a snapshot once: PUB drops in silence.
VERIFY_AFTER = 1_000  # ms
# Messages of up to 100 items: what waits longer than a second is too old by then.
_HIGH_WATER = 2_000
_IN_ONE_TURN = 1_000

# Takes what arrived and says whether the picture is now in doubt.
Take = Callable[[FeedMessage], bool]
Heard = Callable[[], None]
# Items that are on their way or wait for the window, before it is shown how things stand instead.
WINDOW = 1_000
_SOON = 0.1


class Follower:
    """Follows until `stop`, or until the connection fails, with the error of the client library."""

    def __init__(self, take: Take, heard: Heard, shown: Callable[[], int] = lambda: 0) -> None:
        self._take = take
        self._shown = shown  # the last item that the window has shown
        self._heard = heard
        self._stopping = threading.Event()
        self._cut: Callable[[], None] = lambda: None
        self._pause = FIRST_PAUSE
        self._asked_at = self._doubted_at = 0.0

    def stop(self) -> None:
        """End it, from any thread."""
        self._stopping.set()
        with suppress(OSError):
            self._cut()

    def by_door(self, client: Client) -> None:
        """Watch. A picture in doubt is healed by watching anew: what is still under way is old."""
        while not self._stopping.is_set():
            with client.watch(WINDOW) as watching:
                self._cut = watching.abort
                doubtful = False
                taken = told = 0
                while not doubtful and not self._stopping.is_set():
                    message = watching.receive(_SOON if told < taken else 1.0)
                    if isinstance(message, Snapshot):
                        taken = told = message.seq
                    elif message is not None:
                        taken = message.seq + len(message.items) - 1
                    shown = min(self._shown(), taken)
                    if shown > told:
                        watching.seen(shown)
                        told = shown
                    if watching.unheard < 1.0:
                        self._heard()
                    doubtful = message is not None and self._take(message)
            self._stopping.wait(self._slow_down())

    def by_socket(self, client: Client, feed_socket: Path) -> None:
        """Subscribe first, ask for the snapshot then."""
        ours, theirs = socket.socketpair()
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        with closing(ours), closing(theirs), context, context.socket(zmq.SUB) as sub:

            def wake() -> None:
                ours.send(b"\0")

            self._cut = wake
            sub.setsockopt(zmq.LINGER, 0)
            sub.setsockopt(zmq.RCVHWM, _HIGH_WATER)
            sub.setsockopt(zmq.SUBSCRIBE, b"")
            sub.connect(f"ipc://{feed_socket}")
            poller = zmq.Poller()
            poller.register(sub, zmq.POLLIN)
            poller.register(theirs, zmq.POLLIN)
            # A SUB socket says nothing of a server that has gone, and waits for the next one.
            with sub.get_monitor_socket(zmq.EVENT_DISCONNECTED) as gone:
                try:
                    self._listen(client, sub, poller, gone)
                except zmq.ZMQError as error:
                    raise LinkLost(f"the feed of this machine broke: {error}") from None
                finally:
                    sub.disable_monitor()

    def _listen(
        self, client: Client, sub: zmq.Socket[bytes], poller: zmq.Poller, gone: zmq.Socket[bytes]
    ) -> None:
        doubtful, verified = self._snapshot(client), False
        self._asked_at = 0.0  # the subscription may have come after that snapshot: look once more, soon
        both = zmq.Poller()
        for watched in [*poller.sockets, (gone, zmq.POLLIN)]:
            both.register(*watched)
        while not self._stopping.is_set():
            ready = dict(both.poll(VERIFY_AFTER))
            if gone in ready:
                gone.recv_multipart()
                # Is it there, or another in its place? It raises if not.
                self._ping(client)
                verified, self._asked_at = False, 0.0
            elif ready:
                doubtful, verified = self._drain(sub, doubtful=doubtful), False
            elif time.monotonic() - self._asked_at > HEARTBEAT_EVERY:
                if verified:
                    self._ping(client)
                else:
                    doubtful, verified = self._snapshot(client), True
            if doubtful:
                self._skip(sub, poller, self._slow_down())
                doubtful = self._snapshot(client)

    def _skip(self, sub: zmq.Socket[bytes], poller: zmq.Poller, pause: float) -> None:
        """Wait for so many seconds. What comes meanwhile is older than the snapshot that is asked for then:
        if it were left lying it would fill the memory, and be late when it is read.
        """
        until = time.monotonic() + pause
        while not self._stopping.is_set() and (left := until - time.monotonic()) > 0:
            if poller.poll(int(left * 1000) + 1):
                with suppress(zmq.Again):
                    while time.monotonic() < until:
                        sub.recv(zmq.NOBLOCK)
                self._heard()

    def _drain(self, sub: zmq.Socket[bytes], *, doubtful: bool) -> bool:
        for _ in range(_IN_ONE_TURN):
            try:
                data = sub.recv(zmq.NOBLOCK)
            except zmq.Again:
                break
            doubtful = self._take(codec.unpack(data, Published))
        self._heard()
        return doubtful

    def _snapshot(self, client: Client) -> bool:
        doubtful = self._take(client.snapshot())
        self._asked_at = time.monotonic()
        self._heard()
        return doubtful

    def _ping(self, client: Client) -> None:
        client.ping()
        self._asked_at = time.monotonic()
        self._heard()

    def _slow_down(self) -> float:
        """How long to wait before the next snapshot."""
        now = time.monotonic()
        if now - self._doubted_at > 2 * LONGEST_PAUSE:
            self._pause = FIRST_PAUSE
        self._doubted_at = now
        pause, self._pause = self._pause, min(2 * self._pause, LONGEST_PAUSE)
        return pause
