"""What a process has for itself alone."""

from __future__ import annotations

import os

from claude_remote_broker.memory import private_memory


def test_our_own() -> None:
    found = private_memory([os.getpid()])
    assert 1e6 < found[os.getpid()] < 1e10


def test_nobody() -> None:
    assert private_memory([2**22 + 1]) == {}
