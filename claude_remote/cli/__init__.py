"""The command line of the client. What is heavy is imported by the command that needs it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from claude_remote.cli.terminal import Terminal

COMMANDS = (
    "allow",
    "answer",
    "approvals",
    "attach",
    "audit",
    "clients",
    "close",
    "completion",
    "config",
    "deny",
    "exec",
    "get",
    "interrupt",
    "logs",
    "ping",
    "put",
    "rename",
    "rules",
    "send",
    "server-logs",
    "servers",
    "sessions",
    "shutdown",
    "show",
    "status",
    "stop",
    "trust",
    "update",
    "wait",
    "workers",
)

# Whose arguments may be any bytes, such as names of files.
_TAKES_BYTES = frozenset({"exec", "get", "put"})


class Called(NamedTuple):
    """A command line whose first word, after `-s SERVER`, is one of COMMANDS; else `command` is None."""

    server: str | None
    command: str | None
    rest: list[str]


def main(argv: Sequence[str] | None = None, on_long: Callable[[], None] = lambda: None) -> int:
    """`claude-remote`: gives the exit code, as claude_remote.errors lists them.

    `on_long` is called before what may take longer than a ping.
    """
    from claude_remote.cli.running import run

    words = list(sys.argv[1:] if argv is None else argv)
    return run(lambda terminal: _dispatch(words, terminal, on_long))


def find_command(words: Sequence[str]) -> Called:
    """Tell a command from a prompt. `-s SERVER` may stand before either."""
    server = None
    left = list(words)
    while left:
        if left[0] in {"-s", "--server"} and len(left) > 1:
            server, left = left[1], left[2:]
        elif left[0].startswith("--server="):
            server, left = left[0].partition("=")[2], left[1:]
        else:
            break
    if left and left[0] in COMMANDS:
        return Called(server, left[0], left[1:])
    return Called(server, None, list(words))


def _dispatch(words: list[str], terminal: Terminal, on_long: Callable[[], None]) -> int:
    called = find_command(words)
    for word in () if called.command in _TAKES_BYTES else words:
        # What is not UTF-8 arrives as lone surrogates (PEP 383), and could be sent to nobody.
        if not word.isascii() and any("\ud800" <= letter <= "\udfff" for letter in word):
            from claude_remote.errors import BadOption

            raise BadOption("an argument is not UTF-8 text")
    if called.command != "ping":
        on_long()
    if called.command is None:
        from claude_remote.cli.print_mode import converse

        return converse(words, terminal)
    if called.command == "ping":
        from claude_remote.cli.ping import plain_ping

        # Without click: half of a ping's time would be its import.
        code = plain_ping(called.server, called.rest, terminal)
        if code is not None:
            return code
    if called.command == "exec":
        from claude_remote.cli.executing import run_exec

        return run_exec(called.server, called.rest, terminal)
    if called.command == "completion" and called.rest[1:2] == ["--words"]:
        from claude_remote.cli.completion import answer

        # What is being written is no command line yet: nobody may trip over it.
        return answer(called.rest[0], called.rest[2:], terminal)
    from claude_remote.cli.commands import run_command

    return run_command(called.server, called.command, called.rest, terminal)
