"""What is said of each thing that a sender finds, and what follows from a walk without reading any file."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

from claude_remote.errors import RemoteError
from claude_remote.transfer import records as r
from claude_remote.transfer import walking
from claude_remote.transfer.content import Breathe
from claude_remote.transfer.progress import Checkpoint, fold, size_of

_BREATHE_EVERY = 1000  # entries


def verify(steps: Iterable[walking.Step], after: Checkpoint, breathe: Breathe) -> int:
    """How many entries need not be sent again: none, if they are not what they were."""
    seen, n = b"", 0
    if not after.upto:
        return 0
    for step in steps:
        if isinstance(step, walking.Left):
            continue
        if isinstance(step, walking.Stream):
            return 0
        n += 1
        entry = offer_of(step, n) if isinstance(step, walking.Found) else entry_of(step, n)
        seen = fold(seen, entry, size_of(entry, 0))
        if n == after.upto:
            return n if seen == after.seen else 0
        if not n % _BREATHE_EVERY:
            breathe()
    return 0


def count(steps: Iterable[walking.Step], breathe: Breathe) -> r.Plan:
    """How much there is to be sent, now."""
    files = size = 0
    for n, step in enumerate(steps):
        if isinstance(step, walking.Found):
            files += 1
            size += step.status.st_size
        if not n % _BREATHE_EVERY:
            breathe()
    return r.Plan(files=files, size=size)


def mode_of(status: os.stat_result) -> int:
    """The nine permission bits."""
    return stat.S_IMODE(status.st_mode) & 0o777


def offer_of(step: walking.Found, n: int) -> r.Offer:
    """Of a file, as the walk has found it."""
    status = step.status
    return r.Offer(n=n, path=step.path, mode=mode_of(status), mtime=status.st_mtime_ns, size=status.st_size)


def entry_of(step: walking.Entered | walking.Linked | walking.Trouble, n: int) -> r.Entry:
    """Of anything else."""
    match step:
        case walking.Entered(path, status):
            return r.Directory(n=n, path=path, mode=mode_of(status), mtime=status.st_mtime_ns)
        case walking.Linked(path, status, target):
            return r.Link(n=n, path=path, mtime=status.st_mtime_ns, target=target)
        case walking.Trouble(path, error, status):
            return skip_of(n, path, error, status)


def skip_of(n: int, path: bytes, error: RemoteError, status: os.stat_result | None) -> r.Skip:
    """Of what cannot be sent."""
    mtime, size = (0, 0) if status is None else (status.st_mtime_ns, status.st_size)
    return r.Skip(n=n, path=path, mtime=mtime, size=size, code=error.code, words=error.message[:1000])
