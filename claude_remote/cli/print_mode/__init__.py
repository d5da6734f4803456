"""Prompting from the command line, as `claude -p` does it."""

from claude_remote.cli.print_mode.conversing import converse

__all__ = ["converse"]
