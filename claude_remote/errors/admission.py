"""Errors of who may do what: clients that are not let in or lack a right, servers that are not trusted."""

from __future__ import annotations

from claude_remote.errors.base import Exit, RemoteError


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


class NoSuchClient(RemoteError):
    """There is no such client."""

    code = "no-such-client"
    exit_code = Exit.USAGE
