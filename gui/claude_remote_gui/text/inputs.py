"""What a tool was given, as people read it: a command, a coloured diff, or its fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from claude_remote import changes
from claude_remote_gui.text.harmless import harmless
from claude_remote_gui.text.markdown import plain, render
from claude_remote_gui.text.paragraphs import Paragraph, Span, Style

# What is read of an input in a conversation.
MOST_LINES = 2_000


def describe(tool: str, raw: bytes, difference: Sequence[str] | None = None) -> list[Paragraph]:
    """The input of a tool, JSON, whole. `difference`: what it changes in a file, in the place of its own
    words for that.
    """
    try:
        given = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        given = None
    if not isinstance(given, dict):
        return plain(raw.decode(errors="replace"), "code", mono=True)
    return [*_fields(tool, given, difference)]


def shortened(shown: list[Paragraph]) -> list[Paragraph]:
    """As many of them as somebody reads in passing, and how many more there are."""
    if len(shown) <= MOST_LINES:
        return shown
    rest = len(shown) - MOST_LINES
    return [*shown[:MOST_LINES], Paragraph((Span(f"… and {rest} more lines", tone="warning"),), "warning")]


def _fields(tool: str, given: dict[str, Any], difference: Sequence[str] | None) -> Iterator[Paragraph]:
    left = {name: value for name, value in given.items() if (name, value) != ("replace_all", False)}
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
    if difference is None:
        yield from _changes(left)
    else:
        left = {name: left[name] for name in left if name not in _said_by_difference(tool, given)}
        yield from marked(difference)
    yield from _others(left)


def _others(left: dict[str, Any]) -> Iterator[Paragraph]:
    """Whatever there is besides, each by its name."""
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


def _said_by_difference(tool: str, given: dict[str, Any]) -> tuple[str, ...]:
    """The fields that the difference of the file says whole; anything else is shown as well."""
    match tool, given:
        case "Edit", {"old_string": str(), "new_string": str()}:
            return "old_string", "new_string"
        case "Write", {"content": str()}:
            return ("content",)
        case "MultiEdit", {"edits": [*edits]} if all(_is_edit(edit) for edit in edits):
            return ("edits",)
        case _:
            return ()


def _is_edit(edit: object) -> bool:
    return (
        isinstance(edit, dict)
        and isinstance(edit.get("old_string"), str)
        and isinstance(edit.get("new_string"), str)
        and edit.keys() <= {"old_string", "new_string"}
    )


def diff(old: str, new: str) -> Iterator[Paragraph]:
    """The lines that go and the lines that come, with three around them."""
    if old.endswith("\n") == new.endswith("\n"):
        old, new = old.removesuffix("\n"), new.removesuffix("\n")
    # It is a piece of a file: that its last line has no end says nothing.
    return marked(line for line in changes.compare(old, new) if line != changes.NO_NEWLINE)


def marked(difference: Iterable[str]) -> Iterator[Paragraph]:
    """A difference as `changes.compare` gives it, in colours."""
    for line in difference:
        if line[:1] in {"@", "\\"}:
            yield Paragraph((Span(harmless(line), mono=True, tone="faint"),), "code")
        else:
            style: Style = "added" if line[:1] == "+" else "removed" if line[:1] == "-" else "code"
            yield Paragraph((Span(harmless(line), mono=True),), style)


def _field(name: str, value: str) -> Paragraph:
    return Paragraph((Span(f"{harmless(name)}: ", tone="faint"), Span(harmless(value), mono=True)), "text")
