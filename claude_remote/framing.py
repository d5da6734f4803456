"""Frames: how messages lie in a byte stream. Sans-IO, and ignorant of what the messages mean.

    header length (4 bytes, big endian) | payload length (4 bytes, big endian) | header | payload

The header is one msgpack map of at most 64 KiB, the payload raw bytes of at most 1 MiB. Both limits are
checked on the 8 bytes before anything is kept, so a peer cannot make the reader grow.
"""

from __future__ import annotations

from collections.abc import Generator
from struct import Struct
from typing import NamedTuple

from claude_remote.errors import BadFrame

MAX_HEADER = 64 * 1024
MAX_PAYLOAD = 1024 * 1024
PREFIX = Struct("!II")
_LONG = 64 * 1024


class Frame(NamedTuple):
    """One frame: the encoded header, and the payload (empty for most)."""

    header: bytes
    payload: bytes


def parts(header: bytes, payload: bytes) -> list[bytes]:
    """One frame as what is to be written one after another: a long payload is not copied for it."""
    if len(payload) < _LONG:
        return [encode(header, payload)]
    return [encode_header(header, len(payload)), payload]


def encode(header: bytes, payload: bytes | memoryview = b"") -> bytes:
    """One frame as bytes. Raises ValueError when our own side exceeds a limit: a defect, not input."""
    return b"".join((encode_header(header, len(payload)), payload))


def encode_header(header: bytes, size: int) -> bytes:
    """A frame without its payload of `size` bytes. Raises ValueError as encode does."""
    if len(header) > MAX_HEADER or size > MAX_PAYLOAD:
        raise ValueError(f"frame of {len(header)} + {size} bytes exceeds the limits")
    return PREFIX.pack(len(header), size) + header


class Decoder:
    """Turns the bytes of a stream, however they were cut, into frames."""

    def __init__(self, max_payload: int = MAX_PAYLOAD) -> None:
        self._buffer = bytearray()
        self._max_payload = max_payload

    @property
    def pending(self) -> int:
        """Bytes held of a frame that is not complete; 0 between frames."""
        return len(self._buffer)

    def feed(self, data: bytes | bytearray | memoryview) -> Generator[Frame, None, None]:
        """Take bytes, now, and yield each frame they complete. Raises BadFrame; nothing can follow that."""
        self._buffer += data
        return self._frames()

    def _frames(self) -> Generator[Frame, None, None]:
        buffer = self._buffer
        start = 0
        try:
            while len(buffer) - start >= PREFIX.size:
                header_size, payload_size = PREFIX.unpack_from(buffer, start)
                if not 0 < header_size <= MAX_HEADER:
                    raise BadFrame(f"a frame announced a header of {header_size} bytes")
                if payload_size > self._max_payload:
                    raise BadFrame(f"a frame announced a payload of {payload_size} bytes")
                header_end = start + PREFIX.size + header_size
                end = header_end + payload_size
                if len(buffer) < end:
                    return
                with memoryview(buffer) as view:
                    frame = Frame(bytes(view[start + PREFIX.size : header_end]), bytes(view[header_end:end]))
                start = end
                yield frame
        finally:
            # One deletion per call: deleting at every frame would move a large buffer again and again.
            del buffer[:start]
