"""`claude-remote-server login`."""

from __future__ import annotations

import os
import subprocess

import click

from claude_remote.paths import find_paths
from claude_remote.versions import Versions


@click.command(short_help="Log in the claude that the server uses.")
@click.option("--claude", metavar="PATH", help="The claude to log in, instead of the one that is found.")
def login(claude: str | None) -> int:
    """Log in the claude that the server uses, in the environment that it gets there.

    Claude asks on this terminal, as `claude auth login` does. Tokens for a machine without a browser go into
    the file `env` in the configuration folder instead, as KEY=VALUE lines.
    """
    from claude_remote_broker.claude_program import find_claude, is_logged_in, read_version
    from claude_remote_broker.environment import claude_environment

    paths = find_paths()
    environment = claude_environment(os.environ, paths.environment)
    program = read_version(find_claude(claude, environment, Versions(paths.versions)), environment)
    click.echo(f"{program.path} ({program.version})", err=True)
    code = subprocess.run([program.path, "auth", "login"], env=environment, check=False).returncode
    if is_logged_in(program, environment):
        click.echo("✓ claude is logged in")
        return 0
    click.echo("claude is not logged in", err=True)
    return code or 1
