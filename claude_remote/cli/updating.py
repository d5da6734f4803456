"""`claude-remote update`: the server's software, from afar (right: admin)."""

from __future__ import annotations

from claude_remote.cli.reaching import Reach, reach_server
from claude_remote.cli.terminal import Terminal, escape
from claude_remote.client.update_words import OUTDATED, in_words
from claude_remote.messages import FromUpdate, Plan


def update_server(reach: Reach, terminal: Terminal, *, check: bool, claude: bool) -> int:
    """Update it, or say what that would do. Raises RemoteError."""
    plans: list[Plan] = []

    def on_told(word: FromUpdate, payload: bytes) -> None:
        if isinstance(word, Plan):
            plans.append(word)
        for line in in_words(word, payload):
            # What was asked for is the plan; all else is on the way to it.
            (terminal.print if isinstance(word, Plan) else terminal.say)(escape(line))

    with reach_server(reach, terminal) as client:
        version = client.update(on_told, check=check, claude=claude)
        if version is not None:
            terminal.print(f"{escape(client.host) or 'the server'} speaks version {escape(version)}")
    return OUTDATED if check and any(plan.newer and plan.newest for plan in plans) else 0
