"""Get and Put: the host's end of moving files."""

from __future__ import annotations

import os
from pathlib import Path

import blake3 as _blake3  # before the zygote forks, so that no errand loads it  # noqa: F401

from claude_remote.errors import BadMessage
from claude_remote.messages import FilesErrand, Get, Put
from claude_remote.transfer import pump
from claude_remote.transfer.content import digest
from claude_remote.transfer.duplex import Duplex
from claude_remote.transfer.globbing import find_origins
from claude_remote.transfer.ground import Guard, land, land_again
from claude_remote.transfer.memory import keep_memory
from claude_remote.transfer.progress import Checkpoint, Progress
from claude_remote.transfer.receiving import Receiver
from claude_remote.transfer.sending import Sender
from claude_remote_workers.errands.base import Task, carries_out


@carries_out(Get)
def send_files(task: Task, request: Get) -> None:
    """Send what was named."""
    keep_memory()
    paths = task.payload.split(b"\0")
    if paths.pop() or not paths:
        raise BadMessage("paths are to be named, each ended by a zero byte")
    guard = _guard(task)
    origins = find_origins(paths, _base(task), guard, recursive=request.recursive)
    duplex = Duplex(task.channel, task.direct)
    tally = _Tally(task.outcome)
    sender = Sender(origins, guard, duplex.breathe, after=_after(request), plan=request.plan, progress=tally)
    try:
        pump.run(sender, duplex)
        duplex.finish()
    finally:
        sender.close()
        duplex.close()


@carries_out(Put)
def receive_files(task: Task, request: Put) -> None:
    """Put what comes into its place."""
    keep_memory()
    guard = _guard(task)
    if request.again:
        landing = land_again(task.payload, request.name, guard)
    else:
        landing = land(task.payload, _base(task), guard, folder=request.folder)
    duplex = Duplex(task.channel, task.direct)
    receiver = Receiver(
        landing,
        guard,
        duplex.breathe,
        after=_after(request),
        again=request.again,
        progress=_Tally(task.outcome),
    )
    try:
        pump.run(receiver, duplex)
        duplex.finish()
    finally:
        receiver.close()
        duplex.close()


class _Tally(Progress):
    """What the audit is told: files that were moved whole, all their bytes, and one digest for them."""

    def __init__(self, outcome: dict[str, str]) -> None:
        self._outcome = outcome
        self._files = self._size = 0
        self._digest = b""

    def verified(self, size: int, content: bytes) -> None:
        """See Progress."""
        self._files += 1
        self._size += size
        self._digest = digest(self._digest + content) if self._digest else content
        self._outcome |= {
            "files": str(self._files),
            "size": str(self._size),
            "digest": self._digest.hex(),
        }


def _guard(task: Task) -> Guard:
    return Guard(map(Path, task.roots), map(Path, task.private))


def _base(task: Task) -> Path:
    return Path(task.cwd) if task.cwd else Path(os.path.realpath(Path.home()))


def _after(request: FilesErrand) -> Checkpoint:
    return Checkpoint(request.upto, request.seen)
