"""The window on this machine's own screen: a program of its own, started when there is a screen for it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from claude_remote_broker.environment import clean

log = logging.getLogger(__name__)


def start_window(environ: Mapping[str, str]) -> subprocess.Popen[bytes] | None:
    """Start claude-remote-gui; None when there is no screen, or the window is not installed."""
    if not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        return None
    program = Path(sys.executable).parent / "claude-remote-gui"
    if not os.access(program, os.X_OK) or not (find_spec("PyQt6") and find_spec("claude_remote_gui.cli")):
        return None
    try:
        return subprocess.Popen(
            [program], env=clean(environ), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/"
        )
    except OSError as error:
        log.warning("the window cannot be started: %s", error)
        return None


def end_window(window: subprocess.Popen[bytes]) -> None:
    """End it, gently at first. Blocks a second at most."""
    window.terminate()
    try:
        window.wait(1.0)
    except subprocess.TimeoutExpired:
        window.kill()
        window.wait()
