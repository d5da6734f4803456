"""The parts that every message is made of, and the messages of either side."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, NamedTuple, TypeAlias

from msgspec import Meta, Struct

from claude_remote.rights import Right

PROTOCOL = 1
DEFAULT_PORT = 7433
HEARTBEAT_EVERY = 5.0
DEAD_AFTER = 15.0
Word: TypeAlias = Annotated[str, Meta(max_length=64)]
Line: TypeAlias = Annotated[str, Meta(max_length=1024)]
Words: TypeAlias = Annotated[str, Meta(max_length=16 * 1024)]
MAX_FOLDER = 4096
Folder: TypeAlias = Annotated[str, Meta(max_length=MAX_FOLDER)]
# Exact in every language's JSON, and far from the ends of SQLite's integers, sums included.
Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**53)]
Time: TypeAlias = Annotated[float, Meta(ge=0, le=1e11)]
# \Z and not $, which would let a final newline pass.
Uuid: TypeAlias = Annotated[
    str, Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
]
# As ssh writes it: the SHA-256 of the certificate's DER, base64 without padding.
Fingerprint: TypeAlias = Annotated[str, Meta(pattern=r"^SHA256:[A-Za-z0-9+/]{43}\Z")]
# SHA-256, hexadecimal.
Hash: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Detail: TypeAlias = dict[Word, Line]


class Cursor(NamedTuple):
    """The last event a reader has. (g, 0) is before the first event of generation g."""

    generation: Count
    seq: Count


class Record(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A value inside messages. Nothing in it leads back to it, so Python's collector need not look."""


class Message(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """One message; its `kind` on the wire is the tag each class gives."""


class AuditHead(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A record of the audit's chain, by its number and its hash."""

    seq: Count
    hash: Hash


class Door(StrEnum):
    """By which way a connection came in, and so what it may do."""

    DOOR = "door"  # TLS, with an approved certificate
    BELL = "bell"  # TLS, without a certificate
    LOCAL = "local"  # the control socket, same user


class Hello(Message, frozen=True, kw_only=True, tag="hello"):
    """The first message of each side. A client gives only the first two fields."""

    protocols: Annotated[tuple[Count, ...], Meta(max_length=16)] = (PROTOCOL,)
    version: Word
    way: Door | None = None
    host: Line = ""  # the server's host name
    fingerprint: str = ""  # the server's own, for the control socket
    client: Line = ""  # the name under which the server's owner knows this client
    rights: tuple[Right, ...] = ()
    audit: AuditHead | None = None  # for who may approve: remember it, and see that it stays in the chain


class Heartbeat(Message, frozen=True, kw_only=True, tag="heartbeat"):
    """I am here."""


class Error(Message, frozen=True, kw_only=True, tag="error"):
    """The exchange has failed. See claude_remote.errors for the closed set of codes."""

    code: Word
    message: Words
    detail: Detail = {}


class Done(Message, frozen=True, kw_only=True, tag="done"):
    """The exchange is complete."""


class Ping(Message, frozen=True, kw_only=True, tag="ping"):
    """Answered by Done."""


class Part(Message, frozen=True, kw_only=True, tag="part"):
    """More payload of the request before it."""


class Cancel(Message, frozen=True, kw_only=True, tag="cancel"):
    """Stop sending, and end this exchange with Done; the turn goes on."""
