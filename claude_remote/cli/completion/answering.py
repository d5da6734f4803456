"""From the words of an unfinished command line to what the last of them may become."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from itertools import pairwise

from claude_remote.cli import COMMANDS, find_command
from claude_remote.cli.completion.names import server_names, session_names
from claude_remote.cli.terminal import Terminal
from claude_remote.errors import BadOption

_VALUES: dict[str, Sequence[str]] = {
    "--output-format": ("text", "json", "stream-json"),
    "--on-approval": ("wait", "deny", "fail"),
    "--permission-mode": ("acceptEdits", "auto", "default", "dontAsk", "plan"),
    "--model": ("opus", "sonnet", "haiku"),
}
_SESSION = ("-r", "--resume")
_SERVER = ("-s", "--server")


def complete(words: Sequence[str]) -> list[str]:
    """The candidates for the last word, which may be empty."""
    *before, incomplete = words or [""]
    called = find_command(before)
    if called.command is not None:
        return _of_command(called.server, called.command, called.rest, incomplete)
    if before and before[-1] in _SERVER:
        return _begins(server_names(), incomplete)
    if incomplete.startswith("--") and "=" in incomplete:
        name, _, value = incomplete.partition("=")
        return [f"{name}={each}" for each in _begins(_values(name, before), value)]
    if before and before[-1].startswith("-"):
        values = _values(before[-1], before)
        if values:
            return _begins(values, incomplete)
    if incomplete.startswith("-"):
        return _begins(_options(), incomplete)
    # A command stands first, behind nothing but the server.
    return _begins(COMMANDS, incomplete) if not _less_server(before) else []


def _of_command(server: str | None, command: str, rest: list[str], incomplete: str) -> list[str]:
    from click.shell_completion import ShellComplete

    from claude_remote.cli.command_line import Context
    from claude_remote.cli.commands import root

    completer = ShellComplete(root, {"obj": Context(Terminal(), server)}, "claude-remote", "")
    found = completer.get_completions([command, *rest], incomplete)
    # Other types ask for files, which the shell itself knows better.
    return [each.value for each in found if each.type == "plain"]


def _values(name: str, before: Sequence[str]) -> Iterable[str]:
    if name in _SESSION:
        return session_names(_server_in(before))
    return server_names() if name in _SERVER else _VALUES.get(name, ())


def _options() -> list[str]:
    from claude_remote.cli.print_mode.arguments import OWN
    from claude_remote.options import OPTIONS

    return sorted({name for name in (*OWN, *OPTIONS) if name.startswith("--")})


def _server_in(words: Sequence[str]) -> str | None:
    for name, value in pairwise(words):
        if name in _SERVER:
            return value
    return next((word.partition("=")[2] for word in words if word.startswith("--server=")), None)


def _less_server(words: Sequence[str]) -> list[str]:
    left = list(words)
    while left and (left[0] in _SERVER or left[0].startswith("--server=")):
        left = left[1 if "=" in left[0] else 2 :]
    return left


def _begins(candidates: Iterable[str], incomplete: str) -> list[str]:
    return [each for each in candidates if each.startswith(incomplete)]


def answer(shell: str, words: Sequence[str], terminal: Terminal) -> int:
    """Print the candidates; nothing when anything is wrong."""
    try:
        found = complete(words)
    except BadOption:
        return 0
    # Bash puts what it gets into the line as it is; the others quote it themselves.
    lines = [shlex.quote(each) if shell == "bash" else each for each in found if each.isprintable()]
    terminal.write("".join(f"{line}\n" for line in lines).encode(errors="replace"))
    return 0
