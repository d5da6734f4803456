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

from claude_remote.versions import Choice
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
    command: tuple[str, ...] = ()  # of the next life; empty: the same
    before: tuple[str, ...] = ()  # of the life before, if it is another one: to go back to

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


class WayBack:
    """To the life before, if that was of another version and this one does not come up."""

    def __init__(self, handover: Handover) -> None:
        # Copies: what this life is given it may close.
        copies = tuple(
            msgspec.structs.replace(kept, descriptor=os.dup(kept.descriptor)) for kept in handover.listeners
        )
        self.handover = msgspec.structs.replace(
            handover, listeners=copies, command=handover.before, before=()
        )
        self.is_open = bool(handover.before)
        if not self.is_open:
            self._close()

    def close(self) -> None:
        """Nobody goes back any more."""
        if self.is_open:
            self.is_open = False
            self._close()

    def _close(self) -> None:
        for kept in self.handover.listeners:
            os.close(kept.descriptor)


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


def own_command(other: Choice | None = None, launcher: Path | None = None) -> list[str]:
    """The command line of this process, interpreter included; or the same one of another version.

    `launcher`: the program that finds the version to be used, if it is not simply this one.
    """
    arguments = sys.orig_argv[len(sys.orig_argv) - len(sys.argv) + 1 :]
    if other is None:
        return [sys.executable, *sys.orig_argv[1:]] if launcher is None else [str(launcher), *arguments]
    return [str(other.python), str(other.program), *arguments]


def execute(handover: Handover, environ: MutableMapping[str, str]) -> None:
    """Become the next life: the same arguments, whatever code is there now. Raises Failure, or not at all.

    No thread may run any more, and no loop; signals are blocked.
    """
    for descriptor in (handover.lock, *(kept.descriptor for kept in handover.listeners)):
        os.set_inheritable(descriptor, True)  # noqa: FBT003  the os module's own signature
    environ[_VARIABLE] = msgspec.json.encode(handover).decode()
    command = [*handover.command] or own_command()
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
