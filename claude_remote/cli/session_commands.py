"""The commands about sessions: seeing and steering them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from claude_remote.cli.command_line import (
    Context,
    acquaint,
    server_option,
    session_argument,
    sessions_argument,
)

_json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")
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
@_json_option
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
@session_argument
@click.argument("prompt", nargs=-1)
@server_option
@acquaint
@click.option("--now", is_flag=True, help="For the turn that runs: Claude reads it after its present tools.")
@click.option("--id", "prompt_id", metavar="UUID", help="Send this prompt once more: it runs once.")
@_json_option
@click.pass_obj
def send(
    obj: Context,
    /,
    session: str,
    prompt: tuple[str, ...],
    server: str | None,
    *,
    now: bool,
    prompt_id: str | None,
    as_json: bool,
    **said: Any,
) -> int:
    """Queue a prompt in a session, and print its id; it runs when its turn comes.

    With --now it steers the turn that runs; if Claude does not get to it any more, it is the next prompt.
    What is piped in belongs to the prompt.

    \b
    claude-remote send fix-test "then update the docs"
    claude-remote send fix-test --now "not that file, the other one"
    """
    from claude_remote.cli.steering import send as run_send

    return run_send(
        obj.reach(server, **said),
        session,
        " ".join(prompt),
        obj.terminal,
        now=now,
        prompt_id=prompt_id,
        json=as_json,
    )


@click.command()
@session_argument
@server_option
@acquaint
@click.option("--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="Wait no longer.")
@_json_option
@click.pass_obj
def wait(
    obj: Context, /, session: str, server: str | None, *, timeout: float | None, as_json: bool, **said: Any
) -> int:
    """Wait until a session is idle: nothing runs in it, and no prompt waits.

    Ends with 0 if its last turn is done, with 1 if that ended in an error or was interrupted.

    \b
    claude-remote wait fix-test && claude-remote logs fix-test -n 1
    """
    from claude_remote.cli.steering import wait as run_wait

    return run_wait(obj.reach(server, **said), session, obj.terminal, timeout=timeout, json=as_json)


@click.command()
@session_argument
@server_option
@acquaint
@click.pass_obj
def interrupt(obj: Context, /, session: str, server: str | None, **said: Any) -> int:
    """End the turn that runs in a session. Prompts that wait there run next."""
    from claude_remote.cli.steering import interrupt as run_interrupt

    return run_interrupt(obj.reach(server, **said), session, obj.terminal)


def _stop(obj: Context, /, sessions: tuple[str, ...], server: str | None, **said: Any) -> int:
    """Close sessions: the running turn is interrupted, what waits is taken back, claude ends.

    What was said stays, and the next prompt opens the session again: `claude-remote -r SESSION`.
    """
    from claude_remote.cli.steering import stop as run_stop

    return run_stop(obj.reach(server, **said), sessions, obj.terminal)


def _make_stop(name: str) -> click.Command:
    return click.command(name)(sessions_argument(server_option(acquaint(click.pass_obj(_stop)))))


@click.command()
@session_argument
@click.argument("name")
@server_option
@acquaint
@click.pass_obj
def rename(obj: Context, /, session: str, name: str, server: str | None, **said: Any) -> int:
    """Call a session NAME from now on."""
    from claude_remote.cli.steering import rename as run_rename

    return run_rename(obj.reach(server, **said), session, name, obj.terminal)


@click.command()
@click.argument("session", required=False)
@server_option
@acquaint
@_json_option
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


SESSION_COMMANDS = (
    sessions,
    status,
    attach,
    logs,
    send,
    wait,
    interrupt,
    _make_stop("stop"),
    _make_stop("close"),
    rename,
)
