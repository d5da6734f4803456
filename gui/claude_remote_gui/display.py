"""Whether there is a screen: Qt aborts the process when there is none."""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

_WITHOUT_SCREEN = frozenset({"offscreen", "minimal", "vnc"})
_X11_PORT = 6000
_WITHIN = 3.0  # s


def why_no_display(environ: Mapping[str, str]) -> str:
    """Words for the user when Qt would find no screen; empty when it will."""
    platform = environ.get("QT_QPA_PLATFORM", "")
    if platform.split(":")[0] in _WITHOUT_SCREEN or sys.platform in {"win32", "darwin"}:
        return ""
    wayland, display = environ.get("WAYLAND_DISPLAY", ""), environ.get("DISPLAY", "")
    if not wayland and not display:
        return "there is no display (DISPLAY or WAYLAND_DISPLAY is not set)"
    if wayland and _answers(Path(environ.get("XDG_RUNTIME_DIR", "/")) / wayland):
        return ""
    if display and _x11_answers(display):
        return ""
    return f"the display {display or wayland} does not answer"


def _x11_answers(display: str) -> bool:
    """Whether somebody listens where an X server of this name does (X(7): [host]:display[.screen])."""
    host, _, rest = display.rpartition(":")
    number = rest.split(".")[0]
    if not number.isdigit():
        return True  # Qt may know better
    if host in {"", "unix"}:
        path = f"/tmp/.X11-unix/X{number}"  # noqa: S108  where every X server has it
        return _answers(Path(path)) or _answers(f"\0{path}")
    try:
        with socket.create_connection((host.strip("[]"), _X11_PORT + int(number)), _WITHIN):
            return True
    except OSError:
        return False


def _answers(path: Path | str) -> bool:
    with closing(socket.socket(socket.AF_UNIX)) as sock:
        sock.settimeout(_WITHIN)
        try:
            sock.connect(str(path))
        except OSError:
            return False
    return True
