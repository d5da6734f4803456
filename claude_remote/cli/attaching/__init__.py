"""Watching a session from the command line: `attach` and `logs`."""

from claude_remote.cli.attaching.attaching import attach
from claude_remote.cli.attaching.logs import show_log

__all__ = ["attach", "show_log"]
