"""Events from other threads, handed to the event loop in their order, with one wake-up for many."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from claude_remote_broker.ports import Event

# Seconds of one turn of the loop: then others have theirs.
TURN = 0.01


class Mailbox:
    """`put` from any thread; `deliver` is called on the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, deliver: Callable[[Event], None]) -> None:
        self._loop = loop
        self._deliver = deliver
        self._lock = threading.Lock()
        self._events: deque[Event] = deque()

    def put(self, event: Event) -> None:
        """Deliver it soon."""
        with self._lock:
            self._events.append(event)
            first = len(self._events) == 1
        if first:
            with suppress(RuntimeError):  # the loop is closed: nobody is there to be told
                self._loop.call_soon_threadsafe(self._empty)

    def _empty(self) -> None:
        ends = monotonic() + TURN
        while monotonic() < ends:
            with self._lock:
                event = self._events[0]
            self._deliver(event)
            with self._lock:
                # Only now: as long as it is not empty, nobody wakes us up but ourselves.
                self._events.popleft()
                if not self._events:
                    return
        self._loop.call_soon(self._empty)
