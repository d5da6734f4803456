"""The interactive mode: a conversation on a terminal."""

from __future__ import annotations

from claude_remote.cli.print_mode.arguments import Arguments
from claude_remote.cli.terminal import Terminal
from claude_remote.errors import BadOption


def interact(arguments: Arguments, terminal: Terminal) -> int:
    """Hold a conversation; the exit code."""
    del arguments, terminal
    raise BadOption('the interactive mode is not there yet: prompt with -p "…"')
