"""`claude-remote-server run`: the server itself."""

from __future__ import annotations

import os

import click

from claude_remote_broker.cli.options import server_options
from claude_remote_broker.settings import Settings


@click.command()
@server_options
@click.option("--check", is_flag=True, hidden=True, help="Only see whether it could start.")
def run(settings: Settings, *, check: bool) -> int:
    """Run the server until SIGTERM or Ctrl-C.

    When it is ready it prints one line on stdout, for example:

      claude-remote-server: listening on 0.0.0.0:7433, fingerprint SHA256:…

    Its log goes to stderr. Exit codes: 0 it was ended; 2 something must be changed first, and the line says
    what; 3 it may work in a moment (the port or the state is in use).
    """
    from claude_remote.paths import find_paths
    from claude_remote_broker import logs
    from claude_remote_broker.preparing import prepare
    from claude_remote_broker.server import serve

    logs.set_up(settings.log_level, under_systemd="INVOCATION_ID" in os.environ)
    if check:
        prepare(settings, find_paths(), os.environ)
        return 0
    return serve(settings, find_paths(), os.environ)
