"""Which part of a disk a transfer may touch: inside the roots, and never what is claude-remote's own."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from claude_remote.errors import BadName, NoSuchFile, NotAFile, OutsideRoots
from claude_remote.transfer.folders import Folder
from claude_remote.transfer.mistakes import about
from claude_remote.transfer.names import destination, show

_HELD_OPEN = 32


class Guard:
    """`roots`: real paths of the folders that may be used (none: all of them); `private`: what may not."""

    def __init__(self, roots: Iterable[Path] = (), private: Iterable[Path] = ()) -> None:
        self._roots = tuple(roots)
        self._private = tuple(Path(os.path.realpath(folder)) for folder in private)
        self._private_paths = frozenset(os.fsencode(folder) for folder in self._private)
        self._identities = frozenset(_identities(self._private))

    def find(self, asked: bytes, base: Path) -> Path:
        """The real path of what somebody calls `asked` (relative: below `base`). Raises OutsideRoots."""
        with about(asked):
            wanted = base / os.fsdecode(_expand(asked))
            try:
                found = Path(os.path.realpath(wanted))
            except ValueError:  # a zero byte
                raise NoSuchFile(f"{show(asked)} cannot be a path") from None
        self.allow(found, asked)
        return found

    def allow(self, path: Path, asked: bytes) -> None:
        """Raises OutsideRoots when a real path is not for this client."""
        if self._roots and not _inside(path, self._roots):
            raise OutsideRoots(f"{show(asked)} is outside the folders that this client may use")
        if _inside(path, self._private):
            raise OutsideRoots(f"{show(asked)} belongs to claude-remote itself")

    def check(self, folder: Folder) -> None:
        """Raises OutsideRoots when an open folder is claude-remote's own, by whatever path it was reached."""
        if folder.path in self._private_paths or (self._identities and folder.identity in self._identities):
            raise OutsideRoots(f"{show(folder.path)} belongs to claude-remote itself")

    def check_name(self, folder: Folder, name: bytes) -> None:
        """Raises OutsideRoots when `name` in an open folder is, or would be, claude-remote's own."""
        path = os.path.join(folder.path, name)
        if path in self._private_paths:
            raise OutsideRoots(f"{show(path)} belongs to claude-remote itself")

    def open(self, path: Path) -> Folder:
        """Open a folder that find() gave; a link that was put in its way meanwhile is an error (OSError)."""
        folder = Folder.at(path)
        try:
            self.check(folder)
        except OutsideRoots:
            folder.close()
            raise
        return folder


class Landing(NamedTuple):
    """Where something arrives: below `folder`, under its own name or, if given, as `name`."""

    folder: Folder
    name: bytes | None


def land(asked: bytes, base: Path, guard: Guard, *, folder: bool) -> Landing:
    """The place that a destination means, as cp takes it. With `folder` it has to be one that exists.

    Raises OutsideRoots, NoSuchFile, NotAFile, NotPermitted.
    """
    if not asked:
        raise NoSuchFile(f"{show(asked)!r} is no path")
    path = guard.find(asked, base)
    with about(asked):
        if path.is_dir():
            return Landing(guard.open(path), None)
        if folder or asked.endswith(b"/"):
            raise NoSuchFile(f"{show(asked)} is no folder that exists")
        if not path.parent.is_dir():
            raise NoSuchFile(f"{show(os.fsencode(path.parent))} does not exist")
        return Landing(guard.open(path.parent), os.fsencode(path.name))


def land_again(folder: bytes, name: bytes | None, guard: Guard) -> Landing:
    """The place that an earlier transfer of the same has told. Raises as `land`, and BadName."""
    if name is not None and len(destination(name)) != 1:
        raise BadName(f"{show(name)} is not a single name")
    path = guard.find(folder, Path("/"))
    with about(folder):
        return Landing(guard.open(path), name)


class Ground:
    """The folders below one that a receiver works in; the last few stay open."""

    def __init__(self, folder: Folder, guard: Guard) -> None:
        self._top = folder
        self._guard = guard
        self._open: OrderedDict[tuple[bytes, ...], Folder] = OrderedDict()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def path(self, place: tuple[bytes, ...]) -> bytes:
        """The whole path of something below, to tell people."""
        return os.path.join(self._top.path, *place)

    def parent(self, place: tuple[bytes, ...]) -> Folder:
        """The folder that something is to be in. Raises OSError, OutsideRoots."""
        found = self.folder(place[:-1])
        self._guard.check_name(found, place[-1])
        return found

    def folder(self, parts: tuple[bytes, ...]) -> Folder:
        """The folder at a path below, opened part by part. Good until the next call. Raises OSError."""
        if not parts:
            return self._top
        known = self._open.get(parts)
        if known is not None:
            self._open.move_to_end(parts)
            return known
        found = self.folder(parts[:-1]).enter(parts[-1])
        self._keep(parts, found)
        return found

    def make(self, parts: tuple[bytes, ...]) -> bool:
        """Make a folder, for its owner alone so far; False if it was there.

        Raises OSError, OutsideRoots, NotAFile.
        """
        try:
            made = self.parent(parts).make(parts[-1])
        except FileExistsError:
            raise NotAFile(
                f"{show(parts[-1])} is no folder there, and a folder cannot take its place"
            ) from None
        self.folder(parts)
        return made

    def close(self) -> None:
        """Let go of all folders."""
        while self._open:
            self._open.popitem()[1].close()
        self._top.close()

    def _keep(self, parts: tuple[bytes, ...], folder: Folder) -> None:
        try:
            self._guard.check(folder)
        except OutsideRoots:
            folder.close()
            raise
        self._open[parts] = folder
        while len(self._open) > _HELD_OPEN:
            self._open.popitem(last=False)[1].close()


def _expand(asked: bytes) -> bytes:
    return os.path.expanduser(asked) if asked[:1] == b"~" else asked


def _inside(path: Path, folders: Iterable[Path]) -> bool:
    return any(path == folder or folder in path.parents for folder in folders)


def _identities(folders: Iterable[Path]) -> Iterable[tuple[int, int]]:
    for folder in folders:
        with suppress(OSError):
            status = folder.stat()
            yield status.st_dev, status.st_ino
