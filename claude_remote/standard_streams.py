"""Standard streams that were closed before this program began (`>&-`)."""

from __future__ import annotations

import os
import sys


def open_closed() -> None:
    """Lead them nowhere. Left closed, their numbers would be given to the next files and connections, into
    which whoever writes to standard error would write.
    """
    if None not in {sys.stdin, sys.stdout, sys.stderr}:
        return
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:  # the lowest that is free
        os.set_inheritable(descriptor, True)  # noqa: FBT003  the os module's own signature
    os.close(descriptor)
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115  a descriptor, for as long as we live
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
