"""Listening sockets: TCP, a unix socket, and what to do with what is already there."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from claude_remote.files import make_private_folder, private_socket
from claude_remote_broker.failure import Failure, FailureExit

BACKLOG = 512
# A unix socket that does not answer in this time (s) is not stale: somebody is there, but busy.
_PATIENCE = 1.0


@dataclass(frozen=True)
class Listener:
    """A socket that listens. `path` for unix sockets; `owner_only` is the control socket: no TLS."""

    socket: socket.socket
    path: Path | None = None
    owner_only: bool = False
    inode: tuple[int, int] | None = None

    def close(self) -> None:
        """Stop listening; the socket's file goes too, unless another server has put its own there."""
        self.socket.close()
        if self.path is not None and _inode(self.path) == self.inode:
            self.path.unlink(missing_ok=True)


def open_tcp(address: str, port: int) -> list[Listener]:
    """Listen on every address that `address` (a name or a number, IPv4 or IPv6) stands for.

    Port 0 picks a free one, the same for all. `::` takes IPv4 as well. Raises Failure.
    """
    try:
        found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise Failure(f"cannot listen on {address}: {error.strerror or error}") from error
    listeners: list[Listener] = []
    try:
        for family, _, _, _, where in dict.fromkeys(found):
            listeners.append(Listener(_bind(family, str(where[0]), port)))
            port = listeners[0].socket.getsockname()[1]
    except OSError as error:
        for listener in listeners:
            listener.close()
        raise _why(address, port, error) from error
    return listeners


def open_unix(path: Path, *, owner_only: bool = False) -> Listener:
    """Listen on a unix socket, mode 0600: other users of this machine reach neither door nor bell by it.

    A socket file that nobody listens on any more is replaced. The control socket's folder (`owner_only`) is
    made with mode 0700 and must belong to us alone. Raises Failure.
    """
    try:
        if owner_only:
            make_own_folder(path.parent)
        _clear(path)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with private_socket(path):
                listening.bind(str(path))
            listening.listen(BACKLOG)
            listening.settimeout(0)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise Failure(f"cannot listen on {path}: {error.strerror or error}") from error
    return Listener(listening, path, owner_only, _inode(path))


def name_address(host: str, port: int) -> str:
    """As it is written in addresses."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def find_port(listeners: Sequence[Listener]) -> int | None:
    """The TCP port, the same for all; None when there is none."""
    return next((int(each.socket.getsockname()[1]) for each in listeners if each.path is None), None)


def in_words(listeners: Sequence[Listener]) -> str:
    """Where they listen, the first of several TCP addresses alone, and not the control socket."""
    tcp = [name_address(*each.socket.getsockname()[:2]) for each in listeners if each.path is None]
    unix = [f"unix:{each.path}" for each in listeners if each.path is not None and not each.owner_only]
    return " and ".join([*tcp[:1], *unix])


def _bind(family: int, host: str, port: int) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if host == "::" else 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
        listening.settimeout(0)
    except OSError:
        listening.close()
        raise
    return listening


def _why(address: str, port: int, error: OSError) -> Failure:
    where = f"cannot listen on {address} port {port}"
    if error.errno == errno.EADDRINUSE:
        remedy = "another program does; stop it, or choose another port with --port"
        return Failure(f"{where}: {remedy}", FailureExit.TRY_AGAIN)
    if error.errno == errno.EADDRNOTAVAIL:  # the network may not be up yet
        return Failure(f"{where}: this machine does not have that address", FailureExit.TRY_AGAIN)
    if error.errno == errno.EACCES:
        return Failure(f"{where}: ports below 1024 need privileges; choose another with --port")
    return Failure(f"{where}: {error.strerror or error}")


def make_own_folder(folder: Path) -> None:
    """Create a folder for our sockets, or see that the one that is there is ours alone. Failure, OSError.

    It may lie in /tmp under a name that others can guess, and be there already: as a link, too.
    """
    make_private_folder(folder)
    link, status = folder.lstat(), folder.stat()
    if {link.st_uid, status.st_uid} != {os.geteuid()}:
        raise Failure(
            f"{folder} must belong to you, and is somebody else's: remove it, or give it to yourself"
        )
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise Failure(f"{folder} must belong to you and to nobody else: chmod 700 {folder}")


def _clear(path: Path) -> None:
    """Remove a stale socket; refuse to touch anything else."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise Failure(f"cannot listen on {path}: there is a file that is no socket; move it away")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PATIENCE)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
        except TimeoutError:
            pass
    raise Failure(f"cannot listen on {path}: another server does; stop it first", FailureExit.TRY_AGAIN)


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
