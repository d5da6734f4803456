"""Patterns on the sender's side: `*`, `?` and `[…]`, as a shell reads them."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from pathlib import Path

from claude_remote.errors import NoSuchFile, RemoteError, TooLarge
from claude_remote.transfer import sizes
from claude_remote.transfer.ground import Guard
from claude_remote.transfer.mistakes import translate
from claude_remote.transfer.names import show
from claude_remote.transfer.walking import Origin, Trouble, examine_all

_MOST = 100_000


def find_origins(
    asked: Sequence[bytes], base: Path, guard: Guard, *, recursive: bool
) -> list[Origin | Trouble]:
    """What is to be sent, for names relative to `base`. A name that exists is no pattern.

    Raises RemoteError when all that was named is one thing that cannot be sent: NoSuchFile, OutsideRoots,
    IsFolder without `recursive`, …. What is one of several is left out.
    """
    if len(asked) > sizes.SOURCES:
        raise TooLarge(f"more than {sizes.SOURCES} names at once")
    found: list[Origin | Trouble] = []
    for each in asked:
        try:
            found += examine_all(_matches(each, base), base, guard, recursive=recursive)
        except RemoteError as error:
            if len(asked) == 1:
                raise
            found.append(Trouble(each, error))
    return found


def _matches(asked: bytes, base: Path) -> list[bytes]:
    if b"\0" in asked:
        raise NoSuchFile(f"{show(asked)} cannot be a path")
    path = os.path.join(os.fsencode(base), os.path.expanduser(asked))
    if not glob.has_magic(asked) or os.path.lexists(path):
        return [asked]
    found = sorted(glob.glob(path))
    if not found:
        _look_into(path)
        raise NoSuchFile(f"nothing matches {show(asked)}")
    if len(found) > _MOST:
        raise TooLarge(f"{show(asked)} matches more than {_MOST} names")
    return found


def _look_into(path: bytes) -> None:
    """Nothing matches in a folder that cannot be read: the first one of a pattern. Raises NotPermitted."""
    folder = os.path.dirname(path)
    while glob.has_magic(folder):
        folder = os.path.dirname(folder)
    try:
        os.scandir(folder).close()
    except PermissionError as error:
        raise translate(error, folder, "look into") from None
    except OSError:
        pass  # it is not there
