"""`claude-remote sessions`: a list, as wide as the terminal."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence

from claude_remote.cli.everywhere import Answered, ask_every_server
from claude_remote.cli.reaching import Reach, reach_server
from claude_remote.cli.table import Column, age, columns, fit
from claude_remote.cli.terminal import Terminal, escape
from claude_remote.errors import Exit
from claude_remote.messages import SessionInfo

_WORDS = 60


def list_sessions(reach: Reach, terminal: Terminal, *, json: bool) -> int:
    """The sessions that this client may see, the latest first. Raises RemoteError."""
    with reach_server(reach, terminal) as client:
        found = [("", session) for session in client.sessions()]
        mine = client.hello.client
    _show(found, mine, terminal, json=json)
    return 0


def list_everywhere(terminal: Terminal, *, json: bool) -> int:
    """The sessions of every server that is trusted here and answers; those that do not are named."""
    found: list[tuple[str, SessionInfo]] = []
    answers = 0
    for name, answer in ask_every_server(lambda client: client.sessions()):
        if isinstance(answer, Answered):
            answers += 1
            found += [(name, session) for session in answer.value]
        else:
            terminal.say(f"{escape(name)}: {escape(answer.message, lines=True)}")
    if not answers:
        terminal.fail("no server answers")
        return Exit.UNREACHABLE
    _show(found, "", terminal, json=json)
    return 0


def _show(found: Sequence[tuple[str, SessionInfo]], mine: str, terminal: Terminal, *, json: bool) -> None:
    found = sorted(found, key=lambda pair: pair[1].changed, reverse=True)
    if json:
        import msgspec

        # With the fields that are empty, too.
        listed = [
            ({"server": server} if server else {}) | msgspec.structs.asdict(session)
            for server, session in found
        ]
        terminal.write(msgspec.json.encode(listed) + b"\n")
    elif not found:
        terminal.say('No sessions yet. Begin one: claude-remote -p "…"')
    else:
        table = make_table(found, mine, time.time())
        wide = shutil.get_terminal_size().columns if terminal.shows_output else None
        terminal.print(columns(fit(table, wide)))


def make_table(found: Sequence[tuple[str, SessionInfo]], mine: str, now: float) -> list[Column]:
    """The columns in the order in which they are read; `mine` is the name under which we prompt."""
    sessions = [session for _, session in found]
    table = [
        Column("NAME", [escape(each.name) for each in sessions], least=12, most=32),
        Column("STATE", [each.state.value for each in sessions]),
    ]
    if any(each.approvals for each in sessions):
        table.append(Column("ASKS", [str(each.approvals or "") for each in sessions]))
    if any(each.queued for each in sessions):
        table.append(Column("QUEUE", [str(each.queued or "") for each in sessions]))
    table.append(Column("AGE", [age(now - each.changed) for each in sessions]))
    if any(server for server, _ in found):
        table.append(Column("SERVER", [escape(server) for server, _ in found], most=24))
    table += [
        Column("HOST", [escape(each.host) for each in sessions], most=24, drop=2),
        Column("FOLDER", [escape(each.cwd) for each in sessions], least=14, most=48, end="left", drop=7),
        Column("MODEL", [escape(each.model.removeprefix("claude-")) for each in sessions], most=24, drop=3),
        Column("WHO", [_who(each, mine) for each in sessions], most=24, drop=4),
        Column("TURNS", [str(each.turns) for each in sessions], drop=5),
        Column("COST", [f"${each.cost:.2f}" for each in sessions], drop=6),
        Column("ID", [each.id[:8] for each in sessions], drop=1),
        Column("LAST WORDS", [escape(each.last_words) for each in sessions], least=20, most=_WORDS, drop=8),
    ]
    return table


def _who(session: SessionInfo, mine: str) -> str:
    """Who prompts it now, else who began it."""
    who = session.prompting or session.client
    return "you" if mine and who == mine else escape(who)
