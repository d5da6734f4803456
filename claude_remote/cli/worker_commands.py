"""The command `workers`: what the claudes of a server do, and how many there may be."""

from __future__ import annotations

from typing import Any

import click

from claude_remote.cli.command_line import Context, acquaint, server_option


@click.group(invoke_without_command=True)
@server_option
@acquaint
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def workers(context: click.Context, /, server: str | None, *, as_json: bool, **said: Any) -> int:
    """What each claude of the server does, for whom, since when, and its memory. Needs the right admin.

    \b
    claude-remote workers
    claude-remote workers scale 2:6 -s build
    """
    own: Context = context.obj
    if context.invoked_subcommand is not None:
        own.server = server or own.server
        return 0
    from claude_remote.cli.workers import show

    return show(own.reach(server, **said), own.terminal, json=as_json)


@workers.command(epilog="It holds until the server is started with another --workers.")
@server_option
@acquaint
@click.argument("scale", metavar="N|MIN:MAX")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def scale(obj: Context, /, server: str | None, scale: str, *, as_json: bool, **said: Any) -> int:
    """At most MAX claudes at once from now on; MIN of the idle ones are kept, the others parked in time.

    No turn is interrupted: what is above MAX is parked when it is idle and has no tasks in the background.
    """
    from claude_remote.cli.workers import change
    from claude_remote.scale import parse

    try:
        wanted = parse(scale)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return change(obj.reach(server, **said), obj.terminal, wanted, json=as_json)
