"""Moving files: two errands. Their parcels carry the packets of claude_remote.transfer in their payloads."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from claude_remote.messages.base import Count, Line, Record
from claude_remote.messages.errands import Errand


class FilesErrand(Errand, frozen=True, kw_only=True):
    """Paths are bytes: absolute, with ~, or relative to the folder of `session` (None: to the user's home).

    The first `upto` entries were done before the connection broke, and `seen` stands for what they were.
    `direct`: the client can open a connection of its own for the packets, if it is offered one.
    """

    session: Line | None = None
    direct: bool = False
    upto: Count = 0
    seen: Annotated[bytes, Meta(max_length=32)] = b""


class Get(FilesErrand, frozen=True, kw_only=True, tag="get"):
    """Send files. Payload: paths and patterns, each ended by a zero byte.

    `recursive`: folders, too. `plan`: tell first how much it is.
    """

    recursive: bool = False
    plan: bool = False


class Put(FilesErrand, frozen=True, kw_only=True, tag="put"):
    """Receive files. Payload: the destination; with `folder` one that exists.

    With `again` the destination is the folder that an earlier Put was told (`name`: and under what name).
    """

    folder: bool = False
    again: bool = False
    name: Annotated[bytes, Meta(max_length=255)] | None = None


class Packet(Record, frozen=True, kw_only=True, omit_defaults=True):
    """The header of every parcel: all that it says is in the payload.

    `moved`: this one carries none, and those that follow come by the direct connection.
    """

    moved: bool = False
