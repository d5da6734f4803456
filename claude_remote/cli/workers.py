"""`claude-remote workers`: the claudes of a server, from afar (right: admin)."""

from __future__ import annotations

import time

from claude_remote.cli.reaching import Reach, reach_server
from claude_remote.cli.table import columns
from claude_remote.cli.terminal import Terminal, escape
from claude_remote.client.crew import Crew, as_json, in_words, rows
from claude_remote.scale import Scale


def show(reach: Reach, terminal: Terminal, *, json: bool) -> int:
    """All of them. Raises RemoteError."""
    with reach_server(reach, terminal) as client:
        crew = client.workers()
    return _tell(crew, terminal, json=json)


def change(reach: Reach, terminal: Terminal, scale: Scale, *, json: bool) -> int:
    """Have more or fewer at once, and show them. Raises RemoteError."""
    with reach_server(reach, terminal) as client:
        crew = client.scale_workers(scale.least, scale.most)
    return _tell(crew, terminal, json=json)


def _tell(crew: Crew, terminal: Terminal, *, json: bool) -> int:
    if json:
        terminal.write(as_json(crew))
        return 0
    terminal.print(in_words(crew))
    if crew.workers or crew.line:
        terminal.print(columns([[escape(cell) for cell in row] for row in rows(crew, time.time())]))
    return 0
