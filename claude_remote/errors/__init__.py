"""The closed set of errors, on the wire and as exceptions.

The docstring of an error is what its user reads when nothing more exact is known; `code` is what travels;
`exit_code` is what the command line ends with:

    1    Claude reported an error          4    not approved, refused, revoked, or a right is missing
    2    wrong usage                       5    the server's identity is not the one you trust
    3    cannot reach, or lost, the server 130  interrupted

An error may carry `detail`: a flat map of strings for programs (for example the name of the missing right).
"""

from __future__ import annotations

from collections.abc import Mapping

from claude_remote.errors.admission import (
    IdentityChanged,
    IdentityUnknown,
    NoSuchClient,
    NotApproved,
    OutsideRoots,
    Refused,
    Revoked,
    RightMissing,
)
from claude_remote.errors.base import Exit, RemoteError
from claude_remote.errors.exchange import (
    BadFrame,
    BadMessage,
    ErrandFailed,
    InternalError,
    LinkLost,
    Misconfigured,
    NoCommonVersion,
    OutOfTurn,
    Restarting,
    ShuttingDown,
    StorageFailed,
    TimedOut,
    TooLarge,
    TooManyConnections,
    TooManyErrands,
    UnknownMessage,
    Unreachable,
)
from claude_remote.errors.files import (
    BadDisk,
    BadName,
    Changed,
    Damaged,
    IsFolder,
    NoSpace,
    NoSuchFile,
    NotAFile,
    NotPermitted,
)
from claude_remote.errors.sessions import (
    AlreadyDecided,
    Ambiguous,
    BadOption,
    ClaudeFailed,
    InUse,
    NameTaken,
    NoSuchApproval,
    NoSuchFolder,
    NoSuchRule,
    NoSuchSession,
    NotIdle,
    PromptConflict,
    QueueFull,
    SessionTrimmed,
)

__all__ = [
    "BY_CODE",
    "AlreadyDecided",
    "Ambiguous",
    "BadDisk",
    "BadFrame",
    "BadMessage",
    "BadName",
    "BadOption",
    "Changed",
    "ClaudeFailed",
    "Damaged",
    "ErrandFailed",
    "Exit",
    "IdentityChanged",
    "IdentityUnknown",
    "InUse",
    "InternalError",
    "IsFolder",
    "LinkLost",
    "Misconfigured",
    "NameTaken",
    "NoCommonVersion",
    "NoSpace",
    "NoSuchApproval",
    "NoSuchClient",
    "NoSuchFile",
    "NoSuchFolder",
    "NoSuchRule",
    "NoSuchSession",
    "NotAFile",
    "NotApproved",
    "NotIdle",
    "NotPermitted",
    "OutOfTurn",
    "OutsideRoots",
    "PromptConflict",
    "QueueFull",
    "Refused",
    "RemoteError",
    "Restarting",
    "Revoked",
    "RightMissing",
    "SessionTrimmed",
    "ShuttingDown",
    "StorageFailed",
    "TimedOut",
    "TooLarge",
    "TooManyConnections",
    "TooManyErrands",
    "UnknownMessage",
    "Unreachable",
    "from_code",
]


def _family(parent: type[RemoteError]) -> dict[str, type[RemoteError]]:
    return {child.code: child for child in parent.__subclasses__()}


BY_CODE: Mapping[str, type[RemoteError]] = _family(RemoteError)


def from_code(code: str, message: str, detail: Mapping[str, str]) -> RemoteError:
    """Rebuild the exception that travelled as `code`; an unknown code becomes a plain RemoteError."""
    error = BY_CODE.get(code, RemoteError)(message)
    error.detail = dict(detail)
    return error
