"""One record of the chain, its bytes, and its hash.

A record is a JSON object whose values are strings, one integer (`seq`) and one flat object of strings
(`detail`). Its bytes are canonical (RFC 8785): names sorted, nothing between the tokens, UTF-8, and no escape
where none must be. Its hash is the SHA-256 of these bytes, and they hold the hash of the record before.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

import msgspec
from msgspec import Struct

BEGINNING = "0" * 64  # what the first record has for the hash of the one before

_BEFORE = b'{"hash":"'
_BETWEEN = b'","record":'
_HASH = 64
_PREFIX = len(_BEFORE) + _HASH + len(_BETWEEN)


class AuditRecord(Struct, frozen=True, kw_only=True):
    """What happened. Empty strings are written too: every record has every field."""

    seq: int
    at: str  # UTC, as 2026-01-31T23:59:59.000001Z
    kind: str
    client: str  # fingerprint, "local", or empty: the server itself
    name: str
    address: str
    session: str
    session_name: str
    outcome: str
    detail: dict[str, str]
    prev: str


class Link(NamedTuple):
    """A place in the chain: the number of a record, and its hash in hexadecimal."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


def written(seconds: float) -> str:
    """A time as records have it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def canonical(record: AuditRecord) -> bytes:
    """The bytes of a record. UnicodeEncodeError for a lone half of a surrogate pair."""
    return _encoder.encode(record)


def digest(body: bytes) -> str:
    """The hash of a record with these bytes."""
    return sha256(body).hexdigest()


def join(hash_: str, body: bytes) -> bytes:
    """A record as it is exported: one line of JSON with its hash. The record's bytes are untouched."""
    return _BEFORE + hash_.encode() + _BETWEEN + body + b"}\n"


def split(line: bytes) -> tuple[str, bytes]:
    """The hash and the bytes of the record in such a line. Raises ValueError."""
    line = line.rstrip(b"\n")
    between = slice(len(_BEFORE) + _HASH, _PREFIX)
    if not (line.startswith(_BEFORE) and line[between] == _BETWEEN and line.endswith(b"}}")):
        raise ValueError("this is no record as `audit export` writes it")
    return line[len(_BEFORE) : len(_BEFORE) + _HASH].decode("ascii", "replace"), line[_PREFIX:-1]


_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder(AuditRecord)


def decode(body: bytes) -> AuditRecord:
    """Read a record. Raises msgspec.DecodeError."""
    return _decoder.decode(body)
