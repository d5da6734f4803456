"""`claude-remote approvals`: what Claude asks, on one server or all."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence

from claude_remote.cli.everywhere import Answered, ask_every_server
from claude_remote.cli.reaching import Reach, reach_server
from claude_remote.cli.table import Column, age, columns, fit
from claude_remote.cli.terminal import Terminal, escape
from claude_remote.errors import Exit
from claude_remote.facts import what_it_does
from claude_remote.messages import ApprovalInfo, ApprovalState, Behavior

SHORT = 8  # letters of an id that are shown


def list_approvals(reach: Reach, terminal: Terminal, *, json: bool) -> int:
    """Those that are open. Raises RemoteError."""
    with reach_server(reach, terminal) as client:
        found = [("", info) for info in client.approvals()]
    _show(found, terminal, json=json)
    return Exit.OK


def list_everywhere(terminal: Terminal, *, json: bool) -> int:
    """Those of every server that is trusted here and answers; those that do not are named."""
    found: list[tuple[str, ApprovalInfo]] = []
    answers = 0
    for name, answer in ask_every_server(lambda client: client.approvals()):
        if isinstance(answer, Answered):
            answers += 1
            found += [(name, info) for info in answer.value]
        else:
            terminal.say(f"{escape(name)}: {escape(answer.message, lines=True)}")
    if not answers:
        terminal.fail("no server answers")
        return Exit.UNREACHABLE
    _show(sorted(found, key=lambda pair: pair[1].since), terminal, json=json)
    return Exit.OK


def tell_line(server: str, info: ApprovalInfo, terminal: Terminal) -> str:
    """One approval in a line, with how far it has come."""
    place = f"{escape(server)}:" if server else ""
    head = f"{info.id[:SHORT]}  {place}{escape(info.session_name)}  "
    told = what_it_does(info.tool, info.summary)
    asked = f"{terminal.tint(escape(info.tool), '1')} {escape(told)}".rstrip()
    done = "denied" if info.behavior is Behavior.DENY else "allowed"
    by = f" by {'a rule of ' if info.rule else ''}{escape(info.by)}" if info.by else ""
    match info.state:
        case ApprovalState.OPEN:
            return head + terminal.tint("? ", "33") + asked
        case ApprovalState.DECIDED:
            return head + terminal.tint(f"{done}{by}", "2")
        case ApprovalState.DELIVERED:
            return head + terminal.tint("delivered", "2")
        case ApprovalState.TAKEN:
            return head + terminal.tint("taken by Claude", "32")
        case ApprovalState.FINISHED:
            return head + terminal.tint("the tool has failed" if info.reason else "the tool is done", "2")
        case ApprovalState.VOID:
            return head + terminal.tint(f"no longer asked: {escape(info.reason)}", "2")


def _show(found: Sequence[tuple[str, ApprovalInfo]], terminal: Terminal, *, json: bool) -> None:
    if json:
        import msgspec

        terminal.write(msgspec.json.encode([as_map(*each) for each in found]) + b"\n")
    elif not found:
        terminal.say("Claude asks nothing.")
    else:
        wide = shutil.get_terminal_size().columns if terminal.shows_output else None
        terminal.print(columns(fit(_table(found, time.time()), wide)))


def _table(found: Sequence[tuple[str, ApprovalInfo]], now: float) -> list[Column]:
    infos = [info for _, info in found]
    return [
        Column("ID", [info.id[:SHORT] for info in infos]),
        Column("AGE", [age(now - info.since) for info in infos]),
        Column("SERVER", [escape(server) for server, _ in found], most=24),
        Column("SESSION", [escape(info.session_name) for info in infos], least=10, most=32),
        Column("TOOL", [escape(info.tool) for info in infos], most=24),
        Column("ASKS FOR", [_asks(info) for info in infos], least=20, most=120),
        Column("FOLDER", [escape(info.cwd) for info in infos], least=14, most=48, end="left", drop=1),
        Column("FOR", [escape(info.client) for info in infos], most=24, drop=2),
    ]


def _asks(info: ApprovalInfo) -> str:
    # Claude marks some as unsafe: no rule answers those.
    return ("! " if info.guarded else "") + escape(what_it_does(info.tool, info.summary))


def as_map(server: str, info: ApprovalInfo) -> dict[str, object]:
    """For programs; with the fields that are empty, too."""
    import msgspec

    return ({"server": server} if server else {}) | msgspec.structs.asdict(info)
