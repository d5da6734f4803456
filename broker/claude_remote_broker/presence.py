"""Which clients are connected now, and when they were last."""

from __future__ import annotations

import time
from collections import Counter

from claude_remote.visitors import Seen, SeenFile


class Presence:
    """Counts live connections by fingerprint."""

    def __init__(self, seen: SeenFile) -> None:
        self._seen = seen
        self._connections: Counter[str] = Counter()
        self._noted: dict[str, Seen] = {}
        self._stirred: set[str] = set()

    def arrived(self, fingerprint: str, address: str) -> None:
        """A connection is there."""
        self._connections[fingerprint] += 1
        self._note(fingerprint, address)

    def left(self, fingerprint: str, address: str) -> None:
        """A connection has ended."""
        self._connections[fingerprint] -= 1
        if not self._connections[fingerprint]:
            del self._connections[fingerprint]
        self._note(fingerprint, address)

    def connections(self, fingerprint: str) -> int:
        """How many there are now."""
        return self._connections[fingerprint]

    def last(self, fingerprint: str) -> Seen | None:
        """When and from where it was last here."""
        return self._noted.get(fingerprint) or self._seen.seen.get(fingerprint)

    def stirred(self) -> set[str]:
        """Who came or went since this was last asked."""
        stirred, self._stirred = self._stirred, set()
        return stirred

    def forget(self, fingerprint: str) -> None:
        """The client is no more."""
        self._noted.pop(fingerprint, None)
        self._seen.forget(fingerprint)

    def save(self) -> None:
        """Write it. Blocks; nothing else may be called meanwhile but `arrived` and `left`. Raises OSError."""
        noted, self._noted = self._noted, {}
        for fingerprint, visit in noted.items():
            self._seen.note(fingerprint, visit.at, visit.address)
        self._seen.save()

    def _note(self, fingerprint: str, address: str) -> None:
        self._noted[fingerprint] = Seen(time.time(), address)
        self._stirred.add(fingerprint)
