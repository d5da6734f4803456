"""What a tool was given, as people read it: a command, a coloured diff, or its fields."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

import msgspec

from claude_remote_gui.text.harmless import harmless
from claude_remote_gui.text.markdown import plain, render
from claude_remote_gui.text.paragraphs import Paragraph, Span, Style

# Enough to decide by; a longer input says how much of it is not shown.
MOST_LINES = 2_000


def describe(tool: str, raw: bytes) -> list[Paragraph]:
    """The input of a tool, JSON, whole but for what exceeds MOST_LINES."""
    try:
        given = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        given = None
    if not isinstance(given, dict):
        shown = plain(raw.decode(errors="replace"), "code", mono=True)
    else:
        shown = [*_fields(tool, given)]
    if len(shown) > MOST_LINES:
        rest = len(shown) - MOST_LINES
        shown = [
            *shown[:MOST_LINES],
            Paragraph((Span(f"… and {rest} more lines", tone="warning"),), "warning"),
        ]
    return shown


def _fields(tool: str, given: dict[str, Any]) -> Iterator[Paragraph]:
    left = dict(given)
    for name in ("file_path", "notebook_path", "path"):
        if isinstance(path := left.get(name), str):
            del left[name]
            yield _field(name, path)
    if tool == "ExitPlanMode" and isinstance(plan := left.get("plan"), str):
        del left["plan"]
        yield from render(plan)
    if isinstance(command := left.get("command"), str):
        del left["command"]
        yield from plain(command, "code", mono=True)
        if left.get("description") == command:  # it tells nothing more
            del left["description"]
    yield from _changes(left)
    for name, value in left.items():
        if isinstance(value, str) and "\n" in value:
            yield _field(name, "")
            yield from plain(value, "code", mono=True)
        elif isinstance(value, str):
            yield _field(name, value)
        else:
            yield _field(name, msgspec.json.encode(value).decode(errors="replace"))


def _changes(left: dict[str, Any]) -> Iterator[Paragraph]:
    old, new, content = left.get("old_string"), left.get("new_string"), left.get("content")
    if isinstance(old, str) and isinstance(new, str):
        del left["old_string"], left["new_string"]
        yield from diff(old, new)
    elif isinstance(content, str):
        del left["content"]
        yield from plain(content, "added", mono=True)
    edits = left.get("edits")
    if isinstance(edits, list) and all(_is_edit(edit) for edit in edits):
        del left["edits"]
        for edit in edits:
            yield from diff(edit["old_string"], edit["new_string"])


def _is_edit(edit: object) -> bool:
    return (
        isinstance(edit, dict)
        and isinstance(edit.get("old_string"), str)
        and isinstance(edit.get("new_string"), str)
        and edit.keys() <= {"old_string", "new_string"}
    )


def diff(old: str, new: str) -> Iterator[Paragraph]:
    """The lines that go and the lines that come, with three around them."""
    before, after = old.removesuffix("\n").split("\n"), new.removesuffix("\n").split("\n")
    if old.endswith("\n") != new.endswith("\n"):
        before, after = old.split("\n"), new.split("\n")
    if len(before) > MOST_LINES or len(after) > MOST_LINES:  # comparing takes the square of it
        marked = [*(f"-{line}" for line in before), *(f"+{line}" for line in after)]
    else:
        marked = [*difflib.unified_diff(before, after, lineterm="", n=3)][2:]
    for line in marked:
        if line.startswith("@@"):
            yield Paragraph((Span(harmless(line), mono=True, tone="faint"),), "code")
        else:
            style: Style = "added" if line[:1] == "+" else "removed" if line[:1] == "-" else "code"
            yield Paragraph((Span(harmless(line), mono=True),), style)


def _field(name: str, value: str) -> Paragraph:
    return Paragraph((Span(f"{harmless(name)}: ", tone="faint"), Span(harmless(value), mono=True)), "text")
