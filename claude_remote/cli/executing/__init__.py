"""`claude-remote exec`: a command on the server's machine, as if it ran here."""

from __future__ import annotations

from claude_remote.cli.terminal import Terminal, escape
from claude_remote.errors import Exit, RemoteError

# What ssh ends with when it is ssh that failed, and not the command.
OURS = 255


def run_exec(server: str | None, words: list[str], terminal: Terminal) -> int:
    """Run it: the command's exit code, OURS when it could not be run or its end is not known."""
    from claude_remote.cli.commands import run_command
    from claude_remote.cli.executing.command import CommandEnded

    try:
        code = run_command(server, "exec", words, terminal)
    except CommandEnded as ended:
        return ended.code
    except RemoteError as error:
        terminal.fail(escape(error.message, lines=True))
        return OURS
    # Only --help is left, and a command line that is none.
    return OURS if code == Exit.USAGE else code
