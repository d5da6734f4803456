"""`claude-remote shutdown` and `server-logs`: the server itself, from afar (right: admin)."""

from __future__ import annotations

from claude_remote.cli.reaching import Reach, reach_server
from claude_remote.cli.terminal import Terminal, escape
from claude_remote.messages import Draining

_PATIENCE = 120.0  # seconds for a server that is away


def shut_down(reach: Reach, terminal: Terminal, *, now: bool) -> int:
    """End the server. Raises RemoteError; Ctrl-C takes it back while turns are waited for."""
    told = ""
    others = 0

    def on_draining(draining: Draining) -> None:
        nonlocal told, others
        others = draining.others
        turns = "one turn runs" if draining.turns == 1 else f"{draining.turns} turns run"
        waits = f", {draining.waiting} of them waiting for an approval" if draining.waiting else ""
        words = f"{turns} still{waits}; nothing new begins (Ctrl-C: let the server go on)"
        if words != told:
            told = words
            terminal.say(words)

    with reach_server(reach, terminal) as client:
        host = escape(client.host) or "the server"
        try:
            client.shut_down(now=now, on_draining=on_draining)
        except KeyboardInterrupt:
            still = "is to shut down all the same: somebody else has asked for it, too"
            terminal.say(f"\n{host} {still if others else 'goes on'}")
            raise
    terminal.say(f"{host} has shut down")
    return 0


def show_server_log(reach: Reach, terminal: Terminal, *, lines: int, follow: bool) -> int:
    """Print it. Raises RemoteError."""
    with reach_server(reach, terminal) as client:
        told = client.server_log(
            lines=lines,
            follow=follow,
            patience=_PATIENCE,
            on_away=lambda why: terminal.say(f"({escape(why)} Going on when it is there again.)"),
        )
        for piece in told:
            for line in piece.decode(errors="replace").splitlines():
                terminal.print(escape(line))
    return 0
