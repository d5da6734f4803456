"""Reaching a server: from an address to a connected socket, before any TLS.

Four ways: TCP, a unix socket, the stdin and stdout of `ssh -W` (which reaches a door that listens only on
the far machine's loopback), and the control socket of this machine.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from struct import Struct
from typing import NamedTuple

from claude_remote.errors import Unreachable

# struct ucred: pid, uid, gid (unix(7), SO_PEERCRED).
_CREDENTIALS = Struct("3i")


class Dialed(NamedTuple):
    """A connected stream, and what is to be called when it is closed."""

    stream: socket.socket
    closing: Callable[[], None] | None = None


def dial_tcp(host: str, port: int, timeout: float) -> Dialed:
    """Connect to the first of the host's addresses that answers. Raises Unreachable, with what to do."""
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        stream = socket.create_connection((host, port), timeout)
    except socket.gaierror:
        raise Unreachable(
            f"no machine is called {host!r} (name not found): check the spelling and your network"
        ) from None
    except TimeoutError:
        raise Unreachable(
            f"{where} does not answer within {timeout:g} s: is the machine on, and does a firewall let"
            f" port {port} through?"
        ) from None
    except ConnectionRefusedError:
        raise Unreachable(
            f"{where} refuses the connection: is claude-remote-server running there, on that port?"
        ) from None
    except (OSError, UnicodeError, OverflowError) as error:
        raise Unreachable(f"cannot reach {where}: {_words(error)}") from None
    # Without it the first bytes after the handshake wait for a delayed acknowledgement: 44 ms.
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Dialed(stream)


def dial_unix(path: str, timeout: float) -> Dialed:
    """Connect to a unix socket. Raises Unreachable."""
    if not hasattr(socket, "AF_UNIX"):
        raise Unreachable("this system has no unix sockets: give the server's host and port instead")
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stream.settimeout(timeout)
    try:
        stream.connect(os.fspath(path))
    except OSError as error:
        stream.close()
        if isinstance(error, FileNotFoundError):
            raise Unreachable(f"there is no socket at {path}: is claude-remote-server running?") from None
        if isinstance(error, ConnectionRefusedError):
            raise Unreachable(f"nobody listens at {path}: start claude-remote-server") from None
        raise Unreachable(f"cannot reach {path}: {_words(error)}") from None
    return Dialed(stream)


def dial_control(path: str, timeout: float) -> Dialed:
    """Connect to this user's own server on this machine. Raises Unreachable.

    Also when somebody else listens there: nothing but the socket's owner vouches for this server.
    """
    dialed = dial_unix(path, timeout)
    try:
        owner = _listener(dialed.stream, path)
    except OSError as error:
        dialed.stream.close()
        raise Unreachable(f"cannot see who listens at {path}: {_words(error)}") from None
    if owner != os.geteuid():
        dialed.stream.close()
        raise Unreachable(f"somebody else (user {owner}) listens at {path}; that is not your server")
    return dialed


def _listener(stream: socket.socket, path: str) -> int:
    """The user who listens at the other end of a unix socket."""
    if hasattr(socket, "SO_PEERCRED"):
        raw = stream.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        return int(_CREDENTIALS.unpack(raw)[1])
    return os.lstat(path).st_uid


def dial_ssh(host: str, port: int, user: str | None = None) -> Dialed:
    """Start `ssh -W localhost:PORT HOST` and talk through its standard streams. Raises Unreachable.

    ssh asks for passwords and host keys on the terminal as it always does.
    """
    import subprocess

    target = f"{user}@{host}" if user else host
    command = ["ssh", "-T", "-o", "ClearAllForwardings=no", "-W", f"localhost:{port}", "--", target]
    try:
        if os.name == "nt":
            return _ssh_by_pipes(command)
        ours, theirs = socket.socketpair()
        try:
            with theirs, _deaf_to_interrupts():
                process = subprocess.Popen(command, stdin=theirs.fileno(), stdout=theirs.fileno())
        except OSError:
            ours.close()
            raise
    except OSError as error:
        raise Unreachable(f"cannot start ssh to reach {target}: {_words(error)}") from None
    return Dialed(ours, lambda: _end(process))


def _ssh_by_pipes(command: list[str]) -> Dialed:
    """As above where a socket cannot be a program's standard stream: two threads carry the bytes."""
    import subprocess
    import threading

    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    ours, theirs = socket.socketpair()

    def outwards() -> None:
        with suppress(OSError), process.stdin as pipe:  # type: ignore[union-attr]
            while data := theirs.recv(65536):
                pipe.write(data)

    def inwards() -> None:
        with suppress(OSError), process.stdout as pipe:  # type: ignore[union-attr]
            while data := pipe.read(65536):
                theirs.sendall(data)
        with suppress(OSError):
            theirs.shutdown(socket.SHUT_RDWR)

    for carry in (outwards, inwards):
        threading.Thread(target=carry, daemon=True).start()
    return Dialed(ours, lambda: _end(process))


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """What is started inside ignores Ctrl-C, which would cut the connection over which we say so."""
    import signal
    import threading

    if threading.current_thread() is not threading.main_thread():
        yield  # Python lets only the main thread touch signals
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _end(process: object) -> None:
    """End ssh: it leaves by itself when its input ends, and is helped if it does not."""
    import subprocess

    if not isinstance(process, subprocess.Popen):
        return
    try:
        process.wait(0.5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _words(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
