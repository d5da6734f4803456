"""Frames: how messages lie in a byte stream. Sans-IO, and ignorant of what the messages mean.

    header length (4 bytes, big endian) | payload length (4 bytes, big endian) | header | payload

The header is one msgpack map of at most 64 KiB, the payload raw bytes of at most 1 MiB. Both limits are
checked on the 8 bytes before anything is kept, so a peer cannot make the reader grow.
"""

from __future__ import annotations

from collections.abc import Generator
from struct import Struct
from typing import NamedTuple, TypeAlias

from claude_remote.errors import BadFrame

MAX_HEADER = 64 * 1024
MAX_PAYLOAD = 1024 * 1024
PREFIX = Struct("!II")
LONG = 64 * 1024
"""From this size on a payload is spared every copy."""

Payload: TypeAlias = bytes | bytearray | memoryview


class Frame(NamedTuple):
    """One frame: the encoded header, and the payload (empty for most). A long payload is a bytearray."""

    header: bytes
    payload: bytes | bytearray


def parts(header: bytes, payload: Payload) -> list[Payload]:
    """One frame as what is to be written one after another: a long payload is not copied for it."""
    if len(payload) < LONG:
        return [encode(header, payload)]
    return [encode_header(header, len(payload)), payload]


def encode(header: bytes, payload: Payload = b"") -> bytes:
    """One frame as bytes. Raises ValueError when our own side exceeds a limit: a defect, not input."""
    return b"".join((encode_header(header, len(payload)), payload))


def encode_header(header: bytes, size: int) -> bytes:
    """A frame without its payload of `size` bytes. Raises ValueError as encode does."""
    if len(header) > MAX_HEADER or size > MAX_PAYLOAD:
        raise ValueError(f"frame of {len(header)} + {size} bytes exceeds the limits")
    return PREFIX.pack(len(header), size) + header


class Decoder:
    """Turns the bytes of a stream, however they were cut, into frames.

    Whoever can receive into a buffer asks where the rest of a long payload belongs (`waiting`), and says how
    much of it is there (`received`); all else is fed.
    """

    def __init__(self, max_payload: int = MAX_PAYLOAD) -> None:
        self._buffer = bytearray()
        self._max_payload = max_payload
        self._header = b""  # of a frame whose long payload is under way
        self._long = bytearray()
        self._filled = 0

    @property
    def pending(self) -> int:
        """Bytes held of a frame that is not complete; 0 between frames."""
        return len(self._buffer) + len(self._header) + self._filled

    @property
    def waiting(self) -> memoryview:
        """Room for the rest of the long payload that is under way; empty when there is none."""
        return memoryview(self._long)[self._filled :]

    def received(self, count: int) -> Generator[Frame, None, None]:
        """So many bytes were put into `waiting`. As feed otherwise."""
        self._filled += count
        return self._frames()

    def feed(self, data: Payload) -> Generator[Frame, None, None]:
        """Take bytes, now, and yield each frame they complete. Raises BadFrame; nothing can follow that."""
        if self._header:
            data = memoryview(data)
            count = min(len(data), len(self._long) - self._filled)
            self.waiting[:count] = data[:count]
            self._filled += count
            data = data[count:]
        self._buffer += data
        return self._frames()

    def _frames(self) -> Generator[Frame, None, None]:
        buffer = self._buffer
        start = 0
        try:
            if self._header:
                if self._filled < len(self._long):
                    return
                yield self._end_long()
            while len(buffer) - start >= PREFIX.size:
                header_size, payload_size = PREFIX.unpack_from(buffer, start)
                if not 0 < header_size <= MAX_HEADER:
                    raise BadFrame(f"a frame announced a header of {header_size} bytes")
                if payload_size > self._max_payload:
                    raise BadFrame(f"a frame announced a payload of {payload_size} bytes")
                header_start = start + PREFIX.size
                header_end = header_start + header_size
                end = header_end + payload_size
                if len(buffer) < end:
                    if payload_size >= LONG and len(buffer) >= header_end:
                        self._begin_long(header_start, header_end, payload_size)
                        start = len(buffer)
                    return
                with memoryview(buffer) as view:
                    frame = Frame(bytes(view[header_start:header_end]), bytes(view[header_end:end]))
                start = end
                yield frame
        finally:
            # One deletion per call: deleting at every frame would move a large buffer again and again.
            del buffer[:start]

    def _begin_long(self, header_start: int, header_end: int, size: int) -> None:
        """The buffer ends within this frame: the rest of its payload is received where it is to stay."""
        self._header = bytes(self._buffer[header_start:header_end])
        self._long = bytearray(size)
        self._filled = len(self._buffer) - header_end
        self._long[: self._filled] = self._buffer[header_end:]

    def _end_long(self) -> Frame:
        frame = Frame(self._header, self._long)
        self._header, self._long, self._filled = b"", bytearray(), 0
        return frame
