"""Making things durable, beside the work: a disk that takes its time must not look like a dead connection."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

from claude_remote.transfer.content import Breathe

BREATHE_EVERY = 0.5  # seconds


def join(thread: threading.Thread, breathe: Breathe) -> None:
    """Wait for the end of a thread."""
    while thread.is_alive():
        thread.join(BREATHE_EVERY)
        if thread.is_alive():
            breathe()


class Task(threading.Thread):
    """Something that blocks, in a thread of its own."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(daemon=True, name="disk")
        self._work = work
        self._error: OSError | None = None
        self.start()

    def run(self) -> None:
        """The thread."""
        try:
            self._work()
        except OSError as error:
            self._error = error

    def wait(self, breathe: Breathe) -> None:
        """Until it is done. Raises the OSError that it met."""
        join(self, breathe)
        if self._error is not None:
            raise self._error


def sync_all(descriptors: list[int]) -> None:
    """Make all of these files durable, those of one file system in one go where the system can do that."""
    if not descriptors:
        return
    if _syncfs is not None and len(descriptors) > 1:
        for descriptor in {os.fstat(each).st_dev: each for each in descriptors}.values():
            _syncfs(descriptor)
        return
    for descriptor in descriptors:
        os.fsync(descriptor)


if sys.platform == "win32":

    def most_open_files() -> int:
        """How many this process may have: the limit of its C library."""
        return 512
else:

    def most_open_files() -> int:
        """How many this process may have; macOS gives 256 where nobody has asked for more."""
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return soft if soft != resource.RLIM_INFINITY else 1 << 20


def _find_syncfs() -> Callable[[int], None] | None:
    """syncfs(2). It reports what could not be written since Linux 5.8."""
    if sys.platform != "linux":
        return None
    import ctypes

    try:
        function = ctypes.CDLL(None, use_errno=True).syncfs
    except (AttributeError, OSError):
        return None

    def syncfs(descriptor: int) -> None:
        if function(ctypes.c_int(descriptor)) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    return syncfs


_syncfs = _find_syncfs()
