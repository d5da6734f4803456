"""Errors about sessions, their prompts, approvals and rules, and about claude in them."""

from __future__ import annotations

from claude_remote.errors.base import Exit, RemoteError


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


class NotIdle(RemoteError):
    """The session is not in a state in which this can be done."""

    code = "not-idle"
    exit_code = Exit.USAGE


class InUse(RemoteError):
    """Another claude has this conversation open."""

    code = "in-use"
    exit_code = Exit.USAGE
