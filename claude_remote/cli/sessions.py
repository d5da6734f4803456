"""`claude-remote sessions`: a list, as wide as the terminal."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from typing import NamedTuple

from claude_remote.cli.everywhere import Answered, ask_every_server
from claude_remote.cli.reaching import Reach, reach_server
from claude_remote.cli.table import Column, age, columns, fit
from claude_remote.cli.terminal import Terminal, escape
from claude_remote.client.client import Client
from claude_remote.errors import Exit
from claude_remote.messages import Conversation, SessionInfo

_WORDS = 60


def list_sessions(reach: Reach, terminal: Terminal, *, json: bool, everything: bool = False) -> int:
    """The sessions that this client may see, the latest first; with `everything` those begun elsewhere, too.

    Raises RemoteError.
    """
    with reach_server(reach, terminal) as client:
        there = _ask(client, everything=everything)
        mine = client.hello.client
    _show([("", there)], mine, terminal, json=json)
    _tell_left_out("", there, terminal)
    return 0


def list_everywhere(terminal: Terminal, *, json: bool, everything: bool = False) -> int:
    """Likewise of every server that is trusted here and answers; those that do not are named."""
    found: list[tuple[str, _There]] = []
    for name, answer in ask_every_server(lambda client: _ask(client, everything=everything)):
        if isinstance(answer, Answered):
            found.append((name, answer.value))
        else:
            terminal.say(f"{escape(name)}: {escape(answer.message, lines=True)}")
    if not found:
        terminal.fail("no server answers")
        return Exit.UNREACHABLE
    _show(found, "", terminal, json=json)
    for name, there in found:
        _tell_left_out(name, there, terminal)
    return 0


class _There(NamedTuple):
    """What there is on a server."""

    host: str
    sessions: list[SessionInfo]
    left_out: int  # older ones
    others: list[Conversation]


def _ask(client: Client, *, everything: bool) -> _There:
    sessions, left_out = client.latest_sessions()
    others: list[Conversation] = []
    if everything:
        own = {session.claude_session for session in sessions}
        others = [each for each in client.conversations() if each.id not in own]
    return _There(client.hello.host, sessions, left_out, others)


def _tell_left_out(server: str, there: _There, terminal: Terminal) -> None:
    """Beside the list, which stays one for programs; `-r` and `attach` find by name what is not in it."""
    if there.left_out:
        where = f"{escape(server)}: " if server else ""
        listed = f"{len(there.sessions):,}"
        terminal.say(f"{where}only the latest {listed} sessions are listed; {there.left_out:,} are older")


def _show(answers: Sequence[tuple[str, _There]], mine: str, terminal: Terminal, *, json: bool) -> None:
    found = [(server, session) for server, there in answers for session in there.sessions]
    found.sort(key=lambda pair: pair[1].changed, reverse=True)
    others = [(server, there.host, each) for server, there in answers for each in there.others]
    others.sort(key=lambda row: row[2].changed, reverse=True)
    if json:
        import msgspec

        # With the fields that are empty, too.
        listed = [
            ({"server": server} if server else {}) | msgspec.structs.asdict(session)
            for server, session in found
        ]
        # What was begun without this server has a state of its own, and less to tell.
        listed += [
            ({"server": server} if server else {})
            | {"state": "elsewhere", "host": host, **msgspec.structs.asdict(each)}
            for server, host, each in others
        ]
        terminal.write(msgspec.json.encode(listed) + b"\n")
        return
    if not found:
        terminal.say('No sessions yet. Begin one: claude-remote -p "…"')
    wide = shutil.get_terminal_size().columns if terminal.shows_output else None
    if found:
        terminal.print(columns(fit(make_table(found, mine, time.time()), wide)))
    if others:
        terminal.say(
            "\nBegun without claude-remote; `claude-remote -r ID` goes on with one that nobody has open:"
        )
        terminal.print(columns(fit(make_others_table(others, time.time()), wide)))


def make_others_table(others: Sequence[tuple[str, str, Conversation]], now: float) -> list[Column]:
    """The columns of what was begun without us."""
    rows = [each for _, _, each in others]
    table = [
        Column("ID", [each.id[:8] for each in rows]),
        Column("OPEN IN", [_open_in(each) for each in rows]),
        Column("AGE", [age(now - each.changed) for each in rows]),
    ]
    if any(server for server, _, _ in others):
        table.append(Column("SERVER", [escape(server) for server, _, _ in others], most=24))
    return [
        *table,
        Column("HOST", [escape(host) for _, host, _ in others], most=24, drop=1),
        Column("FOLDER", [escape(each.cwd) for each in rows], least=14, most=48, end="left", drop=3),
        Column("FIRST WORDS", [escape(each.first_words) for each in rows], least=20, most=_WORDS, drop=4),
        Column("LAST WORDS", [escape(each.last_words) for each in rows], least=20, most=_WORDS, drop=2),
    ]


def _open_in(conversation: Conversation) -> str:
    if not conversation.pid:
        return ""
    where = f" {conversation.terminal}" if conversation.terminal else ""
    return escape(f"pid {conversation.pid}{where}")


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
