"""Measures how the process of the broker fares."""

from __future__ import annotations

import os
import time
from pathlib import Path

from claude_remote_broker.audit.log import AuditLog
from claude_remote_broker.door import Door
from claude_remote_broker.lag import LagWatch
from claude_remote_broker.launcher import Launcher
from claude_remote_broker.notices.hooks import Hooks
from claude_remote_broker.ports import ServerFigures

_STATM = Path("/proc/self/statm")


class Surveyor:
    """Asks whoever knows."""

    def __init__(self, door: Door, launcher: Launcher, lag: LagWatch, audit: AuditLog, hooks: Hooks) -> None:
        self._audit = audit
        self._hooks = hooks
        self._door = door
        self._launcher = launcher
        self._lag = lag
        self._began = time.monotonic()

    def survey(self) -> ServerFigures:
        """The figures of this moment."""
        return ServerFigures(
            pid=os.getpid(),
            uptime=time.monotonic() - self._began,
            memory=_resident(),
            connections=self._door.connections,
            lag=self._lag.last,
            worst_lag=self._lag.worst.read(),
            turn=self._lag.turns.longest.read(),
            turn_work=self._lag.turns.longest_work.read(),
            launcher=self._launcher.zygote_pid,
            problems=(*self._audit.state.problems(), *self._hooks.problems()),
        )


def _resident() -> int | None:
    """Linux tells it in pages (proc(5))."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None
