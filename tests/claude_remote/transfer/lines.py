"""Two ends of a direct connection in one process: real sockets, real TLS."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from claude_remote import tls
from claude_remote.identity import passing_identity


@cache
def _contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    with passing_identity() as server, passing_identity() as client:
        serving = tls.server_context(server, [client.der])
        serving.verify_mode = ssl.CERT_REQUIRED
        return serving, tls.client_context(server.der, client)


@contextmanager
def streams(buffer: int | None = None) -> Iterator[tuple[ssl.SSLSocket, ssl.SSLSocket]]:
    """The server's end and the client's, their handshake done. `buffer`: of each socket, bytes."""
    serving, visiting = _contexts()
    # Not TCP, whose timers would make a narrow one slow.
    near, far = socket.socketpair()
    for each in (near, far):
        if buffer is not None:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
    shaken: list[ssl.SSLSocket] = []
    thread = threading.Thread(target=lambda: shaken.append(serving.wrap_socket(far, server_side=True)))
    thread.start()
    client = visiting.wrap_socket(near)
    thread.join()
    with shaken[0] as server, client:
        yield server, client
