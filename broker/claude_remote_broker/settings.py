"""What the owner sets on the command line of the server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from claude_remote.messages import DEFAULT_PORT
from claude_remote.scale import Scale

ANY_ADDRESS = "0.0.0.0"  # noqa: S104  to be reached from other machines is what it is for
DEFAULT_IDLE = 600.0
# Claude itself keeps its conversations for 30 days unless its settings say otherwise.
DEFAULT_DAYS = 90.0
DEFAULT_SIZE = 4 * 1024**3


@dataclass(frozen=True)
class Settings:
    """The options of `claude-remote-server run`; None and the defaults mean that they were not given."""

    address: str | None = None
    port: int | None = None
    unix: Path | None = None
    workers: Scale | None = None
    idle: float = DEFAULT_IDLE  # seconds; 0: never
    warm: int = 1
    claude: str | None = None
    cwd: Path | None = None
    keep_days: float = DEFAULT_DAYS
    keep_size: int = DEFAULT_SIZE
    window: bool = True
    log_level: str = "info"

    def arguments(self) -> list[str]:
        """The command line that says the same, with absolute paths."""
        idle = f"{self.idle:g}s" if self.idle else "never"
        given = {
            "--address": self.address,
            "--port": self.port,
            "--unix": None if self.unix is None else self.unix.absolute(),
            "--workers": self.workers,
            "--idle": None if self.idle == DEFAULT_IDLE else idle,
            "--warm": None if self.warm == 1 else self.warm,
            "--claude": self.claude,
            "--cwd": None if self.cwd is None else self.cwd.absolute(),
            "--keep-days": None if self.keep_days == DEFAULT_DAYS else f"{self.keep_days:g}",
            "--keep-size": None if self.keep_size == DEFAULT_SIZE else self.keep_size,
            "--log-level": None if self.log_level == "info" else self.log_level,
        }
        words = [word for name, value in given.items() if value is not None for word in (name, str(value))]
        return words if self.window else [*words, "--no-gui"]

    @property
    def tcp(self) -> tuple[str, int] | None:
        """Where to listen by TCP. Not at all when --unix was given and neither address nor port."""
        if self.unix is not None and self.address is None and self.port is None:
            return None
        return self.address or ANY_ADDRESS, DEFAULT_PORT if self.port is None else self.port
