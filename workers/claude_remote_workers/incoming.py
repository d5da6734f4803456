"""What comes from the bus."""

from __future__ import annotations

import zmq

from claude_remote import bus
from claude_remote.envelope import Envelope, unseal
from claude_remote.errors import RemoteError
from claude_remote_workers.complaints import complain


def take(socket: zmq.Socket[bytes]) -> Envelope | None:
    """The next envelope of the broker, None when none has come. What cannot be read is dropped."""
    while True:
        try:
            frames = socket.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return None
        try:
            return unseal(frames, bus.FROM_BROKER)
        except RemoteError as error:
            complain(f"dropped from the bus: {error}")
