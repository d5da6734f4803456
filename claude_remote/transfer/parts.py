"""A file that is being written: beside its destination, under a name of its own, until it is complete."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

from claude_remote.errors import IsFolder, NotAFile
from claude_remote.files import try_lock
from claude_remote.transfer.content import Breathe
from claude_remote.transfer.folders import Folder, set_mode
from claude_remote.transfer.names import part_name, show

_AT_ONCE = 16  # transfers of one destination
_TRIES = 64
_LOOK_EVERY = 0.1  # seconds


Wait: TypeAlias = Callable[[], bool]


def waiting(breathe: Breathe, seconds: float) -> Wait:
    """For Part.open: to wait so long in all, from now on."""
    until = time.monotonic() + seconds

    def wait() -> bool:
        if time.monotonic() >= until:
            return False
        time.sleep(_LOOK_EVERY)
        breathe()
        return True

    return wait


def _no_wait() -> bool:
    return False


class Part:
    """The open .part file of `name`, locked: who else writes the same destination has one of its own.

    What is left of a transfer that broke off is taken up again. That it is what it seems to be is for the
    caller to verify.
    """

    def __init__(self, name: bytes, own: bytes, descriptor: int) -> None:
        self.name = name
        self.descriptor = descriptor
        self._own = own

    @classmethod
    def open(cls, folder: Folder, name: bytes, wait: Wait = _no_wait) -> Part:
        """Open one. Raises OSError, IsFolder, NotAFile.

        `wait` is called while somebody else writes the first one, and says whether to wait on.
        """
        check_destination(folder, name)
        number = 0
        for _ in range(_TRIES):
            if number == _AT_ONCE:
                break
            own = part_name(name, number)
            descriptor = _open(folder, own)
            if descriptor is None:
                continue
            if not _lock(descriptor, _no_wait if number else wait):
                os.close(descriptor)
                number += 1
            elif not _is_ours(folder, own, descriptor):
                # Renamed or removed between opening and locking, or planted: a hard link to something else.
                os.close(descriptor)
            else:
                return cls(name, own, descriptor)
        raise NotAFile(f"{show(name)} is being written by too many others")

    @property
    def size(self) -> int:
        """How much of it there is."""
        return os.fstat(self.descriptor).st_size

    def begin(self, offset: int) -> None:
        """Cut off what is behind `offset`, and go on from there."""
        os.ftruncate(self.descriptor, offset)
        os.lseek(self.descriptor, offset, os.SEEK_SET)

    def write(self, content: bytes | memoryview) -> None:
        """Write all of it. Raises OSError."""
        view = memoryview(content)
        while view:
            view = view[os.write(self.descriptor, view) :]

    def finish(self, mode: int, mtime: int) -> None:
        """Give it its mode and time; after this nothing is written."""
        set_mode(self.descriptor, mode)
        if os.utime in os.supports_fd:
            os.utime(self.descriptor, ns=(mtime, mtime))

    def place(self, folder: Folder, mtime: int) -> None:
        """It is complete: put it in its place. Raises OSError, IsFolder, NotAFile."""
        check_destination(folder, self.name)
        if os.name != "posix":
            self.close()  # an open file cannot be renamed there
        folder.replace(self._own, self.name)
        if os.utime not in os.supports_fd:
            folder.date(self.name, mtime)
        self.close()

    def discard(self, folder: Folder) -> None:
        """Remove it: it is of no use to anybody."""
        if self.descriptor >= 0:
            with suppress(OSError):
                os.ftruncate(self.descriptor, 0)
            if os.name == "posix":  # while its lock is held
                with suppress(OSError):
                    folder.remove(self._own)
                self.close()
                return
        self.close()
        with suppress(OSError):
            folder.remove(self._own)

    def close(self) -> None:
        """Leave it as it is, for the next try."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def _open(folder: Folder, own: bytes) -> int | None:
    """A descriptor; None if it has to be tried again."""
    try:
        return folder.write(own, new=True)
    except FileExistsError:
        pass
    try:
        status = folder.status(own)
        if not _is_plain(status):
            folder.remove(own)
            return None
        return folder.write(own, new=False)
    except FileNotFoundError:
        return None


def _lock(descriptor: int, wait: Wait) -> bool:
    """Lock it, if need be when whoever holds it has let go. Closes it when `wait` raises."""
    try:
        while not (locked := try_lock(descriptor)) and wait():
            pass
    except BaseException:
        os.close(descriptor)
        raise
    return locked


def _is_plain(status: os.stat_result) -> bool:
    own = not hasattr(os, "geteuid") or status.st_uid == os.geteuid()
    return stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and own


def _is_ours(folder: Folder, own: bytes, descriptor: int) -> bool:
    held = os.fstat(descriptor)
    try:
        named = folder.status(own)
    except FileNotFoundError:
        return False
    return _is_plain(held) and (held.st_dev, held.st_ino) == (named.st_dev, named.st_ino)


def check_destination(folder: Folder, name: bytes) -> None:
    """A file may take the place of a file or of a link, and of nothing else."""
    try:
        mode = folder.status(name).st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        raise IsFolder(f"{show(name)} is a folder there, and a file cannot take its place")
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
        raise NotAFile(f"{show(name)} is a device, fifo or socket there, and stays")
