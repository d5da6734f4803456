"""`claude-remote trust`: a folder whose own settings Claude is to follow."""

from __future__ import annotations

from claude_remote.cli.reaching import Reach, reach_server
from claude_remote.cli.terminal import Terminal, escape
from claude_remote.errors import Exit


def trust(reach: Reach, session: str, terminal: Terminal) -> int:
    """Trust the folder of a session. Raises RemoteError."""
    with reach_server(reach, terminal) as client:
        info = client.find(session)
        answer = client.control(info.id, "trust_folder")
    if terminal.shows_errors:
        folder = answer.get("folder") if isinstance(answer, dict) else None
        terminal.say(f"{escape(str(folder or info.cwd))} is trusted; it holds when Claude starts anew there")
    return Exit.OK
