"""Direct connections: a second connection to the same port, for the data of one errand.

The broker passes on what an errand and its client say to each other, and for much of it that costs more than
to read and to send it. So an errand may offer to take it by a connection that is its own: the client is told
a ticket and the certificate that the errand will show; it connects to the same port and begins with `preface`
instead of TLS; the broker takes the ticket, which serves once, hands the accepted socket to the errand and
never reads from it again. The two then speak TLS 1.3 with each other, each knowing the other's certificate
from the exchange: the errand's was made for this one connection, the client's is the approved one. The ticket
opens nothing by itself; who steals it gets no further than that handshake.

The exchange stays where it is: it begins on the bus, goes on there when no such connection comes, and when it
ends the broker cuts the direct connection, which it can though it does not carry it.
"""

from __future__ import annotations

import socket
from pathlib import Path

from claude_remote.messages import TICKET

# TLS begins with another byte: 22, a handshake record (RFC 8446, 5.1).
_GREETING = b"claude-remote direct 1\n"
PREFACE = len(_GREETING) + TICKET
"""Bytes of a preface."""


def preface(ticket: bytes) -> bytes:
    """With what a direct connection begins, in the clear."""
    return _GREETING + ticket


def is_preface(beginning: bytes) -> bool:
    """Whether a connection that begins so may be a direct one."""
    return bool(beginning) and _GREETING.startswith(beginning[: len(_GREETING)])


def ticket_in(whole: bytes) -> bytes | None:
    """The ticket of a preface; None if it is none."""
    if len(whole) != PREFACE or not whole.startswith(_GREETING):
        return None
    return whole[len(_GREETING) :]


def handover_path(bus: Path, errand: str) -> Path:
    """Where an errand waits for its socket: beside the bus, in the private run folder."""
    return bus.with_name(f"{errand}.sock")


def hand_over(path: Path, accepted: socket.socket) -> None:
    """Give a socket to the errand that waits there. Never blocks. Raises OSError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as way:
        way.setblocking(False)  # noqa: FBT003  the socket module's own signature
        way.connect(str(path))
        socket.send_fds(way, [b"\0"], [accepted.fileno()])


def take_over(way: socket.socket) -> socket.socket | None:
    """The socket that has been given on a connection; None when there is none. Raises OSError."""
    _, descriptors, _, _ = socket.recv_fds(way, 1, 1)
    if not descriptors:
        return None
    given = socket.socket(fileno=descriptors[0])
    given.set_inheritable(False)
    return given
