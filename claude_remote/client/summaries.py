"""One line about a tool: what it is used on, and what came of it."""

from __future__ import annotations

from typing import Any

import msgspec

from claude_remote.client import frames

LONGEST = 200
# Which field of a tool's input says what it is about, the first that is there.
_TELLING = (
    "command",
    "file_path",
    "notebook_path",
    "pattern",
    "path",
    "url",
    "query",
    "skill",
    "description",
    "subject",
    "prompt",
)
_PATHS = ("file_path", "notebook_path", "path")


def read_input(raw: bytes) -> dict[str, Any]:
    """A tool's input; empty when it is no JSON object."""
    try:
        given = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return {}
    return given if isinstance(given, dict) else {}


def summarize(raw: bytes, cwd: str = "") -> str:
    """What a tool is used on; a path below `cwd` is written from there."""
    given = read_input(raw)
    for name in _TELLING:
        value = given.get(name)
        if isinstance(value, str) and value.strip():
            return one_line(shorten(value, cwd) if name in _PATHS else value)
    questions = given.get("questions")
    if isinstance(questions, list) and questions and isinstance(questions[0], dict):
        return one_line(str(questions[0].get("question", "")))
    return one_line(msgspec.json.encode(given)[: 4 * LONGEST].decode(errors="replace")) if given else ""


def shorten(path: str, cwd: str) -> str:
    """`path` as seen from `cwd`, when it is below it."""
    return path[len(cwd) + 1 :] if cwd and path.startswith(f"{cwd}/") else path


def describe_result(text: str, details: frames.Details, *, error: bool) -> str:
    """What came of a tool, in a line."""
    if details.patch is not None and not error:
        lines = [line for patch in details.patch for line in patch.lines]
        added, removed = (sum(line.startswith(sign) for line in lines) for sign in "+-")
        if added or removed:
            return f"+{added} -{removed}"
        return ""
    if details.file is not None and details.file.lines:
        return count(details.file.lines, "line")
    lines = [line for line in text[: 64 * 1024].splitlines() if line.strip()]
    if not lines:
        return ""
    more = text.count("\n") + 1 - 1
    first = one_line(lines[0])
    return f"{first} (+{count(more, 'line')})" if more and len(lines) > 1 else first


def one_line(text: str) -> str:
    """The text on one line, cut at its end."""
    line = " ".join(text[: 8 * LONGEST].split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def count(number: int, noun: str) -> str:
    """`1 line`, `2 lines`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
