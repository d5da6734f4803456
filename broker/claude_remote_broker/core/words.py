"""Names and short texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Container

LINE = 1024  # messages.Line
_WORDS_OF_A_NAME = 4
# Words that say nothing about what a session is for.
_EMPTY = frozenset(
    word
    for line in (
        "a an and are as at be by can could do for from i in into is it its me my of on or our please so",
        "that the then there this to up us we with would you your",
    )
    for word in line.split()
)


def cut(text: str, length: int = LINE) -> str:
    """The beginning of a text: what others wrote is cut before it is passed on in a message."""
    return text if len(text) <= length else text[: length - 1] + "…"


def sentence(words: str) -> str:
    """Words as a sentence."""
    return f"{words[:1].upper()}{words[1:]}."


def line(text: str, length: int = 200) -> str:
    """The beginning of a text on one line."""
    return cut(" ".join(text[: 4 * length].split()), length)


def slug(text: str, *, every: bool = False) -> str:
    """A name from the first telling (or just the first) words of a text, or "".

    "fix the failing test" is fix-failing-test.
    """
    words = re.findall(r"[^\W_]+", text[:500].lower())
    telling = [word for word in words if every or word not in _EMPTY] or words
    return "-".join(word[:20] for word in telling[:_WORDS_OF_A_NAME])[:48].strip("-")


def unique(name: str, taken: Container[str] | Callable[[str], bool]) -> str:
    """The name, or the name with the first number that makes it free."""
    is_taken = taken if callable(taken) else taken.__contains__
    if not is_taken(name):
        return name
    number = 2
    while is_taken(f"{name}-{number}"):
        number += 1
    return f"{name}-{number}"
