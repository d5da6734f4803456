"""A file for events that cannot be handed over and would fill the memory."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from claude_remote.files import make_private_folder


class Spill:
    """Bytes by their place in a file. Only the worker that wrote it reads it; nothing of it needs to last.

    The file is made at the first byte, emptied when nothing in it is needed any more, and gone after close().
    It is called `SESSION.EPOCH`, and locked while we live: one that a killed worker has left is removed.
    """

    def __init__(self, folder: Path, session: str, epoch: int, limit: int) -> None:
        self.path = folder / f"{session}.{epoch}"
        self._limit = limit
        self._file: int | None = None
        self._end = 0
        self._used = 0

    def put(self, data: bytes) -> int | None:
        """Keep bytes and return their place, or None when there is no room (or no disk) for them."""
        if self._end + len(data) > self._limit:
            return None
        try:
            if self._file is None:
                make_private_folder(self.path.parent)
                self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
                fcntl.flock(self._file, fcntl.LOCK_EX)
            place, written = self._end, 0
            while written < len(data):
                written += os.pwrite(self._file, memoryview(data)[written:], place + written)
        except OSError:
            return None
        self._end += len(data)
        self._used += len(data)
        return place

    def get(self, place: int, size: int) -> bytes:
        """Read bytes again. Raises OSError when the disk fails: then they are lost."""
        if self._file is None:
            raise OSError("nothing was spilled")
        data = bytearray()
        while len(data) < size:
            part = os.pread(self._file, size - len(data), place + len(data))
            if not part:
                raise OSError(f"{self.path} was cut short by somebody else")
            data += part
        return bytes(data)

    def drop(self, size: int) -> None:
        """So many bytes are needed no more."""
        self._used -= size
        if self._used == 0 and self._file is not None:
            os.ftruncate(self._file, 0)
            self._end = 0

    def close(self) -> None:
        """Remove the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
            self.path.unlink(missing_ok=True)
