"""`claude-remote-server fingerprint`."""

from __future__ import annotations

import click

from claude_remote import identity
from claude_remote.paths import find_paths


@click.command()
def fingerprint() -> None:
    """Print this server's fingerprint, as SHA256:….

    Whoever adds this server on another machine compares it, or gives it at once:

      claude-remote servers add NAME HOST --fingerprint SHA256:…
    """
    paths = find_paths()
    own = identity.load_or_create(paths.server_key, paths.server_certificate)
    for aside in own.kept_aside:
        click.echo(f"kept aside, for it is not of this program: {aside}", err=True)
    click.echo(own.fingerprint)
