"""Notices when something has held up the event loop: everybody waits for it then."""

from __future__ import annotations

import asyncio
import logging

from claude_remote_broker.loop_turns import LoopTurns
from claude_remote_broker.sparing import SparingLog
from claude_remote_broker.worst import Worst

log = logging.getLogger(__name__)

EVERY = 0.5
NOTABLE = 0.25


class LagWatch:
    """Measures how late a timer is. `worst` is the longest delay since it was last taken, seconds.

    `turns` measures the turns in which something large is handled, when it is told of them.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._log = SparingLog(log, burst=1, every=60.0)
        self._worst = 0.0
        self.last: float | None = None
        self.worst = Worst()
        self.turns = LoopTurns(loop.call_soon)
        self._expected = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to measure."""
        self._expected = self._loop.time() + EVERY
        self._timer = self._loop.call_at(self._expected, self._look)

    def take(self) -> float:
        """The longest delay, and begin anew."""
        worst, self._worst = self._worst, 0.0
        return worst

    def stop(self) -> None:
        """Measure no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        late = self._loop.time() - self._expected
        self._worst = max(self._worst, late)
        self.last = max(late, 0.0)
        self.worst.note(self.last)
        if late >= NOTABLE:
            self._log.warning("the event loop was held up for %.2f s", late)
        self.start()
