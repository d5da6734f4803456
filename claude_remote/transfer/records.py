"""What sender and receiver say to each other, and how it lies in packets.

A packet is some frames (claude_remote.framing) one after another, each a record with its payload; it never
ends in the midst of one. So thousands of small files travel in few packets, and nothing waits for an answer.
Who carries packets need not understand them.

Entries are numbered from 1 in the order of the walk. Paths are bytes, with `/` between their parts; modes are
the nine permission bits, times nanoseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, NamedTuple, TypeAlias, cast

from msgspec import Meta, Struct

from claude_remote import codec, framing
from claude_remote.errors import BadMessage, RemoteError, from_code
from claude_remote.messages import Count, Word, Words
from claude_remote.transfer import sizes

Path: TypeAlias = Annotated[bytes, Meta(max_length=sizes.PATH)]
Mode: TypeAlias = Annotated[int, Meta(ge=0, le=0o777)]
Nanoseconds: TypeAlias = Annotated[int, Meta(ge=-(2**62), le=2**62)]
Digest: TypeAlias = Annotated[bytes, Meta(min_length=32, max_length=32)]
Number: TypeAlias = Annotated[int, Meta(ge=1, le=2**53)]


class Record(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="is"):
    """One record; its `is` on the wire is the tag each class gives."""


# --- sender to receiver --------------------------------------------------------------------------------


class Start(Record, frozen=True, kw_only=True, tag="start"):
    """First: the entries up to this number are not sent again."""

    upto: Count


class Plan(Record, frozen=True, kw_only=True, tag="plan"):
    """How much there is, at this moment."""

    files: Count
    size: Count


class Directory(Record, frozen=True, kw_only=True, tag="folder"):
    """A folder; what is in it follows, and then its Leave."""

    n: Number
    path: Path
    mode: Mode
    mtime: Nanoseconds


class Leave(Record, frozen=True, kw_only=True, tag="leave"):
    """Everything in this folder has been sent: now it gets its mode and time."""

    path: Path
    mode: Mode
    mtime: Nanoseconds


class Link(Record, frozen=True, kw_only=True, tag="link"):
    """A symbolic link."""

    n: Number
    path: Path
    mtime: Nanoseconds
    target: Path


class Whole(Record, frozen=True, kw_only=True, tag="whole"):
    """A small file. Payload: its content."""

    n: Number
    path: Path
    mode: Mode
    mtime: Nanoseconds
    digest: Digest


class Offer(Record, frozen=True, kw_only=True, tag="offer"):
    """A file whose content is sent when the receiver has said Go. `size` None: as long as it comes."""

    n: Number
    path: Path
    mode: Mode
    mtime: Nanoseconds
    size: Count | None


class Begin(Record, frozen=True, kw_only=True, tag="begin"):
    """Data of this file follow, from `offset` on: what the receiver has, if it is the same; else 0."""

    n: Number
    offset: Count


class Data(Record, frozen=True, kw_only=True, tag="data"):
    """Payload: the next bytes of the file."""

    n: Number


class End(Record, frozen=True, kw_only=True, tag="end"):
    """That was all of it. `digest` is BLAKE3 of the whole."""

    n: Number
    size: Count
    digest: Digest


class Skip(Record, frozen=True, kw_only=True, tag="skip"):
    """An entry that does not come, or not to its end, and why."""

    n: Number
    path: Path
    mtime: Nanoseconds = 0
    size: Count = 0
    code: Word
    words: Words


class Finish(Record, frozen=True, kw_only=True, tag="finish"):
    """That was everything."""


# --- receiver to sender --------------------------------------------------------------------------------


class Landed(Record, frozen=True, kw_only=True, tag="landed"):
    """First: the folder that everything arrives in (`name`: and as what), to say it again after a break."""

    folder: Path
    name: Path | None = None


class Go(Record, frozen=True, kw_only=True, tag="go"):
    """Send the file. `offset` bytes of it are here from before, and `digest` is their BLAKE3."""

    n: Number
    offset: Count = 0
    digest: bytes = b""


class Stored(Record, frozen=True, kw_only=True, tag="stored"):
    """Every entry up to this number is done: it is in its place and on disk, or was given up."""

    upto: Count


class Failed(Record, frozen=True, kw_only=True, tag="failed"):
    """An entry could not be written, and why. The others go on."""

    n: Number
    path: Path
    code: Word
    words: Words


class Finished(Record, frozen=True, kw_only=True, tag="finished"):
    """Everything is in its place and on disk, but for what Failed and Skip have said."""


FromSender: TypeAlias = (
    Start | Plan | Directory | Leave | Link | Whole | Offer | Begin | Data | End | Skip | Finish
)
FromReceiver: TypeAlias = Landed | Go | Stored | Failed | Finished
Entry: TypeAlias = Directory | Link | Whole | Offer | Skip

FROM_SENDER = cast("type[FromSender]", FromSender)  # a union, which type[] cannot say
FROM_RECEIVER = cast("type[FromReceiver]", FromReceiver)


class Read(NamedTuple):
    """One record of a packet. The payload is a part of the packet, not a copy."""

    record: Record
    payload: memoryview


class Packet:
    """One that is being filled, in a buffer that serves one after another."""

    def __init__(self) -> None:
        self._buffer = memoryview(bytearray(sizes.PACKET))
        self.size = 0

    def clear(self) -> None:
        """Begin a new one."""
        self.size = 0

    def add(self, record: Record, payload: bytes = b"") -> None:
        """A record with its payload. There has to be room for it."""
        start = self._add_header(record, len(payload))
        self._buffer[start : self.size] = payload

    def reserve(self, record: Record, size: int) -> memoryview:
        """A record, and room for its payload: the caller fills it."""
        start = self._add_header(record, size)
        return self._buffer[start : self.size]

    def cut(self, size: int) -> None:
        """Take back what was added behind `size`."""
        self.size = size

    def view(self) -> memoryview | None:
        """All of it, good until the next clear(); None if it is empty."""
        return self._buffer[: self.size] if self.size else None

    def _add_header(self, record: Record, size: int) -> int:
        header = codec.pack(record)
        start = self.size + framing.PREFIX.size + len(header)
        if start + size > sizes.PACKET:
            raise ValueError(f"a packet of more than {sizes.PACKET} bytes")
        framing.PREFIX.pack_into(self._buffer, self.size, len(header), size)
        self._buffer[start - len(header) : start] = header
        self.size = start + size
        return start


def read(packet: bytes, kind: type[FromSender | FromReceiver]) -> Iterator[Read]:
    """The records of a packet. Raises BadMessage."""
    view = memoryview(packet)
    if not 0 < len(view) <= sizes.PACKET:
        raise BadMessage(f"a packet of {len(view)} bytes")
    start = 0
    while start < len(view):
        if len(view) - start < framing.PREFIX.size:
            raise BadMessage("a packet ends within a record")
        header_size, size = framing.PREFIX.unpack_from(view, start)
        header_at = start + framing.PREFIX.size
        payload_at = header_at + header_size
        start = payload_at + size
        if start > len(view):
            raise BadMessage("a packet ends within a record")
        yield Read(codec.unpack(bytes(view[header_at:payload_at]), kind), view[payload_at:start])


def trouble(record: Skip | Failed) -> RemoteError:
    """The error that a record tells of."""
    return from_code(record.code, record.words, {})
