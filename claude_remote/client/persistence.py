"""Doing something again until it is done, as long as what stands in the way may pass."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from claude_remote.client.exchange import FIRST_PAUSE, LONGEST_PAUSE
from claude_remote.errors import (
    ErrandFailed,
    LinkLost,
    Restarting,
    ShuttingDown,
    TooManyConnections,
    TooManyErrands,
    Unreachable,
)
from claude_remote.transfer.progress import Progress

_PASSING = (
    LinkLost,
    Unreachable,
    Restarting,
    ShuttingDown,
    TooManyConnections,
    TooManyErrands,
    ErrandFailed,
)


class Watch(Progress):
    """The progress of a transfer, and what becomes of its connection. This one tells nobody."""

    def reconnecting(self, why: str) -> None:
        """The link broke, and is being made anew."""

    def reconnected(self) -> None:
        """It is there again, and the transfer goes on."""


class Persistence:
    """`patience`: seconds of trying after each break (0: none; None: for ever)."""

    def __init__(self, watch: Watch, patience: float | None) -> None:
        self._watch = watch
        self._patience = patience
        self._gives_up: float | None = None  # while it is broken
        self._broken = False
        self.begun = False
        """Whether the server has begun: what never worked is not tried again."""

    def run(self, attempt: Callable[[], None]) -> None:
        """Attempt it until it is done. Raises what cannot pass, or does not in time."""
        pause = FIRST_PAUSE
        while True:
            try:
                attempt()
            except _PASSING as error:
                now = time.monotonic()
                if not self._broken:
                    pause = FIRST_PAUSE
                    self._gives_up = None if self._patience is None else now + self._patience
                if not self.begun or (self._gives_up is not None and now + pause > self._gives_up):
                    raise
                if not self._broken:
                    self._broken = True
                    self._watch.reconnecting(error.message)
                # Jitter keeps many clients of a server that restarts from coming back at the same instant.
                time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  not for secrets
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                return

    def came(self) -> None:
        """Something of the answer has come."""
        self.begun = True
        if self._broken:
            self._broken = False
            self._watch.reconnected()
