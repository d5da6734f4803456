"""Many connections from an address (127.0.0.2) and a process of their own, so that memory can be told apart.

    python -m tests.broker.crowd HOST PORT COUNT KIND LEFT [CERTIFICATE KEY SERVER]

KIND: `silent` (TCP and nothing else), `shaking` (half a TLS hello), `strangers` (TLS, no hello) or `clients`
(TLS with the certificate, hello said). When all are made, waits until the server has closed all but LEFT of
them (or has had enough time), prints how many are left, and waits for its standard input to end.
"""

from __future__ import annotations

import select
import socket
import ssl
import sys
import time
from pathlib import Path

from claude_remote import codec, framing, messages, tls
from claude_remote.identity import Identity

PATIENCE = 30.0  # seconds


def connect(host: str, port: int, kind: str, context: ssl.SSLContext | None) -> socket.socket | None:
    try:
        link = socket.create_connection((host, port), PATIENCE, source_address=("127.0.0.2", 0))
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if kind == "shaking":
            link.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
        if context is None:
            return link
        secured = context.wrap_socket(link)
        if kind == "clients":
            secured.sendall(framing.encode(codec.pack(messages.Hello(version="1"))))
            secured.recv(4096)
    except OSError:
        return None
    return secured


def main(host: str, port: str, count: str, kind: str, left: str, *files: str) -> None:
    context = None
    if kind in ("strangers", "clients"):
        certificate, key, server = (Path(file) for file in files)
        own = Identity(key, certificate, b"") if kind == "clients" else None
        context = tls.client_context(ssl.PEM_cert_to_DER_cert(server.read_text()), own)
    links = [connect(host, int(port), kind, context) for _ in range(int(count))]
    poll = select.poll()
    for link in filter(None, links):
        poll.register(link, select.POLLRDHUP)
    made = len([link for link in links if link is not None])
    deadline = time.monotonic() + PATIENCE
    while made - len(poll.poll(0)) > int(left) and time.monotonic() < deadline:
        time.sleep(0.02)
    print(made - len(poll.poll(0)), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
