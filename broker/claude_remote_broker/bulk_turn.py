"""One large frame in each turn of the loop, whoever sends it, so that what is small never waits for many."""

from __future__ import annotations

from collections.abc import Callable

LARGE = 64 * 1024


class BulkTurn:
    """Shared by all connections. `soon` is the loop's call_soon: what it is given runs in the next turn.

    `taken` is called for each large frame.
    """

    def __init__(
        self, soon: Callable[[Callable[[], None]], object], taken: Callable[[], None] = lambda: None
    ) -> None:
        self._soon = soon
        self._tell = taken
        self._taken = False

    def take(self, size: int) -> None:
        """A frame of so many bytes was handled in this turn."""
        if size < LARGE:
            return
        self._tell()
        if not self._taken:
            self._taken = True
            self._soon(self._next)

    def is_over(self, size: int) -> bool:
        """Whether one with so many bytes has to wait for another turn."""
        return self._taken and size >= LARGE

    def _next(self) -> None:
        self._taken = False
