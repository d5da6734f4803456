"""`claude-remote sessions export`: a session's log as a file, for programs or for people."""

from claude_remote.cli.exporting.exporting import export

__all__ = ["export"]
