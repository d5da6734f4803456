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


class InternalError(RemoteError):
    """The server failed on this request. Its log says why: claude-remote-server writes it on stderr."""

    code = "internal"


class BadFrame(RemoteError):
    """The other side sent bytes that are not a frame of this protocol."""

    code = "bad-frame"


class TooLarge(RemoteError):
    """That is larger than this protocol carries."""

    code = "too-large"
    exit_code = Exit.USAGE


class BadMessage(RemoteError):
    """The other side sent a message whose fields do not fit."""

    code = "bad-message"
    exit_code = Exit.USAGE


class UnknownMessage(RemoteError):
    """The other side does not know this kind of message; it may be older than this program."""

    code = "unknown-message"
    exit_code = Exit.USAGE


class OutOfTurn(RemoteError):
    """A message came at a moment when it has no meaning."""

    code = "out-of-turn"
    exit_code = Exit.USAGE


class NoCommonVersion(RemoteError):
    """Client and server speak no common version of the protocol. Update the older of the two."""

    code = "no-common-version"


class Unreachable(RemoteError):
    """Cannot reach the server."""

    code = "unreachable"


class LinkLost(RemoteError):
    """The connection to the server was lost."""

    code = "link-lost"


class TimedOut(RemoteError):
    """That took longer than allowed."""

    code = "timed-out"


class TooManyConnections(RemoteError):
    """The server has as many connections as it takes. Try again in a moment."""

    code = "too-many-connections"


class ShuttingDown(RemoteError):
    """The server is shutting down."""

    code = "shutting-down"


class Restarting(RemoteError):
    """The server is restarting."""

    code = "restarting"


class StorageFailed(RemoteError):
    """The server cannot write its journal, so it takes no prompts until it can."""

    code = "storage-failed"


class NotApproved(RemoteError):
    """This client waits for the approval of the server's owner."""

    code = "not-approved"
    exit_code = Exit.DENIED


class Refused(RemoteError):
    """The server's owner has refused this client."""

    code = "refused"
    exit_code = Exit.DENIED


class Revoked(RemoteError):
    """The server's owner has revoked this client."""

    code = "revoked"
    exit_code = Exit.DENIED


class RightMissing(RemoteError):
    """This client lacks a right that the request needs."""

    code = "right-missing"
    exit_code = Exit.DENIED


class OutsideRoots(RemoteError):
    """That folder is outside what this client may use."""

    code = "outside-roots"
    exit_code = Exit.DENIED


class IdentityUnknown(RemoteError):
    """This server is not known yet, and there is no terminal to ask on.
    Give its fingerprint with --fingerprint, or trust whoever answers with --accept-new.
    """

    code = "identity-unknown"
    exit_code = Exit.USAGE


class IdentityChanged(RemoteError):
    """The server's identity is not the one you trust."""

    code = "identity-changed"
    exit_code = Exit.IDENTITY


class Misconfigured(RemoteError):
    """A file of this program's own cannot be used as it is."""

    code = "misconfigured"
    exit_code = Exit.USAGE


class NoSuchSession(RemoteError):
    """There is no such session."""

    code = "no-such-session"
    exit_code = Exit.USAGE


class SessionTrimmed(RemoteError):
    """That session is not kept any more."""

    code = "session-trimmed"
    exit_code = Exit.USAGE


class NoSuchApproval(RemoteError):
    """There is no such approval."""

    code = "no-such-approval"
    exit_code = Exit.USAGE


class AlreadyDecided(RemoteError):
    """That approval has been decided, or its turn has ended."""

    code = "already-decided"
    exit_code = Exit.USAGE


class NoSuchRule(RemoteError):
    """There is no such rule."""

    code = "no-such-rule"
    exit_code = Exit.USAGE


class NoSuchClient(RemoteError):
    """There is no such client."""

    code = "no-such-client"
    exit_code = Exit.USAGE


class Ambiguous(RemoteError):
    """That could be more than one."""

    code = "ambiguous"
    exit_code = Exit.USAGE


class NameTaken(RemoteError):
    """Another session has that name."""

    code = "name-taken"
    exit_code = Exit.USAGE


class PromptConflict(RemoteError):
    """A prompt with this id but another text was sent before."""

    code = "prompt-conflict"
    exit_code = Exit.USAGE


class QueueFull(RemoteError):
    """Too many prompts wait already."""

    code = "queue-full"


class NoSuchFolder(RemoteError):
    """There is no such folder on the server."""

    code = "no-such-folder"
    exit_code = Exit.USAGE


class BadOption(RemoteError):
    """An option for claude is not one that claude-remote can pass on."""

    code = "bad-option"
    exit_code = Exit.USAGE


class ClaudeFailed(RemoteError):
    """Claude could not be started, or ended unexpectedly."""

    code = "claude-failed"
    exit_code = Exit.CLAUDE


class ErrandFailed(RemoteError):
    """The server's process for this could not be started, or ended unexpectedly."""

    code = "errand-failed"


class TooManyErrands(RemoteError):
    """The server does as much of this at once as it takes. Try again in a moment."""

    code = "too-many-errands"


class NotIdle(RemoteError):
    """The session is not in a state in which this can be done."""

    code = "not-idle"
    exit_code = Exit.USAGE


class NoSuchFile(RemoteError):
    """There is no such file or folder."""

    code = "no-such-file"
    exit_code = Exit.USAGE


class IsFolder(RemoteError):
    """That is a folder; whole folders are moved with -r."""

    code = "is-folder"
    exit_code = Exit.USAGE


class NotAFile(RemoteError):
    """That is neither a file nor a folder, or not the one of the two that is needed."""

    code = "not-a-file"
    exit_code = Exit.USAGE


class BadName(RemoteError):
    """A name that cannot be the name of a file here."""

    code = "bad-name"
    exit_code = Exit.USAGE


class NotPermitted(RemoteError):
    """The system does not permit that."""

    code = "not-permitted"
    exit_code = Exit.DENIED


class NoSpace(RemoteError):
    """There is no space left for that."""

    code = "no-space"


class Changed(RemoteError):
    """A file was changed while it was being read."""

    code = "changed"


class Damaged(RemoteError):
    """What arrived is not what was sent."""

    code = "damaged"


class BadDisk(RemoteError):
    """A disk or file system has failed."""

    code = "bad-disk"


class UpdateFailed(RemoteError):
    """The update was not made; the server goes on as it is."""

    code = "update-failed"


class InUse(RemoteError):
    """Another claude has this conversation open."""

    code = "in-use"
    exit_code = Exit.USAGE


def _family(parent: type[RemoteError]) -> dict[str, type[RemoteError]]:
    return {child.code: child for child in parent.__subclasses__()}


BY_CODE: Mapping[str, type[RemoteError]] = _family(RemoteError)


def from_code(code: str, message: str, detail: Mapping[str, str]) -> RemoteError:
    """Rebuild the exception that travelled as `code`; an unknown code becomes a plain RemoteError."""
    error = BY_CODE.get(code, RemoteError)(message)
    error.detail = dict(detail)
    return error
