"""A log line that a peer can cause as often as it likes, written only so often."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable


class SparingLog:
    """Passes at most `burst` lines in `every` seconds, and says how many it kept back."""

    def __init__(
        self,
        logger: logging.Logger,
        *,
        burst: int = 5,
        every: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._logger = logger
        self._burst = burst
        self._every = every
        self._clock = clock
        self._since = float("-inf")
        self._written = 0
        self._held = 0

    def warning(self, message: str, *args: object) -> None:
        """As logging's own, if there is room."""
        now = self._clock()
        if now - self._since >= self._every:
            if self._held:
                self._logger.warning("%d more of these were not logged", self._held)
            self._since, self._written, self._held = now, 0, 0
        if self._written >= self._burst:
            self._held += 1
            return
        self._written += 1
        self._logger.warning(message, *args)
