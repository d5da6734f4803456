"""The worst of the last minute of something that is measured often."""

from __future__ import annotations

import time
from collections.abc import Callable

_SECONDS = 60


class Worst:
    """One value for each second. One thread notes, any may read."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._values = [(0, 0.0)] * _SECONDS

    def note(self, value: float) -> None:
        """It was measured."""
        second = int(self._clock())
        place = second % _SECONDS
        at, worst = self._values[place]
        self._values[place] = second, max(worst, value) if at == second else value

    def read(self) -> float | None:
        """None: it was not measured within the last minute."""
        since = int(self._clock()) - _SECONDS
        recent = [value for second, value in self._values if second > since and second]
        return max(recent, default=None)
