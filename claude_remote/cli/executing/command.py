"""The command line of `exec`."""

from __future__ import annotations

from typing import Any

import click

from claude_remote.cli.command_line import Context, acquaint, server_option
from claude_remote.errors import BadOption


class CommandEnded(Exception):
    """The command has ended; told from what this program itself ends with."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@click.command("exec", context_settings={"allow_interspersed_args": False})
@server_option
@acquaint
@click.option("-t", "--tty", is_flag=True, help="Run it on a terminal, as large as yours.")
@click.option("-C", "--cwd", metavar="DIR", help="Run it there.")
@click.option("--bg", is_flag=True, help="Leave it running, without input and output; print its pid.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_obj
def exec_command(
    obj: Context,
    /,
    server: str | None,
    *,
    command: tuple[str, ...],
    tty: bool,
    cwd: str | None,
    bg: bool,
    **said: Any,
) -> int:
    """Run COMMAND on the server's machine, as its user: input, output, exit code and Ctrl-C are as here.

    Options end at the command. A single word is a line for the shell; several are run as they are. All that
    it starts ends with it, or with this program, unless --bg. Ends with 255 when it is not the command that
    failed. Needs the right `exec`.

    \b
    claude-remote exec uname -a
    claude-remote exec 'cd project && git log | head'
    claude-remote exec -t htop
    tar c src | claude-remote exec -C /srv tar x
    """
    from claude_remote.cli.executing.attendance import execute

    if bg and tty:
        raise BadOption(
            "--bg leaves it running without input and output, and -t gives it a terminal: not both"
        )
    code = execute(obj.reach(server, **said), command, obj.terminal, tty=tty, cwd=cwd, background=bg)
    raise CommandEnded(code)
