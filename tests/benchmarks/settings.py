"""What whoever runs the benchmarks may choose."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """`quick` measures as little as shows that everything works; `sessions` is for fan-in, `seconds` for the
    window: how long it is watched at each rate.
    """

    quick: bool = False
    sessions: int = 100
    seconds: float = 60.0

    def times(self, usual: int) -> int:
        """How often to measure."""
        return min(usual, 2) if self.quick else usual

    def scale(self, usual: float) -> float:
        """How much, or how long."""
        return usual / 10 if self.quick else usual
