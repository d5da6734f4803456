"""Signals for this program that are meant for the command: a queue, and a descriptor that wakes a loop."""

from __future__ import annotations

import os
import signal
import socket
from collections import deque
from contextlib import suppress
from types import FrameType
from typing import Any, Self

_PASSED_ON = ("INT", "TERM", "HUP", "QUIT", "USR1", "USR2", "WINCH")


class LocalSignals:
    """Caught between enter and leave. `came`: their names without SIG, in order."""

    def __init__(self) -> None:
        self.came: deque[str] = deque(maxlen=64)
        self._reader, self._writer = socket.socketpair()
        self._before: dict[signal.Signals, Any] = {}
        self._wakeup_before = -1

    def __enter__(self) -> Self:
        self._writer.setblocking(False)  # noqa: FBT003  the socket module's own signature
        self._reader.setblocking(False)  # noqa: FBT003
        self._wakeup_before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for name in _PASSED_ON:
            number = getattr(signal, f"SIG{name}", None)
            # What was ignored from the start (nohup) stays so.
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        signal.set_wakeup_fd(self._wakeup_before)
        self._reader.close()
        self._writer.close()

    @property
    def descriptor(self) -> int:
        """Readable when some came; `take` makes it quiet."""
        return self._reader.fileno()

    def take(self) -> list[str]:
        """Those that came since the last call."""
        with suppress(BlockingIOError):
            os.read(self._reader.fileno(), 4096)
        came: list[str] = []
        while self.came:
            came.append(self.came.popleft())
        return came

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.came.append(signal.Signals(number).name.removeprefix("SIG"))
