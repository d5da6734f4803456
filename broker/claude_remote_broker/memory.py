"""How much memory processes have for themselves alone, as Linux tells it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def private_memory(pids: Iterable[int]) -> dict[int, int]:
    """Bytes, by pid, less what is shared with others. Blocking: the kernel walks the pages of each process.

    A process that is gone or somebody else's is left out.
    """
    found: dict[int, int] = {}
    for pid in pids:
        with suppress(OSError, ValueError):
            found[pid] = _private(pid)
    return found


def _private(pid: int) -> int:
    # Lines like "Private_Dirty:  56632 kB": proc(5).
    lines = (_PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii", errors="replace").splitlines()
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
