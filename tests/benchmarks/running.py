"""Running a program to its end, for the sake of how long it takes."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

_PATIENCE = 30.0


def run(
    command: Sequence[str | Path], environment: Mapping[str, str] | None = None, patience: float = _PATIENCE
) -> None:
    """Raises subprocess.CalledProcessError unless it ends well, and in time."""
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        # With a timeout of its own, wait() would look at the process every now and then, up to 50 ms late.
        watchdog = threading.Timer(patience, process.kill)
        watchdog.start()
        code = process.wait()
        watchdog.cancel()
    if code != 0:
        raise subprocess.CalledProcessError(code, list(command))
