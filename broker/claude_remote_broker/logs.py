"""Where and how the server logs: one line each on stderr."""

from __future__ import annotations

import logging
import sys

from claude_remote_broker.log_tail import LogTail

# What clients may read of it; there is one log in a process.
tail = LogTail()


def set_up(level: str, *, under_systemd: bool) -> None:
    """Log to stderr. systemd's journal puts the time before each line itself."""
    handler = logging.StreamHandler(sys.stderr)
    form = "%(levelname)-7s %(name)s: %(message)s"
    handler.setFormatter(_Short(form if under_systemd else f"%(asctime)s {form}"))
    root = logging.getLogger()
    tail.setFormatter(_Short(f"%(asctime)s {form}"))
    root.handlers[:] = [handler, tail]
    root.setLevel(level.upper())


class _Short(logging.Formatter):
    """Names without the package, which is the same for all."""

    def format(self, record: logging.LogRecord) -> str:
        """As logging does."""
        record.name = record.name.removeprefix("claude_remote_broker.")
        return super().format(record)
