"""The command `audit`: who did what on a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from claude_remote.cli.command_line import Context, acquaint, server_option


@click.group(invoke_without_command=True)
@server_option
@acquaint
@click.option("--since", "begin", metavar="WHEN", help="From then on: 30m, 12h, 2d, or a date.")
@click.option("--client", metavar="WHICH", default="", help="What this client did, or was done about it.")
@click.option("--session", metavar="SESSION", default="", help="What happened in this session.")
@click.option("--json", "as_json", is_flag=True, help="Records with their hashes, for programs.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what happens from now on.")
@click.pass_context
def audit(
    context: click.Context,
    /,
    server: str | None,
    begin: str | None,
    client: str,
    session: str,
    *,
    as_json: bool,
    follow: bool,
    **said: Any,
) -> int:
    """Who did what on the server, and whether that record is whole. Needs the right admin.

    \b
    claude-remote audit --since 2d --client phone
    claude-remote audit verify
    claude-remote audit export -o audit.jsonl
    """
    own: Context = context.obj
    if context.invoked_subcommand is not None:
        own.server = server or own.server
        return 0
    from claude_remote.cli.audit import show

    reach = own.reach(server, **said)
    return show(reach, own.terminal, begin=begin, client=client, session=session, json=as_json, follow=follow)


@audit.command()
@server_option
@acquaint
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.pass_obj
def verify(obj: Context, /, server: str | None, file: Path | None, **said: Any) -> int:
    """Fetch the whole record and verify it here, also against what was seen of it before; or a FILE.

    Exit code 0: it is whole; 1: it is not, and the first record that is not what it was is named.
    """
    from claude_remote.cli.audit import verify as run_verify

    return run_verify(obj.reach(server, **said), obj.terminal, file)


@audit.command()
@server_option
@acquaint
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Instead of stdout.")
@click.pass_obj
def export(obj: Context, /, server: str | None, output: Path | None, **said: Any) -> int:
    """Write the whole record as JSON lines, which `audit verify FILE` accepts."""
    from claude_remote.cli.audit import export as run_export

    return run_export(obj.reach(server, **said), obj.terminal, output)
