"""Measuring several things in turns, so that whatever else the machine does falls on all of them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

Measure = Callable[[], float]


def interleave(count: int, measures: Mapping[str, Measure]) -> dict[str, list[float]]:
    """Call each `count` times, round by round, each round beginning with another one."""
    samples: dict[str, list[float]] = {name: [] for name in measures}
    names = list(measures)
    for number in range(count):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            samples[name].append(measures[name]())
    return samples


def timed(act: Callable[[], object]) -> Measure:
    """How long `act` takes, in seconds."""

    def measure() -> float:
        began = time.perf_counter()
        act()
        return time.perf_counter() - began

    return measure
