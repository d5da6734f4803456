"""Errors of the exchange with a server: its words, the link that carries them, and the server itself."""

from __future__ import annotations

from claude_remote.errors.base import Exit, RemoteError


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


class Misconfigured(RemoteError):
    """A file of this program's own cannot be used as it is."""

    code = "misconfigured"
    exit_code = Exit.USAGE


class ErrandFailed(RemoteError):
    """The server's process for this could not be started, or ended unexpectedly."""

    code = "errand-failed"


class TooManyErrands(RemoteError):
    """The server does as much of this at once as it takes. Try again in a moment."""

    code = "too-many-errands"
