"""Parcels of an errand as its two ends see them, and the accounts that each end keeps of them. Sans-IO."""

from __future__ import annotations

from typing import NamedTuple, TypeVar, cast

import msgspec

from claude_remote import codec
from claude_remote.messages import BULK, WINDOW

T = TypeVar("T")

# Credit may be given late, so that small parcels do not cost a message each; not so late that nothing moves.
_OWED_AT_MOST = 4


class Parcel(NamedTuple):
    """A packed header, which its reader unpacks, and the payload."""

    header: bytes
    payload: bytes = b""
    urgent: bool = False

    def read(self, kind: type[T]) -> T:
        """The header, as a declared Struct or a union of them (by `union`). Raises BadMessage."""
        return codec.unpack(self.header, kind)


def union(kind: object) -> type[msgspec.Struct]:
    """A union of Structs is a type to msgspec, though not to mypy."""
    return cast("type[msgspec.Struct]", kind)


class Accounts:
    """What one end may still send, and what it owes for parcels that it has taken."""

    def __init__(self) -> None:
        self._under_way = 0
        self._owed = 0

    @property
    def room(self) -> int:
        """Ordinary parcels that may be sent now."""
        return max(0, BULK - self._under_way)

    @property
    def urgent_room(self) -> int:
        """Urgent parcels that may be sent now."""
        return max(0, WINDOW - self._under_way)

    def sent(self) -> None:
        """A parcel has left."""
        self._under_way += 1

    def credited(self, parcels: int) -> None:
        """The other end has taken so many."""
        self._under_way = max(0, self._under_way - parcels)

    def taken(self, *, urgent: bool = False) -> int:
        """A parcel was taken. How many to credit now; 0: later."""
        self._owed += 1
        if not urgent and self._owed < _OWED_AT_MOST:
            return 0
        owed, self._owed = self._owed, 0
        return owed
