"""Standard output, for what must go on to breathe while nobody reads it."""

from __future__ import annotations

from claude_remote.cli.executing.streams import OutputStream
from claude_remote.transfer.content import Breathe
from claude_remote.transfer.waiting import WRITABLE, wait_for


class Output:
    """Writes all that it is given."""

    def __init__(self, descriptor: int) -> None:
        self._stream = OutputStream(descriptor)

    def write(self, payload: memoryview, breathe: Breathe) -> None:
        """Raises BrokenPipeError when nobody reads any more, RemoteError when there is no room."""
        self._stream.put(bytes(payload))
        while self._stream.busy:
            wait_for(self._stream.descriptor, WRITABLE, breathe)
            self._stream.flush()

    def close(self) -> None:
        """Let go of what was opened."""
        self._stream.close()
