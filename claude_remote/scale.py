"""How many claudes there may be: `8`, or `2:8`."""

from __future__ import annotations

from typing import NamedTuple

from claude_remote.messages import MOST_WORKERS


class Scale(NamedTuple):
    """At most `most` at once; of those that are idle `least` are kept, however long."""

    least: int
    most: int

    def __str__(self) -> str:
        return f"{self.least}:{self.most}"


def parse(text: str) -> Scale:
    """Read `8` (that is `0:8`) or `2:8`. Raises ValueError with words for the user."""
    least, colon, most = text.strip().rpartition(":")
    if not (most.isascii() and most.isdigit()) or (colon and not (least.isascii() and least.isdigit())):
        raise ValueError(f"{text!r} is neither a number nor MIN:MAX")
    scale = Scale(int(least or 0), int(most))
    if not 1 <= scale.most <= MOST_WORKERS:
        raise ValueError(f"MAX is 1 to {MOST_WORKERS}")
    if scale.least > scale.most:
        raise ValueError("MIN is not above MAX")
    return scale
