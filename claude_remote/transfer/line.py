"""A direct connection as the two ends of a transfer use it: packets over TLS, each after its length.

    length (4 bytes, big endian) | packet

A length of 0 is a heartbeat. Nothing here waits; who cannot go on asks the selector about `descriptor`.
"""

from __future__ import annotations

import ssl
import time
from contextlib import suppress
from struct import Struct
from typing import cast

from claude_remote.errors import BadMessage, LinkLost
from claude_remote.messages import DEAD_AFTER, HEARTBEAT_EVERY
from claude_remote.transfer import sizes

_LENGTH = Struct("!I")
_HEARTBEAT = _LENGTH.pack(0)
_RECORD = 16 * 1024  # the longest that TLS gives at once
_DRAINED = 1000  # records: heartbeats of more than an hour
_NOT_NOW = (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError)


class LineLost(LinkLost):
    """The direct connection is gone. The exchange may know why."""


class Line:
    """Owns `stream`, on which the handshake is done."""

    def __init__(self, stream: ssl.SSLSocket) -> None:
        stream.setblocking(False)  # noqa: FBT003  the socket module's own signature
        self._stream = stream
        self.descriptor = stream.fileno()
        self._length = bytearray(_LENGTH.size)
        self._packet = bytearray()
        self._room = memoryview(self._length)  # what is still to be filled, of one of these
        self._unsent: list[memoryview] = []
        self._said = time.monotonic()
        self._silence = 0.0

    @property
    def unsent(self) -> bool:
        """Whether something waits to be sent."""
        return bool(self._unsent)

    # --- out -------------------------------------------------------------------------------------------

    def send(self, packet: memoryview) -> bool:
        """Begin to send one, when nothing is unsent. Whether it is sent; otherwise it must stay as it is.

        Raises LineLost.
        """
        self._unsent = [memoryview(_LENGTH.pack(len(packet))), packet]
        return self.flush()

    def flush(self) -> bool:
        """Go on sending. Whether nothing is left. Raises LineLost."""
        try:
            while self._unsent:
                first = self._unsent[0]
                count = self._stream.send(first)
                self._said = time.monotonic()
                if count < len(first):
                    self._unsent[0] = first[count:]
                else:
                    del self._unsent[0]
        except _NOT_NOW:
            return False
        except OSError as error:
            raise _lost(error) from None
        return True

    def keep_unsent(self) -> None:
        """Copy what is unsent, so that the packet may be overwritten."""
        self._unsent = [memoryview(bytes(each)) for each in self._unsent]

    def beat(self) -> None:
        """Say that this end lives, if it has said nothing for long. Raises LineLost."""
        if not self._unsent and time.monotonic() - self._said >= HEARTBEAT_EVERY:
            self._unsent = [memoryview(_HEARTBEAT)]
            self.flush()

    # --- in --------------------------------------------------------------------------------------------

    def receive(self) -> bytes | None:
        """The next packet, if it is there as a whole. Raises LineLost and BadMessage."""
        try:
            while not self._packet:
                self._fill()
                self._begin(_LENGTH.unpack(self._length)[0])
                # After a heartbeat only what TLS has decrypted already, which no selector tells of: who sends
                # one after another does not keep us here.
                if not self._packet and not self._stream.pending():
                    return None
            self._fill()
        except _NOT_NOW:
            return None
        except OSError as error:
            raise _lost(error) from None
        packet, self._packet = self._packet, bytearray()
        self._room = memoryview(self._length)
        return cast("bytes", packet)  # nobody changes it any more, and a copy would cost

    def _fill(self) -> None:
        """Read until the room is full. Raises OSError when nothing more is there."""
        read, room = self._stream.read, self._room
        # As often as it takes: TLS gives a record of 16 KiB at a time.
        while len(room):
            count = cast("int", read(len(room), room))  # bytes only without a buffer
            if not count:
                raise LineLost("the direct connection was closed")
            room = self._room = room[count:]
            self._silence = 0.0

    def _begin(self, length: int) -> None:
        if length > sizes.PACKET:
            raise BadMessage(f"a packet of {length} bytes was announced")
        self._packet = bytearray(length)
        self._room = memoryview(self._packet or self._length)

    def waited(self, seconds: float) -> None:
        """So long nothing has come, though this end waited for it. Raises LineLost when that is too long.

        Only waiting counts: who was busy, or was stopped, has not lost the other end.
        """
        self._silence += seconds
        if self._silence >= DEAD_AFTER:
            raise LineLost(f"the direct connection has been silent for {DEAD_AFTER:.0f} s")

    def drain(self) -> None:
        """Take what has come, and forget it. That the other end has closed is its right by then."""
        room = bytearray(_RECORD)
        with suppress(OSError):  # of which _NOT_NOW are
            for _ in range(_DRAINED):
                if not self._stream.read(_RECORD, room):
                    break

    def close(self) -> None:
        """Hang up. What is unsent is lost."""
        self._unsent.clear()
        self._stream.close()


def _lost(error: OSError) -> LineLost:
    return LineLost(f"the direct connection broke: {error.strerror or error}")
