"""An errand's end of a direct connection: whatever goes wrong with it, the transfer goes on by the bus."""

from __future__ import annotations

import gc
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from claude_remote import direct, tls
from claude_remote.errors import BadMessage
from claude_remote.identity import Identity, load_or_create, passing_identity
from claude_remote.transfer.line import Line
from claude_remote_workers.errands.direct import Offered

MUCH = 1 << 40


class Offer:
    """An errand's, made: what it has told, and a client that could take it."""

    def __init__(self, handover: Path, client: Identity) -> None:
        self.handover = handover
        self._client = client
        self.told: list[bytes] = []
        self.made = Offered(handover, client.der, self.told.append)
        assert self.made.poll(MUCH) is None

    def bring(self) -> socket.socket:
        """What the broker does; the other end of what was brought."""
        ours, theirs = socket.socketpair()
        with theirs:
            direct.hand_over(self.handover, theirs)
        ours.setblocking(False)
        return ours

    def take(self, client: Identity | None) -> Line | None:
        """A client with this certificate comes: the errand's line, if it lets it."""
        context = tls.client_context(self.told[0], client)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        secured = context.wrap_bio(incoming, outgoing)
        with self.bring() as stream:
            for _ in range(6):
                with suppress(ssl.SSLWantReadError):
                    secured.do_handshake()
                with suppress(OSError):  # it has been turned away
                    stream.send(outgoing.read())
                line = self.made.poll(MUCH)
                if line is not None:
                    return line
                with suppress(OSError):  # or nothing has come
                    incoming.write(stream.recv(65536))
        return None


@pytest.fixture
def client(tmp_path: Path) -> Identity:
    return load_or_create(tmp_path / "client.key", tmp_path / "client.pem")


@contextmanager
def offered(tmp_path: Path, client: Identity) -> Iterator[Offer]:
    offer = Offer(tmp_path / "e-1.sock", client)
    try:
        yield offer
    finally:
        offer.made.close()
        assert not offer.handover.exists()


def test_it_is_offered_once_and_taken(tmp_path: Path, client: Identity) -> None:
    with offered(tmp_path, client) as offer:
        assert offer.made.poll(MUCH) is None
        assert len(offer.told) == 1
        assert offer.handover.stat().st_mode & 0o777 == 0o600
        line = offer.take(client)
        assert line is not None
        assert not offer.handover.exists()
        line.close()


def test_little_is_not_worth_it(tmp_path: Path) -> None:
    told: list[bytes] = []
    made = Offered(tmp_path / "e-1.sock", b"", told.append)
    assert made.poll(1024 * 1024) is None
    assert told == []


@pytest.mark.parametrize("who", ["nobody", "a stranger"])
def test_somebody_else(tmp_path: Path, client: Identity, who: str, capfd: pytest.CaptureFixture[str]) -> None:
    with offered(tmp_path, client) as offer:
        if who == "nobody":
            assert offer.take(None) is None
        else:
            with passing_identity() as stranger:
                assert offer.take(stranger) is None
        assert "no direct connection" in capfd.readouterr().err
        assert offer.made.poll(MUCH) is None


def test_a_client_that_is_gone_when_its_connection_is_brought(
    tmp_path: Path, client: Identity, capfd: pytest.CaptureFixture[str]
) -> None:
    with offered(tmp_path, client) as offer, socket.create_server(("127.0.0.1", 0)) as listener:
        stream = socket.create_connection(listener.getsockname())
        accepted, _ = listener.accept()
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        stream.close()
        with accepted:
            direct.hand_over(offer.handover, accepted)
        for _ in range(3):
            assert offer.made.poll(MUCH) is None
    assert capfd.readouterr().err.count("no direct connection") == 1
    gc.collect()  # what is not closed complains


def test_a_client_that_moves_to_what_there_is_not(tmp_path: Path, client: Identity) -> None:
    with offered(tmp_path, client) as offer, pytest.raises(BadMessage, match="that there is not"):
        offer.made.wait()


@pytest.mark.parametrize("what", ["a place that cannot be", "a certificate that is none"])
def test_what_cannot_be_offered_is_said_once(
    tmp_path: Path, client: Identity, what: str, capfd: pytest.CaptureFixture[str]
) -> None:
    handover, der = tmp_path / "e-1.sock", client.der
    if "place" in what:
        handover = tmp_path / ("x" * 120)
    else:
        der = b"no certificate"
    told: list[bytes] = []
    made = Offered(handover, der, told.append)
    for _ in range(3):
        assert made.poll(MUCH) is None
    made.close()
    assert told == []
    assert capfd.readouterr().err.count("no direct connection") == 1


def test_what_is_handed_over_is_inherited_by_nobody(tmp_path: Path, client: Identity) -> None:
    with offered(tmp_path, client) as offer, offer.bring():
        assert offer.made.poll(MUCH) is None
        stream = offer.made._stream
        assert stream is not None
        assert not stream.get_inheritable()
