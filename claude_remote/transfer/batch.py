"""Small files and links that are complete: made durable together, then put into their places."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple, Protocol, TypeAlias

from claude_remote.errors import RemoteError
from claude_remote.transfer import sizes
from claude_remote.transfer.content import Breathe
from claude_remote.transfer.disk import Task, most_open_files, sync_all
from claude_remote.transfer.folders import Folder
from claude_remote.transfer.ground import Ground
from claude_remote.transfer.mistakes import translate
from claude_remote.transfer.names import part_name
from claude_remote.transfer.parts import Part, check_destination
from claude_remote.transfer.records import Link, Whole

Place: TypeAlias = tuple[bytes, ...]


class Settled(Protocol):
    """Told of each entry that is in its place; `error` says why it is not."""

    def __call__(self, n: int, path: bytes | None = None, error: RemoteError | None = None, /) -> None:
        """`path` is given of files alone."""


class _File(NamedTuple):
    n: int
    place: Place
    part: Part
    mtime: int
    path: bytes


class _Link(NamedTuple):
    n: int
    place: Place
    target: bytes
    mtime: int


class _Leave(NamedTuple):
    place: Place
    mode: int
    mtime: int


_Item: TypeAlias = _File | _Link | _Leave


class Batch:
    """Gathers; while one batch is being written to disk, the next one gathers."""

    def __init__(self, ground: Ground, breathe: Breathe, settled: Settled) -> None:
        self._ground = ground
        self._breathe = breathe
        self._settled = settled
        self._most = min(sizes.BATCH, most_open_files() // 4)
        self._items: list[_Item] = []
        self._size = 0
        self._syncing: list[_Item] = []
        self._task: Task | None = None

    def add(self, place: Place, part: Part, whole: Whole, size: int) -> None:
        """A file that is complete in its .part."""
        self._size += size
        self._add(_File(whole.n, place, part, whole.mtime, whole.path))

    def link(self, place: Place, link: Link) -> None:
        """A symbolic link to be made."""
        self._add(_Link(link.n, place, link.target, link.mtime))

    def leave(self, place: Place, mode: int, mtime: int) -> None:
        """A folder gets its mode and time when everything before is in its place."""
        self._add(_Leave(place, mode, mtime))

    def flush(self) -> None:
        """Put everything into place, now. Raises RemoteError when the disk fails."""
        self._start()
        self._settle()

    def discard(self) -> None:
        """Nothing more will be put into place."""
        for item in (*self._syncing, *self._items):
            if isinstance(item, _File):
                with suppress(OSError, RemoteError):
                    item.part.discard(self._ground.parent(item.place))
                item.part.close()
        self._syncing, self._items = [], []

    def _add(self, item: _Item) -> None:
        self._items.append(item)
        if len(self._items) >= self._most or self._size >= sizes.BATCH_BYTES:
            self._start()

    def _start(self) -> None:
        """Begin to write this batch to disk, when the one before is done."""
        self._settle()
        self._syncing, self._items, self._size = self._items, [], 0
        descriptors = [item.part.descriptor for item in self._syncing if isinstance(item, _File)]
        self._task = Task(lambda: sync_all(descriptors)) if descriptors else None

    def _settle(self) -> None:
        """Wait for the disk, and put what it has into place."""
        if self._task is not None:
            task, self._task = self._task, None
            try:
                task.wait(self._breathe)
            except OSError as error:
                raise translate(error, b"the disk") from None
        items, self._syncing = self._syncing, []
        for item in items:
            self._place(item)

    def _place(self, item: _Item) -> None:
        name = b"/".join(item.place)
        try:
            folder = self._ground.parent(item.place)
            match item:
                case _File():
                    item.part.place(folder, item.mtime)
                    self._settled(item.n, item.path)
                case _Link():
                    _make_link(folder, item)
                    self._settled(item.n)
                case _Leave():
                    with suppress(FileNotFoundError):
                        folder.finish(item.place[-1], item.mode, item.mtime)
        except (OSError, RemoteError) as error:
            mistake = self._translate(error, item.place) if isinstance(error, OSError) else error
            if isinstance(item, _File):
                with suppress(OSError, RemoteError):
                    item.part.discard(self._ground.parent(item.place))
                item.part.close()
            if not isinstance(item, _Leave):
                self._settled(item.n, name, mistake)

    def _translate(self, error: OSError, place: Place) -> RemoteError:
        return translate(error, self._ground.path(place), "write")


def _make_link(folder: Folder, link: _Link) -> None:
    """In place of a file or link that is there, atomically."""
    name = link.place[-1]
    check_destination(folder, name)
    own = part_name(name)
    with suppress(FileNotFoundError):
        folder.remove(own)
    folder.make_link(link.target, own)
    try:
        folder.date(own, link.mtime)
        folder.replace(own, name)
    except OSError:
        folder.remove(own)
        raise
