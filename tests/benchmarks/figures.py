"""What a benchmark found: figures, how they compare with a reference, and what they should be."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One quantity, measured several times, in `unit`. `reference` names the figure it is compared with."""

    name: str
    unit: str
    samples: tuple[float, ...]
    reference: str | None = None

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.samples)

    @property
    def low(self) -> float:
        """The smallest."""
        return min(self.samples)

    @property
    def high(self) -> float:
        """The largest."""
        return max(self.samples)

    def over(self, other: Figure) -> float:
        """This by the other. Samples of the same round belong together, so drifting noise cancels out."""
        if len(self.samples) == len(other.samples):
            return statistics.median(a / b for a, b in zip(self.samples, other.samples, strict=True))
        return self.median / other.median


@dataclass(frozen=True)
class Budget:
    """What a value should be: at most `limit`, or with `at_least` no less."""

    what: str
    value: float
    limit: float
    unit: str
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether it is."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit


@dataclass
class Report:
    """One benchmark's outcome. `notes` say how it was measured, and what could not be."""

    name: str
    title: str
    figures: list[Figure] = field(default_factory=list)
    budgets: list[Budget] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, unit: str, samples: Sequence[float], reference: str | None = None) -> Figure:
        """Take down a figure."""
        figure = Figure(name, unit, tuple(samples), reference)
        self.figures.append(figure)
        return figure

    def expect(self, what: str, value: float, limit: float, unit: str, *, at_least: bool = False) -> None:
        """Take down a budget."""
        self.budgets.append(Budget(what, value, limit, unit, at_least))

    def ratio(self, figure: Figure) -> float | None:
        """The figure by its reference, if it has one."""
        for other in self.figures:
            if other.name == figure.reference:
                return figure.over(other)
        return None


def percentile(samples: Sequence[float], percent: float) -> float:
    """The sample that `percent` of all do not exceed."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
