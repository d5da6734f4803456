"""One server for one state: a flock that ends with its process, and says who holds it."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

import msgspec

from claude_remote import files
from claude_remote.version import VERSION
from claude_remote_broker.failure import Failure, FailureExit


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """What the lock file says of the server that holds it, one line of JSON."""

    pid: int
    address: str = ""  # empty while it starts
    since: float = 0.0  # of this life of it; one that restarts has the same pid
    version: str = ""
    problem: str = ""  # why it did not restart when it was asked to


class StateLock:
    """Held from before anything is bound until the process ends: closed on exec, unless that is a restart."""

    def __init__(self, path: Path, handed_over: int | None = None) -> None:
        """Take it, or go on with the descriptor of the life before. Raises Failure, naming who has it."""
        self._since = time.time()
        self._address = ""
        if handed_over is not None:
            os.set_inheritable(handed_over, False)  # noqa: FBT003  the os module's own signature
            self._descriptor = handed_over
        else:
            self._descriptor = self._take(path)
        try:
            self.tell("")
        except OSError as error:
            os.close(self._descriptor)
            raise Failure(f"cannot write {path}: {error.strerror}") from None

    @property
    def descriptor(self) -> int:
        """What holds it."""
        return self._descriptor

    @staticmethod
    def _take(path: Path) -> int:
        try:
            files.make_private_folder(path.parent)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise Failure(f"cannot use {path}: {error.strerror}; make it writable for this user") from None
        if not _locks(descriptor):
            os.close(descriptor)
            raise Failure(_taken(path), FailureExit.TRY_AGAIN)
        return descriptor

    def tell(self, address: str) -> None:
        """Say where this server listens, for whoever is refused, or wants to show it."""
        self._address = address
        self._write("")

    def tell_problem(self, problem: str) -> None:
        """Say why it goes on as it is, though it was asked to restart; empty: it is about to."""
        self._write(problem)

    def _write(self, problem: str) -> None:
        holder = Holder(
            pid=os.getpid(), address=self._address, since=self._since, version=VERSION, problem=problem
        )
        line = msgspec.json.encode(holder) + b"\n"
        # In this order: what was there can be written over, also when the disk is full.
        os.pwrite(self._descriptor, line, 0)
        os.ftruncate(self._descriptor, len(line))

    def release(self) -> None:
        """Let another server have it. The file stays: deleting it would let two hold 'the' lock."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def read_holder(path: Path) -> Holder | None:
    """The server that runs on this state, None when none does (or its line cannot be read)."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(descriptor)
    else:
        return None  # nobody holds it
    finally:
        os.close(descriptor)


def _locks(descriptor: int) -> bool:
    # Somebody who only looks (read_holder) has it for an instant.
    for pause in (0.0, 0.02, 0.1, 0.3):
        time.sleep(pause)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        return True
    return False


def _read(descriptor: int) -> Holder | None:
    try:
        return msgspec.json.decode(os.pread(descriptor, 4096, 0), type=Holder)
    except (OSError, msgspec.DecodeError):
        return None


def _taken(path: Path) -> str:
    holder = read_holder(path)
    if holder is None:
        return f"another server uses this state ({path.parent}); stop it first"
    where = f", listening on {holder.address}" if holder.address else ", starting"
    return (
        f"another server uses this state ({path.parent}): pid {holder.pid}{where}; "
        f"stop it first (kill {holder.pid}), or give this one a CLAUDE_REMOTE_HOME of its own"
    )
