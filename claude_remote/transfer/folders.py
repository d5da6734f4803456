"""A folder that is held open, and what is done inside it: by single names, and never through a link.

On Linux and macOS every step is relative to the descriptor of a folder (openat and its kin), with O_NOFOLLOW:
what somebody renames or links meanwhile does not lead elsewhere. Windows has neither; there each step looks
first whether a link is in the way, which somebody who is quick could get around.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_HELD = os.open in os.supports_dir_fd
_CLOEXEC = getattr(os, "O_CLOEXEC", 0)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_NONBLOCK = getattr(os, "O_NONBLOCK", 0)  # a fifo that took the file's place does not keep us
_FOLDER = getattr(os, "O_DIRECTORY", 0) | _NOFOLLOW | _CLOEXEC
# To pass through a folder one need not be allowed to list it.
_PASS = getattr(os, "O_PATH", os.O_RDONLY) | _FOLDER
_PRIVATE = 0o600


class Folder:
    """One open folder. Names are single ones, bytes; the caller has checked them. Raises OSError."""

    def __init__(self, path: bytes, descriptor: int) -> None:
        self.path = path
        """As it was opened: for words, and for systems that cannot hold a folder."""
        self._descriptor = descriptor

    @classmethod
    def at(cls, path: Path) -> Self:
        """Open a folder by its real, absolute path. Every part is opened by itself: none may be a link."""
        anchor = os.fsencode(path.anchor)
        folder = cls(anchor, os.open(anchor, _PASS) if _HELD else -1)
        for part in path.parts[1:]:
            with folder:
                below = folder.enter(os.fsencode(part))
            folder = below
        return folder

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode: what makes it this folder, whatever it is called."""
        status = os.stat(self._descriptor if _HELD else self.path)
        return status.st_dev, status.st_ino

    def enter(self, name: bytes) -> Self:
        """The folder `name` in it, to pass through or work in."""
        path = os.path.join(self.path, name)
        if _HELD:
            return type(self)(path, os.open(name, _PASS, dir_fd=self._descriptor))
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            raise NotADirectoryError(20, "Not a directory")
        return type(self)(path, -1)

    def make(self, name: bytes) -> bool:
        """Make the folder `name`, for its owner alone so far. False if there is one already."""
        try:
            os.mkdir(self._at(name), mode=0o700, dir_fd=self._held)
        except FileExistsError:
            if stat.S_ISDIR(self.status(name).st_mode):
                return False
            raise
        return True

    def names(self) -> list[tuple[bytes, os.stat_result]]:
        """What is in it, in the order of the bytes; what vanishes meanwhile is left out."""
        found = []
        if _HELD:
            descriptor = os.open(".", os.O_RDONLY | _FOLDER, dir_fd=self._descriptor)
            try:
                with os.scandir(descriptor) as entries:
                    for entry in entries:
                        with suppress(FileNotFoundError):
                            found.append((os.fsencode(entry.name), entry.stat(follow_symlinks=False)))
            finally:
                os.close(descriptor)
        else:
            with os.scandir(os.fsdecode(self.path)) as listed:
                found = [(os.fsencode(each.name), os.lstat(each.path)) for each in listed]
        return sorted(found, key=lambda each: each[0])

    def status(self, name: bytes) -> os.stat_result:
        """Of `name` itself, if it is a link."""
        return os.stat(self._at(name), follow_symlinks=False, dir_fd=self._held)

    def read(self, name: bytes) -> int:
        """A descriptor to read a file. The caller looks what kind of file it is."""
        flags = os.O_RDONLY | _NOFOLLOW | _NONBLOCK | _CLOEXEC | _BINARY
        return os.open(self._at(name), flags, dir_fd=self._held)

    def write(self, name: bytes, *, new: bool) -> int:
        """A descriptor to read and write a file: a new one for its owner alone, or one that is there."""
        flags = os.O_RDWR | _NOFOLLOW | _NONBLOCK | _CLOEXEC | _BINARY
        return os.open(
            self._at(name), flags | (os.O_CREAT | os.O_EXCL if new else 0), _PRIVATE, dir_fd=self._held
        )

    def replace(self, old: bytes, new: bytes) -> None:
        """Rename, atomically, in place of what is there."""
        if _HELD:
            os.rename(old, new, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
        else:
            os.replace(self._at(old), self._at(new))

    def remove(self, name: bytes) -> None:
        """Remove a file or link."""
        os.unlink(self._at(name), dir_fd=self._held)

    def read_link(self, name: bytes) -> bytes:
        """Where a link points."""
        return os.readlink(self._at(name), dir_fd=self._held)

    def make_link(self, target: bytes, name: bytes) -> None:
        """Make a symbolic link."""
        os.symlink(target, self._at(name), dir_fd=self._held)

    def date(self, name: bytes, mtime: int) -> None:
        """Set the time of `name` itself (nanoseconds), where the system can do that for a link."""
        if os.utime in os.supports_follow_symlinks:
            os.utime(self._at(name), ns=(mtime, mtime), follow_symlinks=False, dir_fd=self._held)

    def finish(self, name: bytes, mode: int, mtime: int) -> None:
        """Set mode and time of the folder `name`."""
        if not _HELD:
            os.utime(self._at(name), ns=(mtime, mtime))
            return
        descriptor = os.open(name, os.O_RDONLY | _FOLDER, dir_fd=self._descriptor)
        try:
            os.utime(descriptor, ns=(mtime, mtime))
            set_mode(descriptor, mode)
        finally:
            os.close(descriptor)

    def sync(self) -> None:
        """Make names durable, where the system can do that."""
        if _HELD:
            descriptor = os.open(".", os.O_RDONLY | _FOLDER, dir_fd=self._descriptor)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def free(self) -> int:
        """Bytes that may still be written; very many where the system does not tell."""
        if not _HELD or not hasattr(os, "fstatvfs"):
            return 1 << 62
        told = os.fstatvfs(self._descriptor)
        return int(told.f_bavail * told.f_frsize)

    def _at(self, name: bytes) -> bytes:
        return name if _HELD else os.path.join(self.path, name)

    @property
    def _held(self) -> int | None:
        return self._descriptor if _HELD else None


if sys.platform == "win32":

    def set_mode(descriptor: int, mode: int) -> None:
        """Windows has no such modes."""
else:

    def set_mode(descriptor: int, mode: int) -> None:
        """The nine permission bits of an open file or folder."""
        os.fchmod(descriptor, mode)
