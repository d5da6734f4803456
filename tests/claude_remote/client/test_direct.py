"""The client's end of a direct connection: whenever it comes, or does not."""

from __future__ import annotations

import gc
import socket
import ssl
import struct
import threading

import pytest

from claude_remote import tls
from claude_remote.client import direct, roads
from claude_remote.client.direct import Dialing, Offer
from claude_remote.errors import LinkLost, Unreachable
from claude_remote.identity import load_or_create
from claude_remote.paths import Paths
from tests.claude_remote.transfer.lines import streams

OFFER = Offer(bytes(16), b"certificate")


def dialing(dial: direct.Dial) -> Dialing:
    """One that has begun."""
    made = Dialing(dial, lambda: OFFER)
    made.poll(0)
    return made


def ended(made: Dialing) -> None:
    assert made._thread is not None
    made._thread.join(10)
    assert not made._thread.is_alive()


def test_one_that_has_come_and_was_not_taken_is_closed_with_the_transfer() -> None:
    with streams() as (_, client):
        made = dialing(lambda _: client)
        ended(made)
        made.close()
        assert client.fileno() == -1


def test_one_that_comes_too_late_is_closed() -> None:
    gate = threading.Event()
    with streams() as (_, client):

        def dial(_: Offer) -> ssl.SSLSocket:
            gate.wait(10)
            return client

        made = dialing(dial)
        made.close()
        gate.set()
        ended(made)
        assert client.fileno() == -1


def test_one_that_is_refused_before_tls_begins_is_closed(paths: Paths) -> None:
    """Python makes a TLS socket of it nevertheless, and loses it."""
    identity = load_or_create(paths.client_key, paths.client_certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stream = socket.create_connection(listener.getsockname())
        refused, _ = listener.accept()
        refused.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        refused.close()
    with stream, pytest.raises(OSError, match="not connected"):
        roads._secure(tls.client_context(identity.der, identity), stream, identity.der)
    gc.collect()  # what is not closed complains


def test_one_that_does_not_come_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that has moved without it."""
    monkeypatch.setattr(direct, "_WITHIN", 0.05)
    gate = threading.Event()

    def dial(_: Offer) -> ssl.SSLSocket:
        gate.wait(10)
        raise Unreachable("nobody answers")

    made = dialing(dial)
    with pytest.raises(LinkLost, match="did not come about"):
        made.wait()
    gate.set()
    ended(made)
