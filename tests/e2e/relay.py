"""A wire between clients and a server that can be cut, or go dead."""

from __future__ import annotations

import random
import socket
import struct
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: what was not sent is dropped, and the peer is told by RST


class Relay:
    """Listens on a free port of this machine and passes everything on to another one."""

    def __init__(self, target: int) -> None:
        self.target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: set[tuple[socket.socket, socket.socket]] = set()
        self._guard = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._closed = False
        self._begin(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def cut(self, rng: random.Random) -> int:
        """Cut some of the connections, in the middle of whatever they say; how many."""
        with self._guard:
            chosen = [pair for pair in self._open if rng.random() < 0.7]
        for pair in chosen:
            self._end(pair, reset=rng.random() < 0.5)
        return len(chosen)

    def close(self) -> None:
        """Cut everything, and listen no more."""
        self._closed = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._guard:
            left = [*self._open]
        for pair in left:
            self._end(pair, reset=False)
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target), 10)
            except OSError:  # nobody is there just now
                client.close()
                continue
            server.settimeout(None)
            pair = (client, server)
            with self._guard:
                self._open.add(pair)
            self._begin(self._pass_on, pair, client, server)
            self._begin(self._pass_on, pair, server, client)

    def _pass_on(
        self, pair: tuple[socket.socket, socket.socket], source: socket.socket, sink: socket.socket
    ) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                sink.sendall(data)
        self._end(pair, reset=False)

    def _end(self, pair: tuple[socket.socket, socket.socket], *, reset: bool) -> None:
        with self._guard:
            if pair not in self._open:
                return
            self._open.discard(pair)
        for end in pair:
            with suppress(OSError):
                if reset:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                end.shutdown(socket.SHUT_RDWR)
        for end in pair:
            end.close()

    def _begin(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()
