"""What processes cost."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]


def cpu_seconds(process: psutil.Process) -> float:
    """The CPU time of all its threads. To the nanosecond where the kernel tells (psutil: 10 ms)."""
    total = 0
    for task in Path(f"/proc/{process.pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that ended just now
            total += int((task / "schedstat").read_text().split()[0])
    if total:
        return total / 1e9
    times: Any = process.cpu_times()
    return float(times.user + times.system)


def private_memory(process: psutil.Process) -> int:
    """Bytes that would be free if the process ended (USS)."""
    memory: Any = process.memory_full_info()
    private: int = memory.uss
    return private
