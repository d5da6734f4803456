"""One turn: what is known of it, what is due if nothing more happens, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Literal, NamedTuple

from claude_remote_workers import stream_json
from claude_remote_workers.words import explain, was_aborted

DROPPED = 10.0  # after an echo, for a turn that should begin
UNHEARD = 30.0  # after a prompt was written, for any sign of it
STOP_STEPS = (5.0, 10.0)  # after an interrupt, for a result: then SIGINT, then the end
_SETTLE = 1.0  # after a result, for the state that should follow it
_SILENT_END = 5.0  # after claude became idle, for a result
STOPPED = "The turn was stopped."
_HAD_BEFORE = "Claude had been given this prompt before."


class Step(Enum):
    """What is done with a turn when something did not happen in time."""

    FINISH = auto()
    PRESS = auto()  # it was to stop: the next step towards it
    REMARK = auto()  # tell that claude has not begun with the prompt


class Outcome(NamedTuple):
    """What came of a turn; `reason` is for the user, empty when all is well."""

    kind: Literal["done", "interrupted", "void"]
    error: bool
    reason: str


class Costs:
    """What turns cost, of the sum that claude counts, in dollars."""

    def __init__(self, counted: float) -> None:
        """`counted`: before the first of them."""
        self._counted = counted

    def of(self, turn: Turn) -> float:
        """Of one that is over."""
        total, before = turn.total, self._counted
        if total is None:
            return 0.0
        self._counted = total
        # After /clear claude counts from zero.
        return total - before if total >= before else total


@dataclass
class Turn:
    """Times are those of the clock that its owner is called with, seconds."""

    prompt: str | None
    client: str
    began: float
    text: str = ""  # of the prompt, until it is in the log
    runs: bool = False
    echoed: float | None = None  # when claude repeated the prompt, or said that it is through with it
    cancelled: bool = False  # taken from claude's queue by an interrupt: nothing else will be said of it
    idle_since: float | None = None  # claude is idle, though it has not given a result
    result: stream_json.Result | None = None
    settled_by: float = 0.0
    stopping: float | None = None
    stop_step: int = 0
    remarked_on: bool = False
    steered: set[str] = field(default_factory=set)  # prompts that became a part of it

    def is_meant(self, prompt: str | None) -> bool:
        """Whether who names this prompt (None: whatever runs) means this turn."""
        return prompt is None or prompt == self.prompt or prompt in self.steered

    def take_text(self) -> str:
        """The prompt, unless it is in the log already; from now on it is."""
        text, self.text = self.text, ""
        return text

    def settle(self, result: stream_json.Result, now: float) -> None:
        """Claude has given its result; the state that should follow is waited for a moment."""
        self.result = result
        self.settled_by = now + _SETTLE

    @property
    def due(self) -> tuple[float, Step] | None:
        """What is done next if nothing happens, and when."""
        if self.result is not None:
            return self.settled_by, Step.FINISH
        steps: list[tuple[float, Step]] = []
        if self.idle_since is not None:
            steps.append((self.idle_since + _SILENT_END, Step.FINISH))
        if self.stopping is not None:
            if self.stop_step < len(STOP_STEPS):
                steps.append((self.stopping + STOP_STEPS[self.stop_step], Step.PRESS))
        elif not self.runs and self.echoed is not None:
            steps.append((self.echoed + DROPPED, Step.FINISH))
        elif not self.runs and not self.remarked_on:
            steps.append((self.began + UNHEARD, Step.REMARK))
        return min(steps, key=lambda step: step[0], default=None)

    @property
    def answer(self) -> str:
        """Claude's last words; empty without a result."""
        return "" if self.result is None else self.result.result or ""

    @property
    def total(self) -> float | None:
        """What claude has counted up to its end, in dollars; None if it has not said."""
        return None if self.result is None else self.result.total_cost_usd

    def outcome(self, retry: stream_json.System | None, host: str) -> Outcome:
        """What came of it, now that it is over. `retry` is the last that claude told of in it."""
        if self.result is None:
            if self.stopping is not None:
                return Outcome("interrupted", error=False, reason=STOPPED)
            reason = "Claude ended the turn without a result." if self.runs else _HAD_BEFORE
            return Outcome("interrupted", error=True, reason=reason)
        reason = explain(self.result, retry, host)
        if was_aborted(self.result):
            return Outcome("interrupted", error=False, reason=reason)
        return Outcome("done", error=bool(reason), reason=reason)
