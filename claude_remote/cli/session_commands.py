"""The commands that show sessions. Those that steer them are in steering_commands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from claude_remote.cli.command_line import (
    Context,
    acquaint,
    json_option,
    server_option,
    session_argument,
)

_format_option = click.option(
    "--output-format",
    type=click.Choice(["text", "json", "stream-json"]),
    default="text",
    show_default=True,
    help="Text; every event with its number, as JSON; or claude's own lines.",
)
_partial_option = click.option(
    "--include-partial-messages",
    "partial",
    is_flag=True,
    help="With stream-json: also the pieces of texts that are being written.",
)


@click.group(invoke_without_command=True)
@server_option
@acquaint
@json_option
@click.option(
    "--all", "everything", is_flag=True, help="Also conversations that were begun in a terminal there."
)
@click.option("--all-servers", is_flag=True, help="Of every server that this machine trusts.")
@click.pass_context
def sessions(
    context: click.Context,
    /,
    server: str | None,
    *,
    as_json: bool,
    everything: bool,
    all_servers: bool,
    **said: Any,
) -> int:
    """The sessions on the server that you may see, the latest first.

    \b
    claude-remote sessions
    claude-remote sessions --json | jq -r '.[] | select(.approvals > 0).name'
    claude-remote sessions export fix-login --format md -o fix-login.md
    """
    obj: Context = context.obj
    if context.invoked_subcommand is not None:
        obj.server = server or obj.server
        return 0
    if all_servers:
        from claude_remote.cli.sessions import list_everywhere

        return list_everywhere(obj.terminal, json=as_json, everything=everything)
    from claude_remote.cli.sessions import list_sessions

    return list_sessions(obj.reach(server, **said), obj.terminal, json=as_json, everything=everything)


@sessions.command()
@session_argument
@server_option
@acquaint
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "md"]),
    default="jsonl",
    show_default=True,
    help="Every event as it is, with its number; or Markdown, with the tools folded.",
)
@click.option(
    "-o",
    "--output",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Into this file instead of standard output.",
)
@click.pass_obj
def export(
    obj: Context, /, session: str, server: str | None, *, form: str, path: Path | None, **said: Any
) -> int:
    """Write the whole log of a session, up to where it stands now.

    \b
    claude-remote sessions export fix-login > fix-login.jsonl
    claude-remote sessions export fix-login --format md -o fix-login.md
    """
    from claude_remote.cli.exporting import export as run_export

    return run_export(obj.reach(server, **said), session, obj.terminal, form=form, path=path)


@click.command()
@session_argument
@server_option
@acquaint
@click.option("--after", metavar="SEQ", help="Begin after this event, as --output-format json numbers them.")
@click.option("--no-follow", is_flag=True, help="Stop where the session stands now.")
@_format_option
@_partial_option
@click.pass_obj
def attach(
    obj: Context,
    /,
    session: str,
    server: str | None,
    *,
    after: str | None,
    no_follow: bool,
    output_format: str,
    partial: bool,
    **said: Any,
) -> int:
    """Show what a session was, and follow what comes; as many as like may do so at once.

    Who may approve is asked on the terminal when Claude asks. A connection that breaks is made again, for
    ever. Ctrl-C leaves; the session goes on.

    \b
    claude-remote attach fix-test
    claude-remote attach fix-test --no-follow --output-format json
    """
    from claude_remote.cli.attaching import attach as run_attach

    return run_attach(
        obj.reach(server, **said),
        session,
        obj.terminal,
        after=after,
        follow=not no_follow,
        output_format=output_format,
        partial=partial,
    )


@click.command()
@session_argument
@server_option
@acquaint
@click.option("-n", "--turns", type=click.IntRange(1, 10_000), default=2, show_default=True, help="How many.")
@_format_option
@_partial_option
@click.pass_obj
def logs(
    obj: Context,
    /,
    session: str,
    server: str | None,
    *,
    turns: int,
    output_format: str,
    partial: bool,
    **said: Any,
) -> int:
    """Show the last turns of a session: what was asked, done and answered.

    \b
    claude-remote logs fix-test
    claude-remote logs fix-test -n 10 | less
    """
    from claude_remote.cli.attaching import show_log

    return show_log(
        obj.reach(server, **said),
        session,
        obj.terminal,
        turns=turns,
        output_format=output_format,
        partial=partial,
    )


@click.command()
@click.argument("session", required=False)
@server_option
@acquaint
@json_option
@click.pass_obj
def status(obj: Context, /, session: str | None, server: str | None, *, as_json: bool, **said: Any) -> int:
    """How every hop fares: from here to the door, the broker, the workers and their claudes.

    When each was heard last, how long each step takes, and what waits where; of the sessions those that run,
    wait or are read, or SESSION alone. What was not measured is said to be so.

    \b
    claude-remote status
    claude-remote status --json | jq .journal
    """
    from claude_remote.cli.status import show_status

    return show_status(obj.reach(server, **said), session, obj.terminal, json=as_json)


SESSION_COMMANDS = (sessions, status, attach, logs)
