"""Errors about files and folders that are read, written and carried over."""

from __future__ import annotations

from claude_remote.errors.base import Exit, RemoteError


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
