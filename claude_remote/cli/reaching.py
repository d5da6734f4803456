"""Reaching a server from the command line: who is asked about a new one, and who waits for approval."""

from __future__ import annotations

from msgspec import Struct

from claude_remote.cli.terminal import Terminal, escape
from claude_remote.client.client import Client
from claude_remote.client.connecting import find_road
from claude_remote.client.introduction import Introduction, NewServer, Pending
from claude_remote.errors import Unreachable
from claude_remote.known_servers import KnownServers
from claude_remote.paths import find_paths


class Reach(Struct, frozen=True, kw_only=True):
    """What the command line says about reaching the server. `wait`: seconds, -1 for ever, None: not said."""

    server: str | None = None
    fingerprint: str | None = None
    accept_new: bool = False
    wait: float | None = None


def introduction(reach: Reach, terminal: Terminal) -> Introduction:
    """How to get acquainted: by what was said, and else with the help of who sits at the terminal."""

    def confirm(new: NewServer) -> bool:
        terminal.say(f"{escape(new.address)} is not known yet. Its fingerprint is\n  {new.fingerprint}")
        return terminal.confirm("Does `claude-remote-server fingerprint` say the same there, and trust it?")

    def on_pending(pending: Pending) -> None:
        words = terminal.paint(" ".join(pending.words), "1")
        terminal.say(
            f"Waiting for the owner's approval. Words: {words}\n"
            "  (on the server: claude-remote-server clients approve; Ctrl-C leaves)"
        )

    asks = terminal.can_ask
    # Who sits at a terminal waits for ever (which is -1), a script not at all.
    said = (-1.0 if asks else 0.0) if reach.wait is None else reach.wait
    wait = None if said < 0 else said
    return Introduction(
        fingerprint=reach.fingerprint,
        accept_new=reach.accept_new,
        confirm=confirm if asks else None,
        wait=wait,
        on_pending=on_pending if wait != 0 else None,
        on_approved=lambda: terminal.say("✓ approved"),
    )


def reach_server(reach: Reach, terminal: Terminal) -> Client:
    """Connect as the command line says. Raises RemoteError."""
    try:
        client = Client(find_road(reach.server, introduction(reach, terminal)))
    except Unreachable as error:
        hint = _similar(reach.server)
        if hint is None:
            raise
        raise Unreachable(f"{error.message}\n  did you mean your server {hint}?") from None
    client.tell_when_away(lambda why: terminal.say(escape(why)))
    if client.hello.audit is not None:
        _bear_witness(client, terminal)
    return client


def _bear_witness(client: Client, terminal: Terminal) -> None:
    """See that the server's audit still holds what was seen of it, and remember how far it is now."""
    from claude_remote.client.witness import WitnessFile, look

    warning = look(client, WitnessFile(find_paths().witness))
    if warning:
        terminal.say(terminal.paint(f"!!! {escape(client.name)}: {warning}", "1;31"))


def _similar(which: str | None) -> str | None:
    """A known name that is nearly what was typed, if that is no known name itself."""
    if which is None:
        return None
    from difflib import get_close_matches

    known = KnownServers(find_paths().known_servers)
    if known.get(which) is not None:
        return None
    return next(iter(get_close_matches(which, [server.name for server in known.all()], 1)), None)
