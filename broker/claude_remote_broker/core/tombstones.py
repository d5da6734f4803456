"""Sessions that were trimmed: whoever asks for one is told so, and how its conversation can go on."""

from __future__ import annotations

import time
from collections.abc import Iterable

from claude_remote.errors import SessionTrimmed
from claude_remote_broker.core.words import cut
from claude_remote_broker.journal import Tombstone

_MOST = 10_000
_WHY = {"age": "was not used for so long", "size": "made room for others"}


class Tombstones:
    """The latest of them, by id and by name."""

    def __init__(self, found: Iterable[Tombstone] = ()) -> None:
        self._by_id: dict[str, Tombstone] = {}
        self._by_name: dict[str, Tombstone] = {}
        for tombstone in found:
            self.add(tombstone)

    def add(self, tombstone: Tombstone) -> None:
        """One more; the oldest is forgotten."""
        self._by_id[tombstone.id] = tombstone
        self._by_name[tombstone.name.lower()] = tombstone
        if len(self._by_id) > _MOST:
            self.remove(next(iter(self._by_id.values())))

    def remove(self, tombstone: Tombstone) -> None:
        """It was too long ago."""
        self._by_id.pop(tombstone.id, None)
        if self._by_name.get(tombstone.name.lower()) is tombstone:
            del self._by_name[tombstone.name.lower()]

    def find(self, text: str, shortest: int) -> Tombstone | None:
        """By id, name, or the beginning of an id if that is of one alone."""
        key = text.lower()
        found = self._by_id.get(key) or self._by_name.get(key)
        if found is not None or len(key) < shortest:
            return found
        many = [tombstone for each, tombstone in self._by_id.items() if each.startswith(key)]
        return many[0] if len(many) == 1 else None


def gone(tombstone: Tombstone) -> SessionTrimmed:
    """What is told of it."""
    day = time.strftime("%Y-%m-%d", time.gmtime(tombstone.trimmed))
    return SessionTrimmed(
        f"Session {tombstone.name!r} is not kept any more: it {_WHY[tombstone.why]}, and was removed on"
        f" {day}. If Claude still has the conversation, it goes on with: claude-remote -r {tombstone.id}",
        session=tombstone.id,
        claude_session=cut(tombstone.claude_session),
        cwd=cut(tombstone.cwd),
    )
