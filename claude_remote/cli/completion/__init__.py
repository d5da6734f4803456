"""Completion in the shell: `claude-remote completion SHELL` prints a script, which asks for the words."""

from claude_remote.cli.completion.answering import answer
from claude_remote.cli.completion.scripts import SHELLS, script

__all__ = ["SHELLS", "answer", "script"]
