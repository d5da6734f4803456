"""Writing files so that a crash leaves the old one or the new one, never half of either."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def private_umask() -> Iterator[None]:
    """What is created inside is readable by its owner alone from the first instant on."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def make_private_folder(folder: Path) -> Path:
    """Create a folder (mode 0700) and its parents if they are missing."""
    with private_umask():
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def replace(path: Path, content: bytes) -> None:
    """Put `content` at `path` atomically and durably, mode 0600."""
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


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
