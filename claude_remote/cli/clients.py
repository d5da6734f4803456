"""`claude-remote clients`: who may use a server. Deciding about them is the server's own command."""

from __future__ import annotations

from claude_remote import rights
from claude_remote.cli.reaching import Reach, reach_server
from claude_remote.cli.table import columns
from claude_remote.cli.terminal import Terminal, escape


def list_clients(reach: Reach, terminal: Terminal, *, json: bool) -> int:
    """The clients that the server knows. Raises RemoteError."""
    with reach_server(reach, terminal) as client:
        clients = client.clients()
    if json:
        import msgspec

        terminal.write(msgspec.json.encode([msgspec.to_builtins(each) for each in clients]) + b"\n")
        return 0
    rows = [("NAME", "STATE", "RIGHTS", "ADDRESS", "WORDS", "FINGERPRINT")]
    rows += [
        (
            escape(each.name),
            each.state,
            rights.describe(each.rights),
            escape(each.address),
            each.words,
            each.fingerprint,
        )
        for each in clients
    ]
    terminal.print(columns(rows))
    return 0
