"""The content of one file, worked on in a thread of its own, while whoever has it goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

from claude_remote.transfer import sizes
from claude_remote.transfer.content import Breathe
from claude_remote.transfer.disk import BREATHE_EVERY, join


class Lane:
    """`work` gets every piece, in order. Hashing, reading and writing let go of Python's lock, as TLS does:
    so one processor does this and another one that.

    After an error nothing more is done; the next call raises it.
    """

    def __init__(self, work: Callable[[memoryview], None]) -> None:
        self._work = work
        self._pieces: SimpleQueue[memoryview | None] = SimpleQueue()
        self._room = threading.Semaphore(sizes.LANE_AHEAD)
        self._stopped = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True, name="lane")
        self._thread.start()

    def put(self, piece: memoryview, breathe: Breathe) -> None:
        """The next piece, which nobody changes any more. Waits when too many are before it."""
        while not self._room.acquire(timeout=BREATHE_EVERY):
            breathe()
        self._raise()
        self._pieces.put(piece)

    def finish(self, breathe: Breathe) -> None:
        """That was all: wait until it is done."""
        self._pieces.put(None)
        join(self._thread, breathe)
        self._raise()

    def stop(self) -> None:
        """What waits is not done. When this returns nothing is worked on any more."""
        self._stopped = True
        self._pieces.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (piece := self._pieces.get()) is not None:
            if self._error is None and not self._stopped:
                try:
                    self._work(piece)
                except BaseException as error:  # noqa: BLE001  it is raised where the next piece comes from
                    self._error = error
            del piece
            self._room.release()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error
