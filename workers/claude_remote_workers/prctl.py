"""Two switches of the Linux kernel that Python has no name for. See prctl(2)."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable

_SET_PDEATHSIG = 1
_SET_CHILD_SUBREAPER = 36
# Looked up here, once: nothing may be looked up or allocated much between fork and exec.
_prctl = ctypes.CDLL(None, use_errno=True).prctl


def adopt_orphans() -> None:
    """From now on, processes below this one whose parent dies become its children, not init's."""
    if _prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def die_with_parent() -> Callable[[], None]:
    """What a child calls before exec, so that the kernel kills it when the thread that forked it ends.

    A parent that has died before the call would go unnoticed: then the child ends itself.
    """
    parent = os.getpid()

    def before_exec() -> None:
        _prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(127)

    return before_exec
