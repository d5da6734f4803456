"""How a verb of the bus lies in ZeroMQ frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from claude_remote import bus, codec
from claude_remote.errors import BadMessage, NoCommonVersion, UnknownMessage

_VERSION = bytes([bus.VERSION])
_CODES = {
    verb: _VERSION + code for table in (bus.FROM_WORKER, bus.FROM_BROKER) for code, verb in table.items()
}


PARCEL = _CODES[bus.Parcel]
"""The first frame of a parcel: its payload, the last frame, may be long, and is best not copied."""


class Envelope(NamedTuple):
    """One verb with its payload."""

    verb: bus.Verb
    payload: bytes


def seal(verb: bus.Verb, payload: bytes = b"") -> list[bytes]:
    """The frames of one verb, without a route."""
    return [_CODES[type(verb)], codec.pack(verb), payload]


def unseal(frames: Sequence[bytes], table: dict[bytes, type[bus.Verb]]) -> Envelope:
    """Read the frames after the route.

    `table` is bus.FROM_WORKER or bus.FROM_BROKER. Raises NoCommonVersion, UnknownMessage or BadMessage.
    """
    if len(frames) != 3 or len(frames[0]) != 2:
        raise BadMessage("an envelope has a verb, a header and a payload")
    code, header, payload = frames
    if code[:1] != _VERSION:
        raise NoCommonVersion(f"the bus speaks version {bus.VERSION}, not {code[0]}")
    verb = table.get(code[1:])
    if verb is None:
        raise UnknownMessage(f"unknown verb {code[1:]!r}")
    return Envelope(codec.unpack_quickly(header, verb), payload)
