"""`-r` without a name: which of the sessions?"""

from __future__ import annotations

import time

from claude_remote.cli.terminal import Terminal, escape
from claude_remote.client.client import Client
from claude_remote.client.conversation.summaries import one_line
from claude_remote.errors import BadOption
from claude_remote.messages import SessionInfo

_SHOWN = 15


def pick_session(client: Client, terminal: Terminal) -> str:
    """Ask which session is meant; its id. Raises BadOption when there is none, or none is chosen."""
    sessions = sorted(client.sessions(), key=lambda each: each.changed, reverse=True)
    if not sessions:
        raise BadOption("there is no session to go on with; without -r a new one begins")
    for number, session in enumerate(sessions[:_SHOWN], start=1):
        terminal.say(_describe(number, session))
    if len(sessions) > _SHOWN:
        terminal.say("    … `claude-remote sessions` lists all of them")
    chosen = terminal.ask("Which one? ").strip()
    if chosen.isdigit() and 0 < int(chosen) <= min(len(sessions), _SHOWN):
        return sessions[int(chosen) - 1].id
    if not chosen:
        raise BadOption("no session was chosen")
    return chosen


def _describe(number: int, session: SessionInfo) -> str:
    words = one_line(session.last_words)
    return (
        f"{number:>3} {escape(session.name)}  {escape(session.cwd)}  {session.state},"
        f" {_ago(time.time() - session.changed)}{f'  {escape(words[:60])}' if words else ''}"
    )


def _ago(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit} ago"
    return "just now"
