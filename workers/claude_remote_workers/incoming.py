"""What comes from the bus."""

from __future__ import annotations

from typing import cast

import zmq

from claude_remote import bus, framing
from claude_remote.envelope import PARCEL, Envelope, unseal
from claude_remote.errors import RemoteError
from claude_remote_workers.complaints import complain

# Plain numbers: arithmetic with flags of an enum for every message costs more than to receive it.
_NOW = int(zmq.NOBLOCK)
_POLLIN = int(zmq.POLLIN)


def take(socket: zmq.Socket[bytes]) -> Envelope | None:
    """The next envelope of the broker, None when none has come. What cannot be read is dropped."""
    while True:
        # Asked first: an exception for every end of a queue would cost more than a message.
        if not int(socket.getsockopt(zmq.EVENTS)) & _POLLIN:
            return None
        try:
            frames = _receive(socket)
        except zmq.Again:
            return None
        try:
            return unseal(frames, bus.FROM_BROKER)
        except RemoteError as error:
            complain(f"dropped from the bus: {error}")


def _receive(socket: zmq.Socket[bytes]) -> list[bytes]:
    """The frames of one message. Raises zmq.Again."""
    frames = [socket.recv(_NOW)]
    while socket.getsockopt(zmq.RCVMORE):
        if len(frames) == 2 and frames[0] == PARCEL:
            frame = socket.recv(_NOW, copy=False)
            long = len(frame) >= framing.LONG
            frames.append(cast("bytes", frame.buffer) if long else frame.bytes)
        else:
            frames.append(socket.recv(_NOW))
    return frames
