"""What the system says, in our words."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from claude_remote import errors
from claude_remote.errors import RemoteError
from claude_remote.transfer.names import show

_KINDS: dict[int, type[RemoteError]] = {
    errno.ENOENT: errors.NoSuchFile,
    errno.ENOTDIR: errors.NotAFile,
    errno.ELOOP: errors.NotAFile,
    errno.EISDIR: errors.IsFolder,
    errno.ENOTEMPTY: errors.IsFolder,
    errno.EEXIST: errors.NotAFile,
    errno.ENXIO: errors.NotAFile,
    errno.ENAMETOOLONG: errors.BadName,
    errno.EILSEQ: errors.BadName,
    errno.EINVAL: errors.BadName,
    errno.EACCES: errors.NotPermitted,
    errno.EPERM: errors.NotPermitted,
    errno.EROFS: errors.NotPermitted,
    errno.ENOSPC: errors.NoSpace,
    errno.EDQUOT: errors.NoSpace,
    errno.EFBIG: errors.NoSpace,
    errno.ESTALE: errors.NoSuchFile,
}
_WORDS = {
    errno.ENOTDIR: "a part of its path is no folder, or a symbolic link",
    errno.ELOOP: "it is a symbolic link, and those are not followed here",
}


def translate(error: OSError, name: bytes, doing: str = "") -> RemoteError:
    """The error of ours for one of the system's about a file or folder. `doing`: what cannot be done."""
    number = error.errno or 0
    words = _WORDS.get(number) or error.strerror or str(error)
    return _KINDS.get(number, errors.BadDisk)(f"{doing and f'cannot {doing} '}{show(name)}: {words}")


@contextmanager
def about(name: bytes) -> Iterator[None]:
    """OSErrors inside become RemoteErrors about `name`."""
    try:
        yield
    except OSError as error:
        raise translate(error, name) from None


def ends_all(error: RemoteError) -> bool:
    """Whether nothing after this file would fare better."""
    return isinstance(error, errors.NoSpace | errors.BadDisk)
