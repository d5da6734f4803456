"""A transfer's packets by exchange and direct connection, against a scripted server."""

from __future__ import annotations

import ssl
from types import SimpleNamespace
from typing import cast

import pytest

from claude_remote import codec, connect
from claude_remote.client.carriage import Carriage
from claude_remote.client.direct import Offer
from claude_remote.client.errands import Errands
from claude_remote.client.persistence import Persistence, Watch
from claude_remote.errors import BadMessage, LinkLost
from claude_remote.messages import Direct, Done, Packet, Parcel, Put
from tests.claude_remote.client.scripted import Connection
from tests.claude_remote.serving import Serve
from tests.claude_remote.transfer.lines import streams

PLAIN = Parcel(header=codec.pack(Packet()))
MOVED = Parcel(header=codec.pack(Packet(moved=True)))


def carriage(stream: ssl.SSLSocket) -> Carriage:
    """One whose direct connection this is."""

    def dial(_: Offer) -> ssl.SSLSocket:
        return stream

    return Carriage(cast("Errands", SimpleNamespace(dial_direct=dial)))


def test_a_server_that_is_done_before_its_last_words_have_come(serve_locally: Serve) -> None:
    """They went by the direct connection, and that has broken: the transfer is to be tried again."""

    def script(server: Connection) -> None:
        server.hello()
        server.expect(Put)
        server.send(Direct(ticket=bytes(16)), b"certificate")
        server.send(PLAIN)
        server.send(MOVED)
        assert server.expect(Parcel) == MOVED
        server.send(Done())
        with pytest.raises(EOFError):
            server.receive()

    serve_locally(script)
    with streams() as (far, near):
        way = carriage(near)
        with (
            connect() as home,
            home.run_errand(Put(direct=True), b"x") as errand,
            way.open(errand, Persistence(Watch(), 0.0)) as duplex,
        ):
            while not duplex.moved:
                duplex.receive(wait=True)
            far.close()
            with pytest.raises(LinkLost, match="closed"):
                while True:
                    duplex.receive(wait=True)


def test_a_server_that_is_done_and_says_no_last_words(serve_locally: Serve) -> None:
    def script(server: Connection) -> None:
        server.hello()
        server.expect(Put)
        server.send(PLAIN)
        server.send(Done())

    serve_locally(script)
    with (
        streams() as (_, near),
        connect() as home,
        home.run_errand(Put(), b"x") as errand,
        carriage(near).open(errand, Persistence(Watch(), 0.0)) as duplex,
        pytest.raises(BadMessage, match="done before it is"),
    ):
        while True:
            duplex.receive(wait=True)
