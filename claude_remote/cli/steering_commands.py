"""The commands that steer sessions: prompts for them, their turns, their ends and names."""

from __future__ import annotations

from typing import Any

import click

from claude_remote.cli.command_line import (
    Context,
    acquaint,
    json_option,
    server_option,
    session_argument,
    sessions_argument,
)


@click.command()
@session_argument
@click.argument("prompt", nargs=-1)
@server_option
@acquaint
@click.option("--now", is_flag=True, help="For the turn that runs: Claude reads it after its present tools.")
@click.option("--id", "prompt_id", metavar="UUID", help="Send this prompt once more: it runs once.")
@json_option
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
@json_option
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


STEERING_COMMANDS = (send, wait, interrupt, _make_stop("stop"), _make_stop("close"), rename)
