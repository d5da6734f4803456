"""What Claude asks to be allowed, so that one can decide: a command whole, an edit as a difference."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

import msgspec
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from claude_remote.cli.interactive.drawing import clean
from claude_remote.cli.interactive.markdown import Markdown, draw_code
from claude_remote.cli.terminal import escape
from claude_remote.client.conversation.items import Question
from claude_remote.client.conversation.summaries import count, read_input, shorten

MOST_LINES = 60


def propose(question: Question, cwd: str = "") -> RenderableType:
    """The whole of a question for an approval."""
    given = read_input(question.input)
    parts: list[RenderableType] = [_headline(question)]
    if question.description and not _tells_nothing_new(question.description, given):
        parts.append(_indent(Text(clean(question.description), style="dim")))
    parts += [_indent(part) for part in _content(question.tool, given, cwd)]
    if question.reason:
        parts.append(_indent(Text(clean(question.reason), style="dim")))
    return Group(*parts)


def propose_plan(plan: str) -> RenderableType:
    """A plan that Claude wants to carry out."""
    headline = Text.assemble(("? ", "bold yellow"), ("Claude has a plan", "bold"))
    body = Markdown(clean(plan)) if plan.strip() else Text("(It did not write it down.)", style="dim")
    return Group(headline, _indent(body))


def _indent(drawn: RenderableType) -> RenderableType:
    return Padding(drawn, (0, 0, 0, 2))


def _tells_nothing_new(description: str, given: dict[str, Any]) -> bool:
    return any(isinstance(value, str) and value.endswith(description) for value in given.values())


def _headline(question: Question) -> Text:
    line = Text.assemble(("? ", "bold yellow"), ("Claude asks: ", "bold"), (escape(question.tool), "bold"))
    if question.agent:
        line.append("  (a subagent)", style="dim")
    return line


def _content(tool: str, given: dict[str, Any], cwd: str) -> Iterator[RenderableType]:
    match (tool, given):
        case ("Bash", {"command": str(command)}):
            yield from _command(command, given)
        case ("Edit" | "MultiEdit" | "Write", {"file_path": str(path)}):
            yield from _file(path, given, cwd)
        case ("Read" | "NotebookRead", {"file_path": str(path)}):
            yield _path(path, cwd)
        case ("WebFetch", {"url": str(url)}):
            yield Text(clean(url))
        case _:
            text = msgspec.json.format(msgspec.json.encode(given), indent=2).decode(errors="replace")
            yield _cut([Text(line) for line in clean(text).split("\n")])


def _command(command: str, given: dict[str, Any]) -> Iterator[RenderableType]:
    yield draw_code(clean(command), "bash")
    match given.get("description"):
        case str(description) if description.strip():
            yield Text(clean(description), style="dim")
    if given.get("run_in_background"):
        yield Text("in the background", style="dim")


def _file(path: str, given: dict[str, Any], cwd: str) -> Iterator[RenderableType]:
    match given:
        case {"content": str(content)}:
            yield _path(path, cwd, f"the whole file, {count(len(content.splitlines()), 'line')}")
            yield _cut([Text(f"+ {line}", style="green") for line in clean(content).rstrip("\n").split("\n")])
            return
        case {"edits": list(edits)}:
            yield _path(path, cwd, count(len(edits), "edit"))
        case _:
            edits = [given]
            yield _path(path, cwd, "every occurrence" if given.get("replace_all") else "")
    for edit in edits:
        match edit:
            case {"old_string": str(old), "new_string": str(new)}:
                yield _difference(old, new)
            case _:
                yield Text(clean(repr(edit)))


def _path(path: str, cwd: str, remark: str = "") -> Text:
    line = Text(escape(shorten(path, cwd)))
    if remark:
        line.append(f"  {remark}", style="dim")
    return line


def _difference(old: str, new: str) -> RenderableType:
    styles = {"+": "green", "-": "red", "@": "dim", " ": "dim"}
    lines = list(difflib.unified_diff(clean(old).split("\n"), clean(new).split("\n"), lineterm="", n=2))[2:]
    shown = [line for line in lines if not line.startswith("@@") or len(lines) > MOST_LINES]
    return _cut([Text(f"{line[:1]} {line[1:]}", style=styles.get(line[:1], "")) for line in shown])


def _cut(lines: list[Text]) -> RenderableType:
    hidden = len(lines) - MOST_LINES
    if hidden > 0:
        lines = [*lines[:MOST_LINES], Text(f"… {count(hidden, 'more line')}", style="dim")]
    return Group(*lines)
