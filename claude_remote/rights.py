"""What a server's owner lets a client do, and the presets in which it is usually said.

`prompt` together with `approve` amounts to a shell on the server: whoever may let Claude run any command
may run any command. `admin` implies `exec`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Right(StrEnum):
    """One thing that a client may do."""

    VIEW = "view"
    PROMPT = "prompt"
    APPROVE = "approve"
    FILES = "files"
    EXEC = "exec"
    ADMIN = "admin"


WATCH = frozenset({Right.VIEW})
WORK = frozenset({Right.VIEW, Right.PROMPT, Right.APPROVE, Right.FILES})
FULL = frozenset(Right)

PRESETS = {"watch": WATCH, "work": WORK, "full": FULL}


def parse(text: str) -> frozenset[Right]:
    """Read `watch`, `work`, `full`, or names divided by commas. Raises ValueError with words for the user."""
    return with_implied(parse_exactly(text))


def parse_exactly(text: str) -> frozenset[Right]:
    """Likewise, without what they imply."""
    rights: set[Right] = set()
    for raw in text.split(","):
        word = raw.strip().lower()
        if word in PRESETS:
            rights |= PRESETS[word]
        elif word in {right.value for right in Right}:
            rights.add(Right(word))
        else:
            known = ", ".join([*PRESETS, *Right])
            raise ValueError(f"no right is called {word!r}; there are {known}")
    return frozenset(rights)


def with_implied(rights: Iterable[Right]) -> frozenset[Right]:
    """`admin` implies `exec`."""
    given = frozenset(rights)
    return given | {Right.EXEC} if Right.ADMIN in given else given


def describe(rights: Iterable[Right]) -> str:
    """The name of the preset if it is one, else the names in their usual order."""
    given = frozenset(rights)
    for name, preset in PRESETS.items():
        if given == preset:
            return name
    return ",".join(right for right in Right if right in given) or "nothing"
