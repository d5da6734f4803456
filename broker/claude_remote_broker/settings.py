"""What the owner sets on the command line of the server."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from claude_remote.messages import DEFAULT_PORT

ANY_ADDRESS = "0.0.0.0"  # noqa: S104  to be reached from other machines is what it is for
# A claude takes 150-300 MB, more after large files; its tools take what they take.
_MEMORY_EACH = 512 * 1024 * 1024
_MEMORY_KEPT = 1024 * 1024 * 1024
_EACH_CORE = 4
# Claude itself keeps its conversations for 30 days unless its settings say otherwise.
DEFAULT_DAYS = 90.0
DEFAULT_SIZE = 4 * 1024**3
_MOST = 64


@dataclass(frozen=True)
class Settings:
    """The options of `claude-remote-server run`; None and the defaults mean that they were not given."""

    address: str | None = None
    port: int | None = None
    unix: Path | None = None
    workers: int | None = None
    claude: str | None = None
    cwd: Path | None = None
    keep_days: float = DEFAULT_DAYS
    keep_size: int = DEFAULT_SIZE
    window: bool = True
    log_level: str = "info"

    def arguments(self) -> list[str]:
        """The command line that says the same, with absolute paths."""
        words: list[str] = []
        if self.address is not None:
            words += ["--address", self.address]
        if self.port is not None:
            words += ["--port", str(self.port)]
        if self.unix is not None:
            words += ["--unix", str(self.unix.absolute())]
        if self.workers is not None:
            words += ["--workers", str(self.workers)]
        if self.claude is not None:
            words += ["--claude", self.claude]
        if self.cwd is not None:
            words += ["--cwd", str(self.cwd.absolute())]
        words += self._keeping()
        if not self.window:
            words.append("--no-gui")
        if self.log_level != "info":
            words += ["--log-level", self.log_level]
        return words

    def _keeping(self) -> list[str]:
        days = ["--keep-days", f"{self.keep_days:g}"] if self.keep_days != DEFAULT_DAYS else []
        size = ["--keep-size", str(self.keep_size)] if self.keep_size != DEFAULT_SIZE else []
        return days + size

    @property
    def tcp(self) -> tuple[str, int] | None:
        """Where to listen by TCP. Not at all when --unix was given and neither address nor port."""
        if self.unix is not None and self.address is None and self.port is None:
            return None
        return self.address or ANY_ADDRESS, DEFAULT_PORT if self.port is None else self.port


def default_workers() -> int:
    """How many claudes this machine carries at once, by its cores and its memory."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    cores = len(os.sched_getaffinity(0))
    return max(1, min(_MOST, cores * _EACH_CORE, (memory - _MEMORY_KEPT) // _MEMORY_EACH))
