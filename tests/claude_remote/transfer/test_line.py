"""A direct connection's packets, over real TLS."""

from __future__ import annotations

import os
import select
import ssl
import struct
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote.errors import BadMessage, LinkLost
from claude_remote.messages import DEAD_AFTER, HEARTBEAT_EVERY
from claude_remote.transfer import sizes
from claude_remote.transfer.line import Line
from tests.claude_remote.transfer.lines import streams


class Pair:
    """A line, and the stream at its other end, which says what it likes."""

    def __init__(self, line: Line, other: ssl.SSLSocket) -> None:
        self.line = line
        self.other = other

    def receives(self) -> bytes:
        """The next packet, waited for."""
        while (packet := self.line.receive()) is None:
            ready, _, _ = select.select([self.line.descriptor], [], [], 10)
            assert ready, "nothing came"
        return bytes(packet)


@pytest.fixture
def pair() -> Iterator[Pair]:
    with streams() as (server, client):
        yield Pair(Line(server), client)


def framed(packet: bytes) -> bytes:
    return struct.pack("!I", len(packet)) + packet


@given(st.lists(st.integers(1, sizes.PACKET), max_size=6), st.data())
def test_packets_however_they_are_cut(lengths: list[int], data: st.DataObject) -> None:
    packets = [os.urandom(length) for length in lengths]
    whole = b"".join(map(framed, packets))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=4)))
    with streams() as (server, client):
        pair = Pair(Line(server), client)

        def send() -> None:
            for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
                if end > start:
                    client.sendall(whole[start:end])

        thread = threading.Thread(target=send)
        thread.start()
        for packet in packets:
            assert pair.receives() == packet
        thread.join()
        assert pair.line.receive() is None


def test_a_packet_that_does_not_go_at_once() -> None:
    with streams(buffer=8192) as (server, client):
        sending, receiving = Line(server), Pair(Line(client), server)
        buffer = bytearray(os.urandom(sizes.PACKET))
        before = bytes(buffer)
        assert not sending.send(memoryview(buffer))
        assert sending.unsent
        sending.keep_unsent()
        buffer[:] = bytes(len(buffer))  # the next one is being filled

        def flush() -> None:
            while not sending.flush():
                select.select([], [sending.descriptor], [], 10)

        thread = threading.Thread(target=flush)
        thread.start()
        assert receiving.receives() == before
        thread.join()
        assert not sending.unsent


def test_a_heartbeat_is_said_when_nothing_else_was(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("claude_remote.transfer.line.time.monotonic", lambda: now)
    assert pair.line.send(memoryview(b"x"))
    pair.line.beat()
    now += HEARTBEAT_EVERY
    pair.line.beat()
    pair.line.beat()
    pair.line.close()
    said = b""
    while more := pair.other.recv(100):
        said += more
    assert said == framed(b"x") + framed(b"")


def test_silence_is_noticed_and_a_heartbeat_ends_it(pair: Pair) -> None:
    pair.line.waited(DEAD_AFTER - 1)
    pair.other.sendall(framed(b"") + framed(b"word"))
    assert pair.receives() == b"word"
    pair.line.waited(DEAD_AFTER - 1)
    with pytest.raises(LinkLost, match="silent"):
        pair.line.waited(1)


def test_heartbeats_without_end_keep_nobody(pair: Pair) -> None:
    pair.other.sendall(framed(b"") * 1000)
    select.select([pair.line.descriptor], [], [], 10)
    assert pair.line.receive() is None
    pair.other.sendall(framed(b"at last"))
    assert pair.receives() == b"at last"


def test_a_packet_that_is_too_large(pair: Pair) -> None:
    pair.other.sendall(struct.pack("!I", sizes.PACKET + 1))
    select.select([pair.line.descriptor], [], [], 10)
    with pytest.raises(BadMessage, match="was announced"):
        pair.line.receive()


@pytest.mark.parametrize("said", [b"", b"\0\0", framed(b"whole")[:-1]])
def test_an_end_in_the_midst_is_a_loss(pair: Pair, said: bytes) -> None:
    pair.other.sendall(said)
    pair.other.close()
    with pytest.raises(LinkLost):
        pair.receives()


def test_bytes_that_are_no_tls(pair: Pair) -> None:
    os.write(pair.other.fileno(), b"\x17\x03\x03\x00\x20" + bytes(32))
    with pytest.raises(LinkLost, match="broke"):
        pair.receives()
