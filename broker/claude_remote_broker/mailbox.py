"""Events from other threads, handed to the event loop in their order, with one wake-up for many."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress

from claude_remote_broker.ports import Event


class Mailbox:
    """`put` from any thread; `deliver` is called on the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, deliver: Callable[[Event], None]) -> None:
        self._loop = loop
        self._deliver = deliver
        self._lock = threading.Lock()
        self._events: list[Event] = []

    def put(self, event: Event) -> None:
        """Deliver it soon."""
        with self._lock:
            self._events.append(event)
            first = len(self._events) == 1
        if first:
            with suppress(RuntimeError):  # the loop is closed: nobody is there to be told
                self._loop.call_soon_threadsafe(self._empty)

    def _empty(self) -> None:
        with self._lock:
            events, self._events = self._events, []
        for event in events:
            self._deliver(event)
