"""`claude-remote sessions`: a list."""

from __future__ import annotations

import time

from claude_remote.cli.reaching import Reach, reach_server
from claude_remote.cli.table import age, columns
from claude_remote.cli.terminal import Terminal, escape

_WORDS = 60


def list_sessions(reach: Reach, terminal: Terminal, *, json: bool) -> int:
    """The sessions that this client may see, the latest first. Raises RemoteError."""
    with reach_server(reach, terminal) as client:
        sessions = sorted(client.sessions(), key=lambda session: session.changed, reverse=True)
    if json:
        import msgspec

        terminal.write(msgspec.json.encode([msgspec.to_builtins(session) for session in sessions]) + b"\n")
        return 0
    if not sessions:
        terminal.say('No sessions yet. Begin one: claude-remote -p "…"')
        return 0
    now = time.time()
    rows = [("NAME", "STATE", "AGE", "FOLDER", "TURNS", "COST", "ID", "LAST WORDS")]
    for session in sessions:
        last = escape(session.last_words)
        waiting = f" ({session.approvals} to approve)" if session.approvals else ""
        rows.append(
            (
                escape(session.name),
                f"{session.state}{waiting}",
                age(now - session.changed),
                escape(session.cwd),
                str(session.turns),
                f"${session.cost:.2f}",
                session.id[:8],
                last if len(last) <= _WORDS else f"{last[: _WORDS - 1]}…",
            )
        )
    terminal.print(columns(rows))
    return 0
