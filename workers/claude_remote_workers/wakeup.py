"""Signals as bytes on a descriptor, so that a poll loop sees them like everything else; children that end."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator


def ended_children() -> Iterator[tuple[int, int]]:
    """Reap every child that has ended: its pid, and its status as waitpid gives it."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid, status


class Wakeup:
    """Turns the given signals into readable bytes. Made once, in the main thread."""

    def __init__(self, numbers: Iterable[signal.Signals]) -> None:
        self.descriptor, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, _ignore)

    def take(self) -> set[signal.Signals]:
        """The signals that came since the last call."""
        try:
            data = os.read(self.descriptor, 4096)
        except BlockingIOError:
            return set()
        return {signal.Signals(number) for number in data}

    def close(self) -> None:
        """Give up the descriptors; the signals keep their empty handlers."""
        signal.set_wakeup_fd(-1)
        os.close(self.descriptor)
        os.close(self._writer)


def _ignore(number: int, frame: object) -> None:
    """The byte on the descriptor is all that is wanted."""
