"""A file that is being read, and whether it stays what it was.

Files of /proc and /sys have no size, or one that does not hold: what is read is what there is. They are known
by having nothing on any disk. What else has nothing there (it is a hole, or not written yet) has its size.
"""

from __future__ import annotations

import os
import stat
import time

from claude_remote.errors import Changed, NotAFile
from claude_remote.transfer import sizes
from claude_remote.transfer.content import Breathe, hash_file, hasher
from claude_remote.transfer.folders import Folder
from claude_remote.transfer.mistakes import about
from claude_remote.transfer.names import show
from claude_remote.transfer.waiting import READABLE, wait_for


class Source:
    """An open file: its size, mode and time are those it had when it was opened.

    `size` None: only its end will tell.
    """

    def __init__(self, path: bytes, descriptor: int, status: os.stat_result, size: int | None) -> None:
        self.path = path
        self.size = size
        self.mode = stat.S_IMODE(status.st_mode) & 0o777
        self.mtime = status.st_mtime_ns
        self._status = status
        self._descriptor = descriptor
        self._file = open(descriptor, "rb", buffering=0, closefd=False)  # noqa: SIM115  closed below
        self._hash = hasher()
        self._breathe: Breathe = lambda: None
        self._is_stream = False
        self._ahead = b""  # what was read to find out how much there is
        self.sent = 0

    @classmethod
    def open(cls, folder: Folder, name: bytes, path: bytes, breathe: Breathe) -> Source:
        """Open `name`, never through a link. Raises RemoteError about `path`."""
        with about(path):
            descriptor = folder.read(name)
            status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            raise NotAFile(f"{show(path)} is not a file any more")
        source = cls(path, descriptor, status, status.st_size)
        if not getattr(status, "st_blocks", 1) and status.st_size <= sizes.INLINE:
            source._breathe = breathe
            try:
                source._look_ahead()
            except BaseException:
                source.close()
                raise
        return source

    @classmethod
    def stream(cls, descriptor: int, path: bytes, breathe: Breathe) -> Source:
        """What comes from an open file that has no end yet."""
        source = cls(path, os.dup(descriptor), os.fstat(descriptor), None)
        source._breathe, source._is_stream = breathe, True
        source.mode, source.mtime = 0o644, time.time_ns()
        return source

    @property
    def digest(self) -> bytes:
        """BLAKE3 of what was read."""
        return self._hash.digest()

    def whole(self) -> bytes:
        """All of a small file. Raises RemoteError."""
        size = self.size or 0
        content = self._ahead
        if not content:
            with about(self.path):
                content = self._file.read(size + 1) or b""
        self._hash.update(content)
        self.sent = len(content)
        self.check()
        return content

    def fill(self, room: memoryview) -> int:
        """Read on into `room`: how much it was. Raises RemoteError if that is less than there should be."""
        filled = 0
        if self._ahead:
            filled = min(len(room), len(self._ahead))
            room[:filled], self._ahead = self._ahead[:filled], self._ahead[filled:]
        with about(self.path):
            while filled < len(room):
                if self.size is None:
                    if filled:
                        break
                    wait_for(self._descriptor, READABLE, self._breathe)
                count = self._file.readinto(room[filled:])
                if not count:
                    break
                filled += count
                if self.size is None:
                    break  # a stream gives what it has
        if self.size is not None and filled < len(room):
            raise self._changed()
        self._hash.update(room[:filled])
        self.sent += filled
        return filled

    def resume(self, offset: int, digest: bytes, breathe: Breathe) -> int:
        """Go on at `offset` if what is before has this digest, else from the beginning: where it goes on."""
        self.sent = 0
        self._hash = hasher()
        if offset and self.size is not None and offset <= self.size:
            with about(self.path):
                hashed, count = hash_file(self._descriptor, offset, breathe)
            if count == offset and hashed.digest() == digest:
                self.sent, self._hash = offset, hashed
        if self.size is not None:
            os.lseek(self._descriptor, self.sent, os.SEEK_SET)
        return self.sent

    def check(self) -> None:
        """Raises Changed when it is not what it was when it was opened."""
        if self._is_stream:
            return
        now, before = os.fstat(self._descriptor), self._status
        is_whole = self.size is None or self.sent == self.size
        if not is_whole or (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise self._changed()

    def _look_ahead(self) -> None:
        """How much there is, by reading it; of more than is sent whole, only the end will tell."""
        parts: list[bytes] = []
        with about(self.path):
            while sum(map(len, parts)) <= sizes.INLINE:
                wait_for(self._descriptor, READABLE, self._breathe)
                part = self._file.read(sizes.INLINE)
                if not part:
                    break
                parts.append(part)
        self._ahead = b"".join(parts)
        self.size = len(self._ahead) if len(self._ahead) <= sizes.INLINE else None

    def close(self) -> None:
        """Let go of it."""
        if self._descriptor >= 0:
            self._file.close()
            os.close(self._descriptor)
            self._descriptor = -1

    def _changed(self) -> Changed:
        return Changed(f"{show(self.path)} was changed while it was being read")
