"""What a transfer tells of itself while it goes on, and the place from which it may be taken up."""

from __future__ import annotations

from typing import NamedTuple

from claude_remote.errors import RemoteError
from claude_remote.transfer.content import digest
from claude_remote.transfer.records import Directory, Entry, Link, Offer, Skip, Whole


class Checkpoint(NamedTuple):
    """The first `upto` entries are done; `seen` stands for what they were, which both ends can tell."""

    upto: int = 0
    seen: bytes = b""


class Progress:
    """Told by whichever end somebody watches. This one tells nobody."""

    def planned(self, files: int, size: int) -> None:
        """So much there is in all."""

    def began(self, path: bytes, size: int | None) -> None:
        """The content of a file begins."""

    def resumed(self, path: bytes, offset: int) -> None:
        """So much of it was there already."""

    def moved(self, count: int) -> None:
        """So many bytes more are on their way, or have come."""

    def verified(self, size: int, content: bytes) -> None:
        """A file has gone or come whole; `content` is the BLAKE3 of its so many bytes."""

    def done(self, path: bytes) -> None:
        """A file is in its place and on disk."""

    def failed(self, path: bytes, error: RemoteError) -> None:
        """Something was left out; the rest goes on."""


def fold(seen: bytes, entry: Entry, size: int) -> bytes:
    """The digest that stands for all entries up to this one."""
    about = f"\0{entry.n}\0{0 if isinstance(entry, Directory) else entry.mtime}\0{size}"
    return digest(seen + entry.path + about.encode())


def size_of(entry: Entry, payload: int) -> int:
    """What counts as the size of an entry in fold()."""
    match entry:
        case Whole():
            return payload
        case Offer(size=size):
            return size or 0
        case Skip(size=size):
            return size
        case Directory() | Link():
            return 0
