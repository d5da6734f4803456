"""Events from other threads, handed to the event loop in their order, with one wake-up for many."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
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
        self._awake = False  # `_empty` is about to run, or runs

    def put(self, event: Event) -> None:
        """Deliver it soon."""
        self.put_all((event,))

    def put_all(self, events: Sequence[Event]) -> None:
        """Deliver them soon, one after another."""
        with self._lock:
            wake = not self._awake
            self._awake = True
            self._events.extend(events)
        if wake:
            with suppress(RuntimeError):  # the loop is closed: nobody is there to be told
                self._loop.call_soon_threadsafe(self._empty)

    def _empty(self) -> None:
        ends = monotonic() + TURN
        while monotonic() < ends:
            try:
                event = self._events.popleft()  # as a whole; others only append
            except IndexError:
                with self._lock:
                    if self._events:
                        continue
                    self._awake = False
                    return
            self._deliver(event)
        self._loop.call_soon(self._empty)
