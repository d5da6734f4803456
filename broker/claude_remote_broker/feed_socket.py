"""The PUB side of the feed, for watchers on this machine. It never blocks and never waits for anybody.

A watcher that does not keep up loses messages past the high-water mark, sees the gap in the numbers, and asks
for a snapshot. XPUB rather than PUB: it tells whether anybody listens, so that nobody's feed costs nothing.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import zmq

from claude_remote import codec
from claude_remote.feed import Published
from claude_remote.files import private_socket

# Messages kept for one slow watcher. At 20 a second for each session this is some seconds of a busy server.
HIGH_WATER = 1_000
MAX_TOPICS = 64


class FeedSocket:
    """Owns the XPUB; each message is one frame, a claude_remote.feed.Published as msgpack."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], path: Path) -> None:
        self._topics: set[bytes] = set()
        socket = context.socket(zmq.XPUB)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.SNDHWM, HIGH_WATER)
        socket.setsockopt(zmq.RCVHWM, HIGH_WATER)
        socket.setsockopt(zmq.MAXMSGSIZE, 1024)  # what watchers send: subscriptions
        socket.setsockopt(zmq.HEARTBEAT_IVL, 2_000)
        socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 10_000)
        with suppress(FileNotFoundError):
            path.unlink()
        with private_socket(path):
            socket.bind(f"ipc://{path}")
        self._socket = socket

    def publish(self, published: Published) -> None:
        """Send to whoever listens."""
        self._read_subscriptions()
        if self._topics:
            # XPUB drops for a watcher that is full; it gives no EAGAIN.
            self._socket.send(codec.pack(published), zmq.NOBLOCK)

    def close(self) -> None:
        """Close at once."""
        self._socket.close(linger=0)

    def _read_subscriptions(self) -> None:
        # Each topic is told once, when its first watcher comes and when its last one goes.
        with suppress(zmq.Again):
            while True:
                message = self._socket.recv(zmq.NOBLOCK)
                topic = message[1:]
                if message[:1] == b"\x00":
                    self._topics.discard(topic)
                elif message[:1] == b"\x01" and len(self._topics) < MAX_TOPICS:
                    self._topics.add(topic)
