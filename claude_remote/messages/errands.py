"""Errands: work on the server's machine that is no session, done by a process of its own for one exchange.

The request is a Struct derived from Errand, with its kind's own fields and payload. Then *parcels* travel
both ways, each with a header that means something to the two ends alone, and at most PARCEL bytes of payload.
Each end may have WINDOW parcels under way that the other has not yet credited, of which BULK may be ordinary:
the rest is kept for urgent ones (a signal, a new size), which are handled before those that wait. Whoever has
taken a parcel credits it, soon if not at once. Done or Error ends the exchange; Cancel asks for that.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from claude_remote.messages.base import Folder, Message

PARCEL = 512 * 1024
WINDOW = 16
BULK = 12
HEADER = 16 * 1024
TICKET = 16
"""Random bytes by which the server knows what a direct connection belongs to."""


class Errand(Message, frozen=True, kw_only=True):
    """A request that an errand carries out. Answered by parcels, then Done."""

    @property
    def leaves_processes(self) -> bool:
        """Whether it is to start something that outlives it."""
        return False


class FolderErrand(Errand, frozen=True, kw_only=True):
    """One that begins in a folder: relative to where the server starts sessions; None: there."""

    cwd: Folder | None = None


class Parcel(Message, frozen=True, kw_only=True, tag="parcel"):
    """A piece of the errand's work, either way. Payload: at most PARCEL bytes; none if it is urgent."""

    header: Annotated[bytes, Meta(max_length=HEADER)]
    urgent: bool = False


class Direct(Message, frozen=True, kw_only=True, tag="direct"):
    """From the errand: what follows may come by a connection of its own. See claude_remote.direct.

    Payload: the certificate that the errand will show there, DER. The exchange goes on with or without it.
    """

    ticket: Annotated[bytes, Meta(min_length=TICKET, max_length=TICKET)]


class Credit(Message, frozen=True, kw_only=True, tag="credit"):
    """So many parcels were taken; as many more may come."""

    parcels: Annotated[int, Meta(ge=1, le=WINDOW)]
