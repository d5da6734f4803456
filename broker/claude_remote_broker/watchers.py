"""Who is told when something about a client changes."""

from __future__ import annotations

import asyncio
from typing import Protocol

from claude_remote.messages import ClientInfo


class Watcher(Protocol):
    """Who wants to know, on the event loop, at once."""

    def client_changed(self, client: ClientInfo) -> None:
        """Something about a client is new."""

    def client_cut_off(self, fingerprint: str) -> None:
        """A client was approved and is no longer. The first watcher, the door, hangs up; the others are told
        when its connections have left.
        """

    def client_forgotten(self, fingerprint: str) -> None:
        """A client that waited, or was known, is no more in the table."""


class Watchers:
    """All of them, in the order in which they are told."""

    def __init__(self) -> None:
        self._all: list[Watcher] = []

    def add(self, watcher: Watcher, *, first: bool = False) -> None:
        """This one too: after those that are there, or before them."""
        self._all.insert(0 if first else len(self._all), watcher)

    def changed(self, client: ClientInfo) -> None:
        """Something about a client is new."""
        for watcher in self._all:
            watcher.client_changed(client)

    def cut_off(self, fingerprint: str) -> None:
        """A client is approved no longer: the first is told now, the others in the next turn of the loop."""
        loop = asyncio.get_running_loop()
        for place, watcher in enumerate(self._all):
            if place == 0:
                watcher.client_cut_off(fingerprint)
            else:
                loop.call_soon(watcher.client_cut_off, fingerprint)

    def forgotten(self, fingerprint: str) -> None:
        """A client is no more in the table."""
        for watcher in self._all:
            watcher.client_forgotten(fingerprint)
