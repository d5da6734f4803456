"""The commands about the server itself."""

from __future__ import annotations

from typing import Any

import click

from claude_remote.cli.command_line import Context, acquaint, server_option


@click.command()
@server_option
@acquaint
@click.option("--now", is_flag=True, help="Interrupt the turns that run.")
@click.pass_obj
def shutdown(obj: Context, /, server: str | None, *, now: bool, **said: Any) -> int:
    """Shut the server down when no turn runs any more; meanwhile nothing new begins. Needs the right admin.

    It tells how many turns it waits for. Ctrl-C takes it back. Prompts that wait in line are kept for the
    server's next start. Commands of `exec` are not waited for.
    """
    from claude_remote.cli.administration import shut_down

    return shut_down(obj.reach(server, **said), obj.terminal, now=now)


@click.command("server-logs")
@server_option
@acquaint
@click.option("-f", "--follow", is_flag=True, help="And what comes, until Ctrl-C.")
@click.option(
    "-n", "--lines", type=click.IntRange(0, 100_000), default=100, show_default=True, help="How many."
)
@click.pass_obj
def server_logs(obj: Context, /, server: str | None, *, follow: bool, lines: int, **said: Any) -> int:
    """What the server has logged since its start, the last 5,000 lines at most. Needs the right admin.

    \b
    claude-remote server-logs -n 20
    claude-remote server-logs -f -s build
    """
    from claude_remote.cli.administration import show_server_log

    return show_server_log(obj.reach(server, **said), obj.terminal, lines=lines, follow=follow)


@click.command()
@server_option
@acquaint
@click.option("--check", is_flag=True, help="Only say what is there; exit code 1 if it is newer.")
@click.option("--claude", is_flag=True, help="The claude that the server runs, not the server.")
@click.pass_obj
def update(obj: Context, /, server: str | None, *, check: bool, claude: bool, **said: Any) -> int:
    """Update the server to the newest version, and restart it into that. Needs the right admin.

    It says what it will do, installs beside what runs, and ends no turn. What does not start is not begun,
    or left again: the server goes on as it was, and says why (exit code 3). Ctrl-C before the restart leaves
    everything as it is. This program itself is not updated.

    \b
    claude-remote update --check
    claude-remote update -s build
    """
    from claude_remote.cli.updating import update_server

    return update_server(obj.reach(server, **said), obj.terminal, check=check, claude=claude)
