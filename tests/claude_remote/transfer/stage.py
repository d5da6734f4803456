"""A sender and a receiver in one process, packet by packet; and trees to move."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

from claude_remote.errors import RemoteError
from claude_remote.transfer.ground import Guard, land
from claude_remote.transfer.progress import Checkpoint, Progress
from claude_remote.transfer.receiving import Receiver
from claude_remote.transfer.sending import Sender
from claude_remote.transfer.streams import StreamReceiver
from claude_remote.transfer.walking import Origin, examine

FREE = Guard()


def silent() -> None:
    """Nobody needs to hear that this side lives."""


class Cut(Exception):
    """The line broke."""


class Notes(Progress):
    """Takes down what is told."""

    def __init__(self) -> None:
        self.said: list[tuple[object, ...]] = []
        self.count = 0

    def planned(self, files: int, size: int) -> None:
        self.said.append(("planned", files, size))

    def began(self, path: bytes, size: int | None) -> None:
        self.said.append(("began", path, size))

    def resumed(self, path: bytes, offset: int) -> None:
        self.said.append(("resumed", path, offset))

    def moved(self, count: int) -> None:
        self.count += count

    def done(self, path: bytes) -> None:
        self.said.append(("done", path))

    def failed(self, path: bytes, error: RemoteError) -> None:
        self.said.append(("failed", path, error.code))

    def of(self, what: str) -> list[tuple[object, ...]]:
        """What was told of one kind."""
        return [each[1:] for each in self.said if each[0] == what]


def origins(*paths: Path) -> list[Origin]:
    return [examine(str(path), os.fsencode(path.name), FREE, recursive=True) for path in paths]


def make_sender(
    *paths: Path, after: Checkpoint | None = None, notes: Progress | None = None, plan: bool = False
) -> Sender:
    return Sender(origins(*paths), FREE, silent, after=after, progress=notes, plan=plan)


def make_receiver(
    to: Path,
    *,
    guard: Guard = FREE,
    after: Checkpoint | None = None,
    notes: Progress | None = None,
    folder: bool = False,
) -> Receiver:
    landing = land(os.fsencode(to), to.parent, guard, folder=folder)
    return Receiver(landing, guard, silent, after=after, progress=notes)


def converse(sender: Sender, receiver: Receiver | StreamReceiver, *, packets: int | None = None) -> None:
    """To the end, or until so many packets of the sender's have arrived. Both are closed."""
    arrived = 0
    try:
        while not sender.over:
            moved = False
            if arrived == packets:
                raise Cut
            sent = sender.give()
            if sent is not None:
                receiver.take(bytes(sent))
                arrived += 1
                moved = True
            answer = receiver.give()
            if answer is not None:
                sender.take(bytes(answer))
                moved = True
            assert moved, "both wait for each other"
    finally:
        sender.close()
        receiver.close()


class Looks(NamedTuple):
    """All that has to be the same."""

    kind: int
    mode: int
    mtime: int
    content: bytes


def look(top: Path) -> dict[bytes, Looks]:
    """Everything below a folder, and itself."""
    found: dict[bytes, Looks] = {}
    base = os.fsencode(top)

    def visit(path: bytes) -> None:
        status = os.lstat(path)
        kind = stat.S_IFMT(status.st_mode)
        content = b""
        if stat.S_ISLNK(status.st_mode):
            content = os.readlink(path)
        elif stat.S_ISREG(status.st_mode):
            with open(path, "rb") as file:
                content = file.read()
        else:
            for name in sorted(os.listdir(path)):
                visit(os.path.join(path, name))
        mode = 0 if stat.S_ISLNK(status.st_mode) else stat.S_IMODE(status.st_mode)
        found[path[len(base) :]] = Looks(kind, mode, status.st_mtime_ns, content)

    visit(base)
    return found


class File(NamedTuple):
    content: bytes
    mode: int
    mtime: int


class Link(NamedTuple):
    target: bytes
    mtime: int


class Tree(NamedTuple):
    entries: dict[bytes, File | Link | Tree]  # type: ignore[misc]
    mode: int
    mtime: int


NAMES = st.binary(min_size=1, max_size=12).filter(
    lambda name: name not in {b".", b".."} and b"/" not in name and b"\0" not in name
)
TIMES = st.integers(0, 4_000_000_000_000_000_000)
FILES = st.builds(
    File,
    st.one_of(st.binary(max_size=50), st.integers(0, 700_000).map(lambda n: os.urandom(16) * (n // 16))),
    st.integers(0, 0o777),
    TIMES,
)
LINKS = st.builds(Link, st.binary(min_size=1, max_size=40).filter(lambda each: b"\0" not in each), TIMES)
TREES: st.SearchStrategy[Tree] = st.recursive(
    st.builds(Tree, st.just({}), st.integers(0, 0o777), TIMES),
    lambda below: st.builds(
        Tree, st.dictionaries(NAMES, st.one_of(FILES, LINKS, below), max_size=5), st.integers(0, 0o777), TIMES
    ),
    max_leaves=6,
)


def plant(tree: Tree, path: bytes) -> None:
    """Make a tree on disk."""
    os.mkdir(path)
    for name, entry in tree.entries.items():
        place = os.path.join(path, name)
        match entry:
            case Tree():
                plant(entry, place)
            case Link(target, mtime):
                os.symlink(target, place)
                os.utime(place, ns=(mtime, mtime), follow_symlinks=False)
            case File(content, mode, mtime):
                with open(place, "wb") as file:
                    file.write(content)
                os.chmod(place, mode)
                os.utime(place, ns=(mtime, mtime))
    os.chmod(path, tree.mode)
    os.utime(path, ns=(tree.mtime, tree.mtime))
