from __future__ import annotations

from claude_remote.cli.terminal import Terminal


def converse(words: list[str], terminal: Terminal) -> int:
    return 2
