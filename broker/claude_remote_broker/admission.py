"""Who gets in at all: the places for strangers, and the handshakes that are paid for. No IO."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from claude_remote_broker.limits import Bucket, Buckets, Limits, address_key, is_local

# Ends a stranger's connection whatever state it is in.
Evict: TypeAlias = Callable[[], None]


class Admission:
    """Counts connections. A full house makes room by ending the stranger who is most in the way."""

    def __init__(self, limits: Limits, now: float) -> None:
        self._limits = limits
        self._handshakes = Bucket(limits.handshakes, now)
        self._handshakes_by_address = Buckets(limits.addresses_remembered)
        # By address, oldest first in each.
        self._strangers: dict[str, dict[int, Evict]] = {}
        self._address: dict[int, str] = {}
        self._inside: set[int] = set()

    @property
    def strangers(self) -> int:
        """Connections that have not shown an approved certificate."""
        return len(self._address)

    @property
    def connections(self) -> int:
        """All of them."""
        return len(self._address) + len(self._inside)

    def may_shake_hands(self, host: str, now: float) -> bool:
        """Whether a TLS handshake with this host is paid for; counts it if it is."""
        key = address_key(host)
        rate = self._limits.handshakes_local if is_local(key) else self._limits.handshakes_per_address
        # The address first, so that one that is over its own measure takes nothing from the others.
        return self._handshakes_by_address.take(key, rate, now) and self._handshakes.take(now)

    def enter(self, number: int, host: str, evict: Evict) -> bool:
        """A new stranger. Ends others to make room; False when there is none to be made."""
        key = address_key(host)
        if len(self._strangers.get(key, ())) >= self._limits.strangers_per_address:
            self._evict_oldest(key)
        if self.strangers >= self._limits.strangers or self.connections >= self._limits.connections:
            if not self._strangers:
                return False
            self._evict_oldest(max(self._strangers, key=lambda key: len(self._strangers[key])))
        self._strangers.setdefault(key, {})[number] = evict
        self._address[number] = key
        return True

    def promote(self, number: int) -> None:
        """The stranger has shown an approved certificate: it keeps its place now."""
        if self._drop(number):
            self._inside.add(number)

    def leave(self, number: int) -> None:
        """The connection is gone."""
        self._drop(number)
        self._inside.discard(number)

    def _evict_oldest(self, key: str) -> None:
        number, evict = next(iter(self._strangers[key].items()))
        self._drop(number)
        evict()

    def _drop(self, number: int) -> bool:
        key = self._address.pop(number, None)
        if key is None:
            return False
        del self._strangers[key][number]
        if not self._strangers[key]:
            del self._strangers[key]
        return True
