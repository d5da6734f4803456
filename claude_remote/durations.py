"""How long something lasts, as it is typed: `30s`, `20min`, `2h`, `7d`."""

from __future__ import annotations

import re

from claude_remote.errors import BadOption

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_SHAPE = re.compile(r"(\d{1,6}(?:\.\d+)?)\s*([a-z]+)")


def seconds_of(text: str) -> float:
    """In seconds. Raises BadOption."""
    found = _SHAPE.fullmatch(text.strip().lower())
    if found is None or found[2] not in _UNITS or not float(found[1]):
        raise BadOption(f"{text!r} is no duration: write 30s, 20min, 2h or 7d")
    return float(found[1]) * _UNITS[found[2]]
