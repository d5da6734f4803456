"""Standard streams that were closed before this program began (`>&-`)."""

from __future__ import annotations

import os
import sys


def open_closed() -> None:
    """Lead them nowhere. Left closed, their numbers would be given to the next files and connections, into
    which whoever writes to standard error would write.

    Nothing can be read from a standard input that was closed: to find it empty would be to put an empty file
    in the place of what was to be sent.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_WRONLY)  # the lowest that is free: this one
            os.set_inheritable(opened, True)  # noqa: FBT003  the os module's own signature
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115  a descriptor, for as long as we live
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
