"""Who may use the control socket: the owner's own processes, less those that Claude has started.

Code of the same user that wants to get around this can (it could write the trust store as well); running
claude as another user is the real wall. What this stops is Claude's own tools, used as they are.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path

from claude_remote.processes import LEASE_VARIABLE

# Every process that Claude starts inherits this.
MARKER = LEASE_VARIABLE.encode() + b"="
# struct ucred: pid, uid, gid (unix(7), SO_PEERCRED).
_CREDENTIALS = struct.Struct("3i")
_DEEPEST = 256


def why_not(peer: socket.socket, is_ours: Callable[[int], bool], proc: Path = Path("/proc")) -> str | None:
    """None when the process behind `peer` may use the control socket, else why not, in words for it.

    `is_ours(pid)` knows the workers and the zygote.
    """
    raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _ = _CREDENTIALS.unpack(raw)
    if uid != os.geteuid():
        return "This socket serves the user who runs the server, and nobody else."
    try:
        return _why_not(pid, is_ours, proc)
    except OSError:
        return "The server cannot see who is asking: the process has ended, or lives in another container."


def is_claudes(pid: int, proc: Path = Path("/proc")) -> bool:
    """Whether a process, or one above it, carries a lease marker: a Claude has started it."""
    try:
        return _why_not(pid, lambda _: False, proc) is not None
    except OSError:
        return False


def _why_not(pid: int, is_ours: Callable[[int], bool], proc: Path) -> str | None:
    # The peer itself must be readable (OSError); an ancestor that is not belongs to somebody else.
    if _marked(proc, pid):
        return _words(pid)
    for _ in range(_DEEPEST):
        if is_ours(pid) or _marked_if_readable(proc, pid):
            return _words(pid)
        pid = _parent(proc, pid)
        if pid <= 1:
            return None
    return "The server cannot see who is asking: too many processes lie between."


def _words(pid: int) -> str:
    return (
        f"This was started by a Claude that this server runs (process {pid}), and what Claude starts may not"
        " use the owner's own socket: it could approve itself."
    )


def _marked(proc: Path, pid: int) -> bool:
    environment = (proc / str(pid) / "environ").read_bytes()
    return environment.startswith(MARKER) or b"\0" + MARKER in environment


def _marked_if_readable(proc: Path, pid: int) -> bool:
    try:
        return _marked(proc, pid)
    except (PermissionError, FileNotFoundError, ProcessLookupError):
        return False


def _parent(proc: Path, pid: int) -> int:
    # proc(5): pid (name) state ppid …; the name may hold anything, brackets and spaces included.
    fields = (proc / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
    return int(fields[1])
