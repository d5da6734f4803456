"""`claude-remote status`: how every hop fares, from here to claude."""

from __future__ import annotations

from claude_remote.cli.reaching import Reach, reach_server
from claude_remote.cli.table import columns
from claude_remote.cli.terminal import Terminal, escape
from claude_remote.client import vitals


def show_status(reach: Reach, session: str | None, terminal: Terminal, *, json: bool) -> int:
    """Measure and tell. Raises RemoteError."""
    with reach_server(reach, terminal) as client:
        report = client.status(session)
    if json:
        import msgspec

        terminal.write(msgspec.json.encode(vitals.as_object(report)) + b"\n")
        return 0
    for line in vitals.describe(report):
        terminal.print(escape(line))
    if report.sessions:
        terminal.print("")
        table = [vitals.TITLES, *vitals.rows(report)]
        terminal.print(columns([[escape(cell) for cell in row] for row in table]))
    return 0
