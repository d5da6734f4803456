"""Finding every process that a lab has started, whoever its parent is now."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

MARK = "CLAUDE_REMOTE_LAB"


def marked(mark: str) -> dict[int, str]:
    """Living processes whose environment carries the mark, with their command lines."""
    wanted = f"{MARK}={mark}".encode()
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with suppress(OSError):  # it ended while we looked, or is somebody else's
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found[int(entry.name)] = words.strip()
    return found


def wait_until_gone(mark: str, within: float) -> dict[int, str]:
    """Wait until no marked process lives; those that still do after `within` seconds."""
    deadline = time.monotonic() + within
    while (left := marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def kill(left: dict[int, str]) -> None:
    """End what should not be there."""
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
