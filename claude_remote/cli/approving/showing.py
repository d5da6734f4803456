"""`claude-remote show`: the whole of a question, so that one can decide."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from typing import Any

from claude_remote import changes
from claude_remote.cli.approving import lines
from claude_remote.cli.reaching import Reach, reach_server
from claude_remote.cli.table import age
from claude_remote.cli.terminal import Terminal, escape
from claude_remote.client.approving import Asked
from claude_remote.client.conversation.asked import read_asked
from claude_remote.client.conversation.summaries import read_input
from claude_remote.errors import Exit
from claude_remote.messages import ApprovalState, Behavior
from claude_remote.uses import proposed_rule

_COLOURS = {"+": "32", "-": "31", "@": "36"}


def show(reach: Reach, which: str, terminal: Terminal, *, json: bool) -> int:
    """Show one. Raises RemoteError."""
    with reach_server(reach, terminal) as client:
        asked = client.approval(which, file=not json)
    if json:
        terminal.write(as_json(asked) + b"\n")
    else:
        for line in describe(asked, terminal):
            terminal.print(line)
    return Exit.OK


def as_json(asked: Asked) -> bytes:
    """For programs: what a list tells, and the tool's whole input."""
    import msgspec

    info = msgspec.structs.asdict(asked.info)
    fact = asked.fact
    info |= {
        "input": fact.input,
        "description": fact.description,
        "why": fact.reason,
        "suggestions": fact.suggestions,
    }
    return msgspec.json.encode(info)


def describe(asked: Asked, terminal: Terminal) -> Iterator[str]:
    """As lines for a terminal."""
    info, fact = asked.info, asked.fact
    who = f" for {escape(info.client)}" if info.client else ""
    agent = " (a subagent)" if info.agent else ""
    yield (
        f"{terminal.tint(escape(fact.tool), '1')}{agent} · {escape(info.session_name)}{who} · "
        f"{escape(info.host)}:{escape(info.cwd)} · {age(time.time() - info.since)} ago"
    )
    if fact.reason:
        yield terminal.tint(escape(fact.reason), "33" if info.guarded else "2")
    yield from _content(asked, terminal)
    yield from _state(asked, terminal)


def _content(asked: Asked, terminal: Terminal) -> Iterator[str]:
    fact = asked.fact
    given = read_input(bytes(fact.input))
    match (fact.tool, given):
        case ("Bash", {"command": str(command)}):
            yield from _command(command, given, terminal)
        case ("Edit" | "MultiEdit" | "Write", {"file_path": str(path)}):
            yield from _file(asked, path, given, terminal)
        case ("ExitPlanMode", _):
            yield escape(lines.plan_of(fact).strip(), lines=True) or "(Claude did not write the plan down.)"
        case ("AskUserQuestion", _) if questions := read_asked(bytes(fact.input)):
            yield from lines.show_questions(questions, terminal)
        case _:
            import msgspec

            text = msgspec.json.format(bytes(fact.input), indent=2).decode(errors="replace")
            yield escape(text, lines=True)


def _command(command: str, given: dict[str, Any], terminal: Terminal) -> Iterator[str]:
    first, *more = escape(command, lines=True).split("\n")
    yield f"{terminal.tint('$', '2')} {first}"
    yield from (f"  {line}" for line in more)
    about = given.get("description")
    if isinstance(about, str) and about.strip():
        yield terminal.tint(escape(about), "2")
    if given.get("run_in_background"):
        yield terminal.tint("in the background", "2")
    if isinstance(seconds := given.get("timeout"), int | float):
        yield terminal.tint(f"for at most {seconds / 1000:g} s", "2")
    if given.get("dangerouslyDisableSandbox"):
        yield terminal.tint("outside of the sandbox", "33")


def _file(asked: Asked, path: str, given: dict[str, Any], terminal: Terminal) -> Iterator[str]:
    file = asked.file
    led = file.path if file is not None and file.path and file.path != path else ""
    yield escape(path) + (terminal.tint(f"  (leads to {escape(led)})", "33") if led else "")
    refused = "" if file is None else file.refused
    content = "" if file is None or file.content is None else changes.read(asked.fact.tool, file.content)
    if file is not None and file.content is None and not refused:
        yield terminal.tint("a new file", "2")
    after = None if refused else changes.apply(asked.fact.tool, given, content)
    if after is None:
        why = refused or "what it replaces is not in the file as it is now"
        yield terminal.tint(f"The file is not compared: {escape(why)}.", "33")
        yield from _edits(given, terminal)
        return
    found = False
    for line in changes.compare(content, after):
        found = True
        yield terminal.tint(escape(line, lines=True).replace("\n", "\\n"), _COLOURS.get(line[:1], ""))
    if not found:
        yield terminal.tint("Nothing is different.", "2")


def _edits(given: dict[str, Any], terminal: Terminal) -> Iterator[str]:
    """What the tool says itself, without the file."""
    edits = given.get("edits")
    for edit in edits if isinstance(edits, list) else [given]:
        match edit:
            case {"old_string": str(old), "new_string": str(new)}:
                found = changes.compare(old, new)
            case {"content": str(new)}:
                found = (f"+{line}" for line in new.splitlines())
            case _:
                found = iter([repr(edit)])
        for line in found:
            yield terminal.tint(escape(line), _COLOURS.get(line[:1], ""))


def _state(asked: Asked, terminal: Terminal) -> Iterator[str]:
    info = asked.info
    short = info.id[:8]
    if info.state is ApprovalState.OPEN and asked.fact.tool in {"AskUserQuestion", "ExitPlanMode"}:
        yield terminal.tint(f"claude-remote answer {short}", "2")
    elif info.state is ApprovalState.OPEN:
        yield terminal.tint(f"claude-remote allow {short}  ·  claude-remote deny {short} -m REASON", "2")
        if rule := proposed_rule(asked.fact, info.cwd):
            quoted = escape(shlex.quote(rule))
            yield terminal.tint(f"claude-remote allow {short} --rule {quoted} --for 8h", "2")
    elif info.state is ApprovalState.VOID:
        yield terminal.tint(f"no longer asked: {escape(info.reason)}", "2")
    else:
        done = "denied" if info.behavior is Behavior.DENY else "allowed"
        by = f"by {'a rule of ' if info.rule else ''}{escape(info.by)}"
        yield terminal.tint(f"{done} {by}; {info.state.value}", "2")
