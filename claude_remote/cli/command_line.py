"""What every command of the command line is made with: its context, and the options about the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from claude_remote.cli.reaching import Reach
from claude_remote.cli.terminal import Terminal

F = TypeVar("F", bound=Callable[..., Any])


class Context:
    """What every command gets: the terminal, and the server named before the command."""

    def __init__(self, terminal: Terminal, server: str | None) -> None:
        self.terminal = terminal
        self.server = server

    def reach(self, server: str | None, **said: Any) -> Reach:
        """The server named at the command, else the one before it."""
        return Reach(server=server or self.server, **said)


def named_server(context: click.Context) -> str | None:
    """The server named on a line that is being completed, at the command or before it."""
    before = context.find_object(Context)
    return context.params.get("server") or (None if before is None else before.server)


def _servers(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from claude_remote.cli.completion.names import server_names

    return [CompletionItem(name) for name in server_names() if name.startswith(incomplete)]


def _sessions(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from claude_remote.cli.completion.names import session_names

    names = session_names(named_server(context))
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


server_option = click.option(
    "-s",
    "--server",
    metavar="SERVER",
    help="A name from `servers`, or an address.",
    shell_complete=_servers,
    is_eager=True,  # for the completion of sessions, wherever it stands
)
json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")
session_argument = click.argument("session", shell_complete=_sessions)
sessions_argument = click.argument(
    "sessions", metavar="SESSION...", nargs=-1, required=True, shell_complete=_sessions
)
known_server_argument = click.argument("name", shell_complete=_servers)


def acquaint(function: F) -> F:
    """The options about a server that is not known yet, or does not know us."""
    for option in (
        click.option(
            "--wait",
            type=float,
            is_flag=False,
            flag_value=-1.0,
            metavar="[SECONDS]",
            help="Wait for the owner's approval, for ever or so long. A terminal waits anyway.",
        ),
        click.option(
            "--accept-new", is_flag=True, help="Trust whoever answers, if the server is not known yet."
        ),
        click.option("--fingerprint", metavar="SHA256:…", help="Trust the server if it has this one."),
    ):
        function = option(function)
    return function
