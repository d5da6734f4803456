"""Files that claude wants to change, as they are now, for who is to decide."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

MOST = 1024 * 1024  # bytes


def resolve(name: str, folder: str) -> str:
    """Where a name leads, seen from a folder, with every link followed; empty when that cannot be told."""
    try:
        return os.path.realpath(os.path.join(folder, name))  # noqa: PTH118  a name may be absolute
    except (OSError, ValueError):
        return ""


class NotShown(Exception):
    """A file is not shown; the message says why."""


def read(path: str, private: Sequence[str]) -> bytes | None:
    """A file's content, None when there is none. Raises NotShown, also for what is in `private` folders."""
    if any(Path(path).is_relative_to(os.path.realpath(folder)) for folder in private):
        raise NotShown("it is claude-remote's own")
    try:
        # A pipe or a device must not hold us up; a link put there meanwhile leads nowhere.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            return _content(file)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise NotShown(os.strerror(error.errno or 0)) from None


def _content(file: BinaryIO) -> bytes:
    about = os.fstat(file.fileno())
    content = file.read(MOST + 1) if stat.S_ISREG(about.st_mode) else None
    if content is None:
        raise NotShown("it is not a file")
    if len(content) > MOST:
        raise NotShown(f"it is larger than {MOST // 1024} KiB")
    return content
