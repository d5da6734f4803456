"""A TOML file that both this program and a human's editor change."""

from __future__ import annotations

import os
import time
import tomllib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from claude_remote import files
from claude_remote.errors import Misconfigured

T = TypeVar("T")


class Stamp(NamedTuple):
    """Tells one state of a file from another without reading it."""

    modified: int  # nanoseconds
    size: int
    inode: int


class Content(NamedTuple):
    """What a file said: its tables, and its text to point into."""

    tables: dict[str, object]
    text: str


_BEING_WRITTEN = 0.3  # seconds


class TomlFile:
    """One file, and the stamp it had when it was last read or written (None: it did not exist)."""

    def __init__(self, path: Path, header: str) -> None:
        """`header`: comment lines for the top; everybody's own comments are lost when we write."""
        self.path = path
        self._header = header
        self.stamp: Stamp | None = None

    def locked(self) -> AbstractContextManager[None]:
        """Hold this while you read, change and write back."""
        return files.locked(self.path)

    def changed(self) -> bool:
        """Whether the file is another than the one last read or written.

        Many editors empty a file before they fill it: one that has only just become empty is no change yet.
        """
        try:
            status = self.path.stat()
            if status.st_size == 0 and 0 <= time.time() - status.st_mtime < _BEING_WRITTEN:
                return False
            return _stamp(status) != self.stamp
        except FileNotFoundError:
            return self.stamp is not None
        except OSError as error:
            raise Misconfigured(f"Cannot look at {self.path}: {error.strerror}.") from error

    def read(self) -> Content | None:
        """What the file says; None if there is none. Raises Misconfigured naming line and remedy."""
        try:
            with self.path.open("rb") as file:
                self.stamp = _stamp(os.fstat(file.fileno()))
                data = file.read()
        except FileNotFoundError:
            self.stamp = None
            return None
        except OSError as error:
            raise Misconfigured(
                f"Cannot read {self.path}: {error.strerror}. It must belong to you."
            ) from error
        try:
            text = data.decode()
            return Content(tomllib.loads(text), text)
        # TOMLDecodeError and UnicodeDecodeError, of which the first names its line; too many brackets.
        except (ValueError, RecursionError) as error:
            raise Misconfigured(
                f"{self.path} is not TOML: {error}. Correct it; nothing was changed."
            ) from None

    def write(self, tables: Mapping[str, object]) -> None:
        """Replace the file, atomically. Raises Misconfigured."""
        import tomli_w

        text = self._header + "\n" + tomli_w.dumps(tables)
        try:
            files.replace(self.path, text.encode())
            self.stamp = _stamp(self.path.stat())
        except OSError as error:
            raise Misconfigured(f"Cannot write {self.path}: {error}.") from error

    def convert(self, content: Content, name: str, value: object, kind: type[T]) -> T:
        """`value` as `kind`. `name` is its key in the file, by which the error finds its line."""
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            raise self.wrong(content, name, str(error)) from None

    def wrong(self, content: Content, name: str, reason: str) -> Misconfigured:
        """The error for an entry that does not fit."""
        lines = content.text.splitlines()
        where = next((f", line {number}" for number, line in enumerate(lines, 1) if name in line), "")
        return Misconfigured(f"{self.path}{where}: {name}: {reason}. Correct it; nothing was changed.")


def _stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_mtime_ns, status.st_size, status.st_ino)
