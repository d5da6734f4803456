"""Times, sums and folders as people read them."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

# Where homes are; whose it is stands in another column.
_HOME = re.compile(r"(?:/home/[^/]+|/Users/[^/]+|/root)(?=/|\Z)")


def clock(at: float) -> str:
    """Seconds since the epoch as a time of today, or with its day."""
    if at <= 0:
        return ""
    try:
        then, today = time.localtime(at), time.localtime()
    except (OverflowError, ValueError, OSError):  # a server may say anything
        return "?"
    same_day = then[:3] == today[:3]
    return time.strftime("%H:%M:%S" if same_day else "%d %b %H:%M", then)


def duration(seconds: float) -> str:
    """How long something took or takes."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02} h"


def money(dollars: float) -> str:
    """US dollars."""
    return f"${dollars:.2f}" if dollars else ""


def count(number: int, noun: str) -> str:
    """`1 line`, `2 lines`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def home(path: str) -> str:
    """A path below somebody's home folder, as people write it: `~/src`."""
    found = _HOME.match(path)
    return path if found is None else f"~{path[found.end() :]}"


def stamp(at: float) -> str:
    """Seconds since the epoch as ISO 8601, for files."""
    try:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    except (OverflowError, ValueError, OSError):  # a server may say anything
        return "?"
