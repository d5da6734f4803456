"""What a sender finds: the entries of the trees that were named, in an order that is the same each time."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

from claude_remote.errors import IsFolder, NotAFile, RemoteError
from claude_remote.transfer import sizes
from claude_remote.transfer.content import Breathe
from claude_remote.transfer.folders import Folder
from claude_remote.transfer.ground import Guard
from claude_remote.transfer.mistakes import about, translate
from claude_remote.transfer.names import is_part, show
from claude_remote.transfer.reading import Source


class Origin(NamedTuple):
    """One thing that was named: `name` in the real folder `above`, sent as `called`."""

    above: str
    name: bytes
    called: bytes


class Entered(NamedTuple):
    """A folder begins."""

    path: bytes
    status: os.stat_result


class Left(NamedTuple):
    """A folder ends."""

    path: bytes
    status: os.stat_result


class Linked(NamedTuple):
    """A symbolic link."""

    path: bytes
    status: os.stat_result
    target: bytes


class Found(NamedTuple):
    """A file. It is opened, if at all, before the walk goes on."""

    path: bytes
    status: os.stat_result
    folder: Folder
    name: bytes

    def open(self, breathe: Breathe) -> Source:
        """Raises RemoteError."""
        return Source.open(self.folder, self.name, self.path, breathe)


class Stream(NamedTuple):
    """An open file without a name or an end that is known: standard input."""

    path: bytes
    descriptor: int

    def open(self, breathe: Breathe) -> Source:
        """To be read as it comes."""
        return Source.stream(self.descriptor, self.path, breathe)


class Trouble(NamedTuple):
    """Something that cannot be sent, and why."""

    path: bytes
    error: RemoteError
    status: os.stat_result | None = None


# What a walk begins with. That something cannot be sent may be known before.
Named: TypeAlias = Origin | Stream | Trouble
Step: TypeAlias = Entered | Left | Linked | Found | Stream | Trouble


def walk(origins: Iterable[Named], guard: Guard) -> Iterator[Step]:
    """All that is to be sent. A folder is entered before, and left after, what is in it."""
    for origin in origins:
        if isinstance(origin, Stream | Trouble):
            yield origin
            continue
        try:
            folder = _open(origin, guard)
        except RemoteError as error:
            yield Trouble(origin.called, error)
            continue
        with folder:
            try:
                status = folder.status(origin.name)
            except OSError as error:
                yield Trouble(origin.called, translate(error, origin.called))
                continue
            yield from _visit(folder, origin.name, status, origin.called, guard)


def examine_all(
    paths: Sequence[bytes], base: Path, guard: Guard, *, recursive: bool
) -> list[Origin | Trouble]:
    """What is at each of these paths, relative to `base`.

    Of several, what cannot be sent is left out, as by scp: a folder, say, that `*` matches. Raises
    RemoteError if there is but one.
    """
    found: list[Origin | Trouble] = []
    for path in paths:
        try:
            found.append(examine(str(guard.find(path, base)), path, guard, recursive=recursive))
        except RemoteError as error:
            if len(paths) == 1:
                raise
            found.append(Trouble(path, error))
    return found


def examine(path: str, asked: bytes, guard: Guard, *, recursive: bool) -> Origin:
    """What is at a real path, if it can be sent as it was asked for. Raises RemoteError."""
    name = os.fsencode(os.path.basename(path))
    if not name:
        raise NotAFile(f"{show(asked)} cannot be moved as a whole")
    origin = Origin(os.path.dirname(path), name, name)
    with about(asked), _open(origin, guard) as folder:
        mode = folder.status(name).st_mode
        if stat.S_ISDIR(mode):
            if not recursive:
                raise IsFolder(f"{show(asked)} is a folder; whole folders are moved with -r")
            with folder.enter(name) as below:
                guard.check(below)
        elif not stat.S_ISREG(mode):
            raise NotAFile(f"{show(asked)} is a device, fifo or socket")
    return origin


def _open(origin: Origin, guard: Guard) -> Folder:
    with about(origin.called):
        return guard.open(Path(origin.above))


def _visit(folder: Folder, name: bytes, status: os.stat_result, path: bytes, guard: Guard) -> Iterator[Step]:
    mode = status.st_mode
    if stat.S_ISREG(mode):
        yield Found(path, status, folder, name)
    elif stat.S_ISDIR(mode):
        yield from _descend(folder, name, status, path, guard)
    elif stat.S_ISLNK(mode):
        try:
            target = folder.read_link(name)
        except OSError as error:
            yield Trouble(path, translate(error, path), status)
        else:
            yield Linked(path, status, target)
    else:
        yield Trouble(path, NotAFile(f"{show(path)} is a device, fifo or socket"), status)


def _descend(
    folder: Folder, name: bytes, status: os.stat_result, path: bytes, guard: Guard
) -> Iterator[Step]:
    try:
        below = folder.enter(name)
    except OSError as error:
        yield Trouble(path, translate(error, path), status)
        return
    with below:
        try:
            guard.check(below)
            if path.count(b"/") >= sizes.DEPTH - 1:
                raise NotAFile(f"{show(path)} is nested too deep")
            names = below.names()
        except RemoteError as error:
            yield Trouble(path, error, status)
            return
        except OSError as error:
            yield Trouble(path, translate(error, path), status)
            return
        yield Entered(path, status)
        for each, found in names:
            if not is_part(each):
                yield from _visit(below, each, found, path + b"/" + each, guard)
        yield Left(path, status)
