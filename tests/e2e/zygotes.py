"""A server that starts a program of the tests where it would start its zygote."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Any

from claude_remote_broker import zygote

ZYGOTE = "claude_remote_workers.zygote"


def execute_instead(*words: str) -> None:
    """From now on in this process: these words of the command line in the place of the zygote's module."""
    zygote.subprocess = _Subprocess(words)  # type: ignore[assignment]


class _Subprocess:
    def __init__(self, words: Sequence[str]) -> None:
        self._words = words

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)

    def Popen(self, argv: Sequence[str], **named: Any) -> subprocess.Popen[bytes]:
        position = argv.index(ZYGOTE)
        return subprocess.Popen([*argv[:position], *self._words, *argv[position + 1 :]], **named)
