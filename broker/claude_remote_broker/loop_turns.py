"""How long the turns of the loop take in which something large is handled: nobody else is heard meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable

from claude_remote_broker.worst import Worst


class LoopTurns:
    """`soon` is the loop's call_soon: what it is given runs in the next turn, for which nobody waits.

    `longest`: the longest turn of the last minute by the clock, in which the process may also have waited for
    a processor; `longest_work`: how much of one was its own work. Both in seconds.
    """

    def __init__(
        self,
        soon: Callable[[Callable[[], None]], object],
        clock: Callable[[], float] = time.monotonic,
        work: Callable[[], float] = time.thread_time,
    ) -> None:
        self._soon = soon
        self._clock = clock
        self._work = work
        self._began = self._worked = 0.0
        self._measures = self._again = False
        self.longest = Worst(clock)
        self.longest_work = Worst(clock)

    def measure(self) -> None:
        """This turn, from here on if the one before was not measured; and the next."""
        self._again = True
        if not self._measures:
            self._measures = True
            self._begin()

    def _begin(self) -> None:
        self._began, self._worked = self._clock(), self._work()
        self._soon(self._end)

    def _end(self) -> None:
        self.longest.note(self._clock() - self._began)
        self.longest_work.note(self._work() - self._worked)
        self._measures, self._again = self._again, False
        if self._measures:
            self._begin()
