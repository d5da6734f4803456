"""What every error is, and what the command line ends with."""

from __future__ import annotations

from enum import IntEnum
from inspect import cleandoc
from typing import ClassVar


class Exit(IntEnum):
    """Exit codes of the command line."""

    OK = 0
    CLAUDE = 1
    USAGE = 2
    UNREACHABLE = 3
    DENIED = 4
    IDENTITY = 5
    INTERRUPTED = 130


class RemoteError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "internal"
    exit_code: ClassVar[Exit] = Exit.UNREACHABLE

    def __init__(self, message: str | None = None, **detail: str) -> None:
        self.message = message or cleandoc(type(self).__doc__ or "")
        self.detail = detail
        super().__init__(self.message)
