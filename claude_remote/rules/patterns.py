"""Texts and paths against patterns with stars, in bounded time."""

from __future__ import annotations

from functools import cache
from pathlib import PurePosixPath


def fits(text: str, pattern: str) -> bool:
    """Whether a text fits a pattern, whose `*` stand for anything. At most len(text) * len(pattern) steps."""
    at = place = 0
    star, resume = -1, 0
    while at < len(text):
        if place < len(pattern) and pattern[place] == "*":
            star, resume = place, at
            place += 1
        elif place < len(pattern) and pattern[place] == text[at]:
            at += 1
            place += 1
        elif star >= 0:
            resume += 1
            at, place = resume, star + 1
        else:
            return False
    return all(letter == "*" for letter in pattern[place:])


def is_within(path: PurePosixPath, pattern: str, folder: PurePosixPath) -> bool:
    """Whether a path fits a pattern of files, as gitignore reads it: what fits a folder fits all below it.

    `pattern` is relative to `folder`, or begins with two slashes. Without a slash in it, it fits
    at any depth.
    """
    if pattern.startswith("//"):
        parts = PurePosixPath(pattern[1:]).parts[1:]
        names = path.parts[1:]
    elif path.is_relative_to(folder):
        parts = tuple(part for part in pattern.rstrip("/").split("/") if part)
        names = path.relative_to(folder).parts
        if "/" not in pattern.rstrip("/"):
            parts = ("**", *parts)
    else:
        return False
    return any(_fit(names[:end], tuple(parts)) for end in range(1, len(names) + 1))


def _fit(names: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    @cache
    def fit(name: int, part: int) -> bool:
        if part == len(parts):
            return name == len(names)
        if parts[part] == "**":
            if part + 1 == len(parts):
                return name < len(names)
            return fit(name, part + 1) or (name < len(names) and fit(name + 1, part))
        return name < len(names) and fits(names[name], parts[part]) and fit(name + 1, part + 1)

    return fit(0, 0)
