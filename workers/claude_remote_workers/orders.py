"""The zygote's socket: one broker at a time, orders in, reports out."""

from __future__ import annotations

import fcntl
import os
import select
import socket
import struct
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from claude_remote import codec, framing, launch
from claude_remote.errors import RemoteError
from claude_remote.files import make_private_folder, private_socket
from claude_remote_workers.complaints import complain

# A union is a type to msgspec, though not to mypy.
_ORDER = cast("type[launch.Order]", launch.AnyOrder)
_READ = 256 * 1024
_CREDENTIALS = struct.Struct("3i")


class SocketTaken(Exception):
    """Another zygote serves this socket."""


class Orders:
    """Listens at `path`. A newer broker replaces the older one."""

    def __init__(self, path: Path) -> None:
        """Take the socket. Raises SocketTaken, naming who has it."""
        make_private_folder(path.parent)
        self._path = path
        # A POSIX lock, for a fork does not inherit those.
        self._lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.lockf(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pid = os.pread(self._lock, 32, 0).decode(errors="replace").strip()
            os.close(self._lock)
            raise SocketTaken(f"another zygote (pid {pid}) serves {path}") from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        with private_socket(path):
            self._listener.bind(os.fspath(path))
        self._listener.listen()
        self._listener.setblocking(False)  # noqa: FBT003  the standard library's own
        self._broker: socket.socket | None = None
        self._decoder = framing.Decoder()
        self._out = bytearray()
        # Reports that a broker must get, be it the next one. They are few: one for each worker that ended.
        self._kept: deque[launch.Report] = deque()

    @property
    def connected(self) -> bool:
        """Whether a broker is there."""
        return self._broker is not None

    def watched(self) -> dict[int, int]:
        """Descriptors to poll, with the events to look for."""
        watched = {self._listener.fileno(): select.POLLIN}
        if self._broker is not None:
            watched[self._broker.fileno()] = select.POLLIN | (select.POLLOUT if self._out else 0)
        return watched

    def receive(self) -> Iterator[tuple[launch.Order, bytes]]:
        """Orders that have come, each with its payload."""
        self._accept()
        while (broker := self._broker) is not None:
            try:
                data = broker.recv(_READ)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._hang_up()
                return
            try:
                for frame in self._decoder.feed(data):
                    yield codec.unpack(frame.header, _ORDER), bytes(frame.payload)
            except RemoteError as error:
                complain(f"the broker sent no order: {error}")
                self._hang_up()

    def report(self, report: launch.Report, *, keep: bool = False) -> None:
        """Send it; with `keep`, to the next broker if there is none now."""
        if keep:
            self._kept.append(report)
        elif self._broker is not None:
            self._out += framing.encode(codec.pack(report))

    def flush(self) -> None:
        """Send what can be sent."""
        while self._send() and self._kept:
            # One at a time: what is handed over whole is taken.
            self._out += framing.encode(codec.pack(self._kept[0]))
            if not self._send():
                return
            self._kept.popleft()

    def abandon(self) -> None:
        """In a child: give up the descriptors, and leave everything else to the parent."""
        self._listener.close()
        os.close(self._lock)
        if self._broker is not None:
            self._broker.close()

    def close(self) -> None:
        """End: the socket is gone before the connection, so that nobody finds a zygote that ends."""
        self._path.unlink(missing_ok=True)
        self._listener.close()
        self._hang_up()
        os.close(self._lock)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            if _CREDENTIALS.unpack(credentials)[1] != os.getuid():
                connection.close()
                continue
            self._hang_up()
            connection.setblocking(False)  # noqa: FBT003  the standard library's own
            self._broker = connection

    def _send(self) -> bool:
        if self._broker is None:
            return False
        try:
            while self._out:
                count = self._broker.send(self._out)
                del self._out[:count]
        except BlockingIOError:
            return False
        except OSError:
            self._hang_up()
            return False
        return True

    def _hang_up(self) -> None:
        if self._broker is not None:
            self._broker.close()
            self._broker = None
        self._decoder = framing.Decoder()
        self._out.clear()
