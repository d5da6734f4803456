"""Writing files so that a crash leaves the old one or the new one, never half of either."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from claude_remote.errors import Misconfigured

LOCK_PATIENCE = 10.0
_LOCK_RETRY = 0.01

# The umask is the whole process's: two threads that set it at once would leave it as neither found it.
_umask = threading.RLock()


@contextmanager
def private_umask() -> Iterator[None]:
    """What is created inside is readable by its owner alone from the first instant on."""
    with _umask:
        before = os.umask(0o077)
        try:
            yield
        finally:
            os.umask(before)


@contextmanager
def private_socket(path: Path) -> Iterator[None]:
    """Inside, a unix socket is bound at `path`. It is its owner's alone from the first instant, mode 0600."""
    with private_umask():
        yield
        path.chmod(0o600)  # the system gives x besides, and another umask would be every thread's


def make_private_folder(folder: Path) -> Path:
    """Create a folder (mode 0700) and its parents if they are missing."""
    with private_umask():
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def replace(path: Path, content: bytes) -> None:
    """Put `content` at `path` atomically and durably, mode 0600."""
    import tempfile  # slow, and a `ping` writes nothing

    make_private_folder(path.parent)
    # mkstemp creates with mode 0600 whatever the umask is.
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123  a descriptor, not a path
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise
    _sync_folder(path.parent)


def replace_link(path: Path, target: Path) -> None:
    """Let the symbolic link at `path` lead to `target`, atomically."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(path)


def keep_aside(path: Path, suffix: str) -> Path:
    """Rename `path` to a name with `suffix` that is not taken yet, and give that name. Nothing is lost."""
    for number in range(1, 1000):
        aside = path.with_name(f"{path.name}{suffix}" if number == 1 else f"{path.name}{suffix}-{number}")
        if not aside.exists():
            path.rename(aside)
            return aside
    raise Misconfigured(f"There are too many files called {path}{suffix}; remove some.")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of `path` (a hidden file beside it) among processes and threads.

    For reading, changing and writing back. Raises Misconfigured when somebody holds it for LOCK_PATIENCE
    seconds: a lock is held for milliseconds, so that one hangs.
    """
    make_private_folder(path.parent)
    lock = path.with_name(f".{path.name}.lock")
    with private_umask():
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + LOCK_PATIENCE
        while not try_lock(descriptor):
            if time.monotonic() > deadline:
                raise Misconfigured(
                    f"Another process holds {lock} and does not let go; end it and try again."
                )
            time.sleep(_LOCK_RETRY)
        yield
    finally:
        os.close(descriptor)  # which unlocks


if sys.platform == "win32":
    import msvcrt

    def try_lock(descriptor: int) -> bool:
        """Take the lock of an open file, if nobody holds it; closing the file gives it back."""
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def try_lock(descriptor: int) -> bool:
        """Take the lock of an open file, if nobody holds it; closing the file gives it back."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
