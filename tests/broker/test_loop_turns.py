"""The turns of the loop that are measured, and what is told of them."""

from __future__ import annotations

from collections.abc import Callable

from claude_remote_broker.loop_turns import LoopTurns


class Loop:
    """One whose turns take what a test says."""

    def __init__(self) -> None:
        self.now, self.worked = 1000.0, 0.0
        self.soon: list[Callable[[], None]] = []
        self.turns = LoopTurns(self.soon.append, lambda: self.now, lambda: self.worked)

    def turn(self, *, large: bool, work: float, wait: float = 0.0) -> None:
        called, self.soon[:] = list(self.soon), []
        for each in called:
            each()
        if large:
            self.turns.measure()
            self.turns.measure()
        self.now += work + wait
        self.worked += work

    @property
    def told(self) -> tuple[float | None, float | None]:
        longest, work = self.turns.longest.read(), self.turns.longest_work.read()
        return longest and round(longest, 6), work and round(work, 6)


def test_the_longest_turn_beside_something_large() -> None:
    loop = Loop()
    assert loop.told == (None, None)
    loop.turn(large=False, work=9.0)
    assert not loop.soon  # nothing large, nothing measured
    loop.turn(large=True, work=0.001)
    loop.turn(large=True, work=0.003, wait=0.004)
    loop.turn(large=False, work=0.005)  # still measured: what was large may be finished in it
    loop.turn(large=False, work=9.0)
    assert loop.told == (0.007, 0.005)
    loop.turn(large=False, work=9.0)
    assert not loop.soon
    assert loop.told == (0.007, 0.005)


def test_what_was_a_minute_ago_is_forgotten() -> None:
    loop = Loop()
    loop.turn(large=True, work=0.5)
    loop.turn(large=False, work=0.1)
    loop.turn(large=False, work=61)
    assert loop.told == (None, None)
