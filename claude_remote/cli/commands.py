"""The commands beside prompting. Those about servers are here, the others in files of their own."""

from __future__ import annotations

from typing import Any

import click

from claude_remote.cli.administration_commands import server_logs, shutdown, update
from claude_remote.cli.approval_commands import APPROVAL_COMMANDS
from claude_remote.cli.audit_commands import audit
from claude_remote.cli.client_commands import clients
from claude_remote.cli.command_line import (
    Context,
    acquaint,
    json_option,
    known_server_argument,
    server_option,
)
from claude_remote.cli.executing.command import exec_command
from claude_remote.cli.file_commands import get, put
from claude_remote.cli.session_commands import SESSION_COMMANDS
from claude_remote.cli.steering_commands import STEERING_COMMANDS
from claude_remote.cli.terminal import Terminal
from claude_remote.cli.worker_commands import workers
from claude_remote.errors import Exit

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def run_command(server: str | None, command: str, words: list[str], terminal: Terminal) -> int:
    """Run one command to its exit code. Raises RemoteError."""
    try:
        with root.make_context("claude-remote", [command, *words], obj=Context(terminal, server)) as context:
            code = root.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        where = (
            error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "claude-remote"
        )
        terminal.fail(f"{error.format_message()}\n  try: {where} --help")
        return Exit.USAGE
    return int(code or 0)


@click.group(context_settings=_SETTINGS)
def root() -> None:
    """Reach Claude Code on any of your machines from any other."""


for _command in (*SESSION_COMMANDS, *STEERING_COMMANDS, *APPROVAL_COMMANDS):
    root.add_command(_command)
root.add_command(clients)
root.add_command(audit)
root.add_command(exec_command)
root.add_command(shutdown)
root.add_command(server_logs)
root.add_command(update)
root.add_command(workers)
root.add_command(get)
root.add_command(put)


@root.command()
@server_option
@acquaint
@click.option("-c", "--count", type=click.IntRange(1, 100_000), default=1, help="How many requests.")
@json_option
@click.pass_obj
def ping(obj: Context, /, server: str | None, count: int, *, as_json: bool, **said: Any) -> int:
    """Is the server there, and how far away? Tells the connection and the request apart.

    \b
    claude-remote ping
    claude-remote ping -c 10 -s home
    """
    from claude_remote.cli.ping import ping as run_ping

    return run_ping(obj.reach(server, **said), obj.terminal, count=count, json=as_json)


@root.command()
@click.option("--server", metavar="ADDRESS", help="The default server, by name or address.")
@click.option("--bell/--no-bell", default=None, help="Ring when Claude asks, and after long turns.  [on]")
@acquaint
@click.pass_obj
def config(obj: Context, /, server: str | None, *, bell: bool | None, **said: Any) -> int:
    """Choose the default server, and get to know it; or whether the terminal's bell rings.

    \b
    claude-remote config --server home.lan
    claude-remote config --no-bell
    """
    from claude_remote.cli.servers import choose, choose_bell

    if server is None and bell is None:
        raise click.UsageError("say what you choose: --server ADDRESS, --bell or --no-bell")
    if bell is not None:
        choose_bell(obj.terminal, on=bell)
    return 0 if server is None else choose(obj.reach(server, **said), obj.terminal)


@root.group(invoke_without_command=True)
@json_option
@click.pass_context
def servers(context: click.Context, *, as_json: bool) -> int:
    """The servers that this machine trusts. Without a command: list them.

    \b
    claude-remote servers add home home.lan --fingerprint SHA256:Qm3…
    claude-remote servers add work ssh:me@work.example
    claude-remote servers forget work
    """
    if context.invoked_subcommand is not None:
        return 0
    from claude_remote.cli.servers import show

    return show(context.obj.terminal, json=as_json)


@servers.command()
@click.argument("name")
@click.argument("address")
@acquaint
@click.option("--default", is_flag=True, help="Make it the default server (the first one becomes it anyway).")
@click.pass_obj
def add(obj: Context, /, name: str, address: str, *, default: bool, **said: Any) -> int:
    """Trust the server at ADDRESS, and call it NAME.

    ADDRESS is HOST, HOST:PORT, [IPV6]:PORT, unix:PATH or ssh:[USER@]HOST[:PORT]; the port is 7433 unless
    given. Without --fingerprint you are shown the one that the server has, and asked.
    """
    from claude_remote.cli.servers import add as run_add

    return run_add(name, obj.reach(address, **said), obj.terminal, default=default)


@servers.command()
@known_server_argument
@click.pass_obj
def forget(obj: Context, /, name: str) -> int:
    """Forget a server, by name or address: its identity is no longer trusted."""
    from claude_remote.cli.servers import forget as run_forget

    return run_forget(name, obj.terminal)


@root.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_obj
def completion(obj: Context, /, shell: str) -> int:
    """Print what completes commands, options, and the names of sessions and servers in your shell.

    \b
    eval "$(claude-remote completion bash)"        in ~/.bashrc
    eval "$(claude-remote completion zsh)"         in ~/.zshrc, after compinit
    claude-remote completion fish > ~/.config/fish/completions/claude-remote.fish
    """
    from claude_remote.cli.completion import script

    obj.terminal.print(script(shell).rstrip("\n"))
    return 0
