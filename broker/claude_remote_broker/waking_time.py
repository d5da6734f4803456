"""The clock by which peers are judged: it goes on only while this process is able to listen to them."""

from __future__ import annotations

import asyncio


class WakingTime:
    """Seconds, from anywhere; only forward.

    Somebody looks at it regularly by `beat`. When the loop stood still meanwhile (this machine was too busy,
    the process was stopped), it goes on by `stride` and no further: what peers have sent in time is still to
    be read then, and none of them may be called late for it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, stride: float) -> None:
        self._loop = loop
        self._stride = stride
        self._waking = self._beaten = loop.time()

    def now(self) -> float:
        """The time."""
        return self._waking + min(self._loop.time() - self._beaten, self._stride)

    def beat(self) -> float:
        """The time; the loop is alive."""
        self._waking = self.now()
        self._beaten = self._loop.time()
        return self._waking
