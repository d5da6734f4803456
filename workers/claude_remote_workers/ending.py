"""Closing a claude: ask, wait, insist. Every step has its time, and all of them together less than 8 s.

SIGTERM is no step: claude would lose the turn's result, and some versions leave their tools running.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from claude_remote_workers.outside import Outside
from claude_remote_workers.turns import Turns


@dataclass(frozen=True)
class _Times:
    """Seconds from the beginning of the ending; those of `park` count from the end of the turn."""

    end_input: float
    sigint: float
    kill: float


_NOW = _Times(end_input=2.5, sigint=4.5, kill=6.5)
_PARK = _Times(end_input=0.0, sigint=5.0, kill=7.0)


class Ending:
    """`park` lets the running turn end first, however long it takes; `now` interrupts it."""

    def __init__(self, outside: Outside, turns: Turns) -> None:
        self._outside = outside
        self._turns = turns
        self.how: Literal["park", "now"] | None = None
        self._since: float | None = None
        self._times = _PARK
        self._input_ended = False
        self._signalled = False
        self._killed = False

    @property
    def begun(self) -> bool:
        """Whether claude is to end: no prompt is begun any more."""
        return self.how is not None

    def begin(self, how: Literal["park", "now"], now: float) -> None:
        """Start, or hurry a `park` that waits."""
        if self.how in (how, "now"):
            return
        self.how = how
        if how == "now":
            self._times = _NOW if self._turns.busy else _PARK
            self._since = now
            self._turns.stop(None, now)
        self.tick(now)

    @property
    def next_deadline(self) -> float | None:
        """When tick() has something to do."""
        if self._since is None or self._killed:
            return None
        if not self._input_ended:
            return self._since + self._times.end_input
        return self._since + (self._times.kill if self._signalled else self._times.sigint)

    def tick(self, now: float) -> None:
        """Do what is due. To be called after a turn has ended, and at the deadline."""
        if self.how is None or self._killed:
            return
        if self._since is None:
            if self._turns.busy:
                return
            self._since = now
        passed = now - self._since
        if not self._input_ended and (not self._turns.busy or passed >= self._times.end_input):
            self._input_ended = True
            self._outside.end_input()
        if self._input_ended and not self._signalled and passed >= self._times.sigint:
            self._signalled = True
            self._outside.interrupt_process()
        if self._signalled and passed >= self._times.kill:
            self._killed = True
            self._outside.kill()
