"""From one life of the server to the next: what it keeps when its process executes itself anew.

The pid stays, and with it the lock of the state and the sockets that listen: nobody can come between, and
who connects meanwhile waits a moment. Everything else the next life finds as after a crash: the journal,
the zygote by its socket, the workers by their Ready.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import MutableMapping, Sequence
from pathlib import Path

import msgspec

from claude_remote_broker.failure import Failure
from claude_remote_broker.listeners import Listener

_VARIABLE = "CLAUDE_REMOTE_HANDOVER"
# Blocked from before the execution until the next life can handle them: none is lost, and none kills.
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A socket that listens, by its descriptor."""

    descriptor: int
    path: str = ""  # of a unix socket
    owner_only: bool = False


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """What is handed over. `defects`: when the server has restarted itself because of one."""

    pid: int
    lock: int
    listeners: tuple[Kept, ...] = ()
    window: int = 0
    defects: tuple[float, ...] = ()

    def sockets(self) -> list[Listener]:
        """The listening sockets, as they were."""
        found: list[Listener] = []
        for kept in self.listeners:
            os.set_inheritable(kept.descriptor, False)  # noqa: FBT003  the os module's own signature
            listening = socket.socket(fileno=kept.descriptor)
            listening.settimeout(0)
            path = Path(kept.path) if kept.path else None
            found.append(Listener(listening, path, kept.owner_only, _inode(path)))
        return found


def keep(listeners: Sequence[Listener]) -> tuple[Kept, ...]:
    """Take the descriptors out of these listeners, which nobody may use any more."""
    return tuple(
        Kept(
            descriptor=listener.socket.detach(),
            path="" if listener.path is None else str(listener.path),
            owner_only=listener.owner_only,
        )
        for listener in listeners
    )


def take(environ: MutableMapping[str, str]) -> Handover | None:
    """What the life before has left to this one; None when this process begins its first."""
    text = environ.pop(_VARIABLE, "")
    if not text:
        return None
    try:
        found = msgspec.json.decode(text, type=Handover)
    except msgspec.DecodeError:
        return None
    # Only this very process has those descriptors.
    return found if found.pid == os.getpid() else None


def own_command() -> list[str]:
    """The command line of this process, interpreter included."""
    return [sys.executable, *sys.orig_argv[1:]]


def execute(handover: Handover, environ: MutableMapping[str, str]) -> None:
    """Become the next life: the same command line, whatever code is there now. Raises Failure, or not at all.

    No thread may run any more, and no loop; signals are blocked.
    """
    for descriptor in (handover.lock, *(kept.descriptor for kept in handover.listeners)):
        os.set_inheritable(descriptor, True)  # noqa: FBT003  the os module's own signature
    environ[_VARIABLE] = msgspec.json.encode(handover).decode()
    command = own_command()
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execve(command[0], command, dict(environ))  # noqa: S606  it is this very program
    except OSError as error:
        raise Failure(f"cannot execute {command[0]} anew: {error.strerror}") from None


def block() -> None:
    """What comes from now on is for the next life."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def unblock() -> None:
    """The handlers of this life are there."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def _inode(path: Path | None) -> tuple[int, int] | None:
    if path is None:
        return None
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
