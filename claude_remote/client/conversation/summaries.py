"""One line about a tool: what it is used on, and what came of it."""

from __future__ import annotations

from typing import Any

import msgspec

from claude_remote.client.conversation import frames

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
# What the model is told of these is not for people.
_SAY_NOTHING = frozenset({"EnterPlanMode", "ExitPlanMode", "TodoWrite", "Skill"})
_PATHS = ("file_path", "notebook_path", "path")


def read_input(raw: bytes) -> dict[str, Any]:
    """A tool's input; empty when it is no JSON object."""
    try:
        given = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return given if isinstance(given, dict) else {}


def summarize(raw: bytes, cwd: str = "") -> str:
    """What a tool is used on; a path below `cwd` is written from there."""
    given = read_input(raw)
    if "plan" in given or "todos" in given:
        return ""  # too long for a line, and shown elsewhere
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


def describe_result(tool: str, text: str, details: frames.Details, *, error: bool) -> str:
    """What came of a tool, in a line; empty when that it was used says it all."""
    if error:
        told = _first_line(text.removeprefix("<tool_use_error>").removesuffix("</tool_use_error>"))
    elif details.answers:
        told = one_line(", ".join(str(answer) for answer in details.answers.values()))
    elif tool in _SAY_NOTHING:
        told = ""
    elif text.startswith("Async agent launched"):
        told = "in the background"
    elif details.patch is not None:
        told = _count_changes(details.patch)
    elif details.file is not None and details.file.lines:
        told = count(details.file.lines, "line")
    else:
        told = _first_line(text)
    return told


def _count_changes(patches: list[frames.Patch]) -> str:
    lines = [line for patch in patches for line in patch.lines]
    added, removed = (sum(line.startswith(sign) for line in lines) for sign in "+-")
    return f"+{added} -{removed}" if added or removed else ""


def _first_line(text: str) -> str:
    lines = [line for line in text[: 64 * 1024].splitlines() if line.strip()]
    if not lines:
        return ""
    more = max(text.count("\n"), len(lines) - 1)
    first = one_line(lines[0])
    return f"{first} (+{count(more, 'line')})" if len(lines) > 1 else first


def one_line(text: str) -> str:
    """The text on one line, cut at its end."""
    line = " ".join(text[: 8 * LONGEST].split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def count(number: int, noun: str) -> str:
    """`1 line`, `2 lines`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
