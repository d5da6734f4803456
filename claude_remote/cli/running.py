"""Running a command to its exit code: errors in one or two lines, Ctrl-C and broken pipes quietly."""

from __future__ import annotations

from collections.abc import Callable

from claude_remote.cli.terminal import Terminal, escape
from claude_remote.errors import Exit, RemoteError

# What a shell reports of a program that died of SIGPIPE; Python ignores that signal.
BROKEN_PIPE = 141


def run(command: Callable[[Terminal], int]) -> int:
    """Run a command; whatever it raises becomes words and an exit code."""
    terminal = Terminal()
    try:
        code = command(terminal)
    except RemoteError as error:
        terminal.fail(escape(error.message, lines=True))
        code = error.exit_code
    except KeyboardInterrupt:
        terminal.say("")
        code = Exit.INTERRUPTED
    except BrokenPipeError:
        terminal.drop_output()
        code = BROKEN_PIPE
    return code
