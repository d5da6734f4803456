"""Ctrl-C that waits while modules are loaded and messages' types are prepared.

An exception that a signal raises in the midst of that leaves modules half-made; and msgspec, which runs
Python to look at a type, does not survive it (seen with 0.22: a segmentation fault).
"""

from __future__ import annotations

import os
import signal
from types import FrameType

_AGAIN = 0.002  # seconds
_ALARM = getattr(signal, "SIGALRM", None)  # not on Windows
# Whose code runs then: the import system's, what it executes, and what msgspec asks about types.
_DEAF = ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>")
_DEAF_ENDS = (f"{os.sep}msgspec{os.sep}_utils.py", f"{os.sep}typing.py")


def install() -> None:
    """From now on; what ignores Ctrl-C, or has a way of its own with it, is left alone."""
    if _ALARM is not None and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
        signal.signal(_ALARM, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    if _is_deaf(frame):
        signal.setitimer(signal.ITIMER_REAL, _AGAIN)
    elif number == signal.SIGINT:
        raise KeyboardInterrupt
    else:
        signal.raise_signal(signal.SIGINT)  # whoever answers it by now


def _is_deaf(frame: FrameType | None) -> bool:
    while frame is not None:
        name = frame.f_code.co_filename
        if name in _DEAF or name.endswith(_DEAF_ENDS):
            return True
        frame = frame.f_back
    return False
