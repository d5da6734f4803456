"""`claude-remote clients`: who may use a server, and deciding about them from afar (right: admin)."""

from __future__ import annotations

from collections.abc import Sequence

from claude_remote.cli.reaching import Reach, reach_server
from claude_remote.cli.table import columns
from claude_remote.cli.terminal import Terminal, escape
from claude_remote.client import admission
from claude_remote.client.client import Client
from claude_remote.errors import RemoteError
from claude_remote.messages import ClientInfo
from claude_remote.rights import Right


def list_clients(reach: Reach, terminal: Terminal, *, json: bool) -> int:
    """The clients that the server knows. Raises RemoteError."""
    with reach_server(reach, terminal) as client:
        clients = client.clients()
    if json:
        terminal.write(admission.as_json(clients))
    else:
        terminal.print(columns([[escape(cell) for cell in row] for row in admission.rows(clients)]))
    return 0


def approve(
    reach: Reach,
    terminal: Terminal,
    which: Sequence[str],
    *,
    name: str | None,
    rights: str | None,
    roots: Sequence[str] = (),
    sure: bool,
) -> int:
    """Let one in; asks on a terminal unless it is `sure`. Raises RemoteError."""
    given = admission.read_rights(rights)
    with reach_server(reach, terminal) as client:
        chosen = _choose(client, which)
        if not sure and not _agreed(terminal, chosen, which, given):
            terminal.say(admission.UNCHANGED)
            return 1
        done = client.approve(
            chosen.fingerprint, name=name, rights=admission.in_order(given), roots=roots or None
        )
    terminal.print(escape(admission.changed(done)))
    return 0


def _agreed(
    terminal: Terminal, chosen: ClientInfo, which: Sequence[str], given: frozenset[Right] | None
) -> bool:
    if not (terminal.types_input and terminal.can_ask):
        admission.check_named(chosen, which)
        return True
    if admission.is_shell(chosen, given):
        terminal.say(admission.SHELL)
    return terminal.confirm(escape(admission.question(chosen, given)))


def rights(
    reach: Reach,
    terminal: Terminal,
    which: Sequence[str],
    changes: Sequence[str],
    *,
    roots: Sequence[str],
    no_roots: bool,
) -> int:
    """Change what one may do. Raises RemoteError."""
    admission.read_changes("", changes, roots, no_roots=no_roots)
    with reach_server(reach, terminal) as client:
        chosen = _choose(client, which).fingerprint
        done = client.change_rights(admission.read_changes(chosen, changes, roots, no_roots=no_roots))
    terminal.print(escape(admission.may_now(done)))
    return 0


def refuse(reach: Reach, terminal: Terminal, which: Sequence[str]) -> int:
    """Refuse one that waits. Raises RemoteError."""
    with reach_server(reach, terminal) as client:
        done = client.refuse(_choose(client, which).fingerprint)
    terminal.print(escape(admission.changed(done)))
    return 0


def revoke(reach: Reach, terminal: Terminal, which: Sequence[str]) -> int:
    """Take back what one may do. Raises RemoteError."""
    with reach_server(reach, terminal) as client:
        done = client.revoke(_choose(client, which).fingerprint)
    terminal.print(escape(admission.changed(done)))
    return 0


def _choose(client: Client, which: Sequence[str]) -> ClientInfo:
    try:
        return admission.choose(client.clients(), which)
    except RemoteError as error:
        # It names clients by what they call themselves.
        error.message = escape(error.message, lines=True)
        raise
