"""The window on this machine's own screen: a program of its own, started when there is a screen for it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from claude_remote import processes
from claude_remote_broker.environment import clean

log = logging.getLogger(__name__)

_GENTLY = 1.0
_LOOK_AGAIN = 0.02


class Window:
    """A window that runs, a child of this process, also of a life of it before this one.

    `pid` is 0 when it was closed and reaped: the number may be another's by then.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def attend(self, loop: asyncio.AbstractEventLoop) -> None:
        """Reap it when somebody closes it, as soon as the loop hears of that."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except OSError:
            self._reap()
            return

        def gone() -> None:
            loop.remove_reader(descriptor)
            os.close(descriptor)
            self._reap()

        loop.add_reader(descriptor, gone)

    def end(self) -> None:
        """End it, gently at first. Blocks two seconds at most."""
        if not self.pid:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            process = processes.find_process(self.pid)
            if process is not None:
                processes.send_signal(process, number)
            deadline = time.monotonic() + _GENTLY
            while time.monotonic() < deadline:
                if self._reap():
                    return
                time.sleep(_LOOK_AGAIN)

    def _reap(self) -> bool:
        """Whether it is gone for good."""
        try:
            is_gone = not self.pid or os.waitpid(self.pid, os.WNOHANG)[0] != 0
        except ChildProcessError:
            is_gone = True
        if is_gone:
            self.pid = 0
        return is_gone


def start_window(environ: Mapping[str, str]) -> Window | None:
    """Start claude-remote-gui; None when there is no screen, or the window is not installed."""
    if not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        return None
    program = Path(sys.executable).parent / "claude-remote-gui"
    if not os.access(program, os.X_OK) or not (find_spec("PyQt6") and find_spec("claude_remote_gui.cli")):
        return None
    try:
        popen = subprocess.Popen(
            [program], env=clean(environ), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/"
        )
    except OSError as error:
        log.warning("the window cannot be started: %s", error)
        return None
    popen.returncode = 0  # it is waited for by its pid, which outlives the object
    return Window(popen.pid)
