"""What happened, before it becomes a record of the chain."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct


class Entry(Struct, frozen=True, kw_only=True):
    """One thing that happened. Who did it is empty when the server itself did."""

    kind: str  # a word of docs/protocol.md, such as "prompt" or "rights-changed"
    at: float  # seconds since the epoch
    client: str = ""  # its fingerprint, or "local"
    name: str = ""  # as the owner calls it
    address: str = ""
    session: str = ""  # its id
    session_name: str = ""
    outcome: str = "done"
    text: bytes | None = None  # kept whole, in part, or as its hash: see claude_remote_broker.audit.scribe
    detail: dict[str, str] = {}


# Takes an entry, from the event loop; it is on disk some milliseconds later. Never raises, never waits.
Recorder: TypeAlias = Callable[[Entry], None]


def unrecorded(_entry: Entry) -> None:
    """A recorder that keeps nothing: for tests, and for reading."""
