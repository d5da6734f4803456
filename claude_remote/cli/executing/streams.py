"""This program's own standard streams, for a loop that must not wait for any of them."""

from __future__ import annotations

import os
import selectors
import stat
from contextlib import suppress

from claude_remote.cli.terminal import cannot_write

# How much a pipe that has room at all takes without blocking (POSIX: at least; Linux: 4096).
_PIPE_BUF = 512


class InputStream:
    """Standard input. Read only when `descriptor` is ready, or `is_always_ready`."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.is_always_ready = not _can_be_polled(descriptor)

    def read(self, size: int) -> bytes:
        """What is there; b"" at its end."""
        try:
            return os.read(self.descriptor, size)
        except OSError:  # a terminal that is gone, or a closed descriptor
            return b""


class OutputStream:
    """Standard output or error. What a reader does not take now waits here, and nothing else is taken."""

    def __init__(self, descriptor: int) -> None:
        self._pending = memoryview(b"")
        self._name = "standard error" if descriptor == 2 else "standard output"
        self._own = _reopen(descriptor)
        self.descriptor = descriptor if self._own is None else self._own
        self.is_always_ready = not _can_be_polled(self.descriptor)
        self._at_once = _PIPE_BUF if self._own is None and not self.is_always_ready else 1 << 20

    @property
    def busy(self) -> bool:
        """Whether something still waits to be written."""
        return bool(self._pending)

    def put(self, data: bytes) -> None:
        """Write as much as can be; only when not busy. Raises as flush."""
        self._pending = memoryview(data)
        if self._own is not None or self.is_always_ready:
            self.flush()

    def flush(self) -> None:
        """Write as much as can be; to be called when the descriptor is ready.

        Raises BrokenPipeError when nobody reads any more, RemoteError when it takes no more.
        """
        while self._pending:
            try:
                count = os.write(self.descriptor, self._pending[: self._at_once])
            except BlockingIOError:
                return
            except BrokenPipeError:
                raise
            except OSError as error:
                self._pending = memoryview(b"")
                raise cannot_write(self._name, error) from None
            self._pending = self._pending[count:]
            if self._own is None and not self.is_always_ready:
                return

    def close(self) -> None:
        """Let go of what was opened."""
        if self._own is not None:
            os.close(self._own)


def _reopen(descriptor: int) -> int | None:
    """The same pipe or terminal, opened once more so that writing to it does not block us, and only us.

    (O_NONBLOCK belongs to the open file, which other programs share.) None where that cannot be done.
    """
    with suppress(OSError):
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISFIFO(mode) or os.isatty(descriptor):
            flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
            return os.open(f"/proc/self/fd/{descriptor}", flags)
    return None


def _can_be_polled(descriptor: int) -> bool:
    """Files cannot, and are always ready."""
    selector = selectors.DefaultSelector()
    try:
        selector.register(descriptor, selectors.EVENT_READ)
    except (OSError, ValueError):
        return False
    finally:
        selector.close()
    return True
