"""Packets that begin by the exchange and move to a line: nothing lost, nothing out of order, nobody stuck."""

from __future__ import annotations

import os
import queue
import select
import threading
import time
from collections import deque
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from claude_remote import codec
from claude_remote.errors import BadMessage, ErrandFailed, LinkLost, RemoteError
from claude_remote.messages import BULK, Packet
from claude_remote.parcels import Accounts, Parcel
from claude_remote.transfer import pump, sizes
from claude_remote.transfer import records as r
from claude_remote.transfer.duplex import Duplex
from claude_remote.transfer.ground import land
from claude_remote.transfer.line import Line
from claude_remote.transfer.names import part_name
from claude_remote.transfer.receiving import Receiver
from tests.claude_remote.transfer.lines import streams
from tests.claude_remote.transfer.stage import FREE, Notes

PATIENCE = 20.0


class Wire:
    """One direction of an exchange: parcels there, credit back."""

    def __init__(self) -> None:
        self.parcels: queue.SimpleQueue[Parcel | RemoteError] = queue.SimpleQueue()
        self.credit: queue.SimpleQueue[int] = queue.SimpleQueue()


class End:
    """One end of an exchange, as claude_remote.transfer.duplex has it. Two pipes wake whoever waits."""

    def __init__(self, out: Wire, into: Wire) -> None:
        self._out = out
        self._in = into
        self._accounts = Accounts()
        self._arrived: deque[Parcel] = deque()
        self.sent = 0

    @property
    def room(self) -> int:
        return self._accounts.room

    def send(self, header: Struct, payload: bytes = b"") -> None:
        until = time.monotonic() + PATIENCE
        while not self._accounts.room:
            assert time.monotonic() < until, "no credit"
            self.turn(1.0)
        self._accounts.sent()
        self.sent += 1
        self._out.parcels.put(Parcel(codec.pack(header), bytes(payload)))

    def take(self) -> Parcel | None:
        if not self._arrived:
            return None
        credit = self._accounts.taken()
        if credit:
            self._in.credit.put(credit)
        return self._arrived.popleft()

    def turn(
        self, timeout: float, reading: Collection[int] = (), writing: Collection[int] = ()
    ) -> Collection[int]:
        until = time.monotonic() + timeout
        while True:
            readable, writable, _ = select.select(reading, writing, [], 0)
            if self._look() or readable or writable or time.monotonic() >= until:
                return [*readable, *writable]
            time.sleep(0.001)

    def breathe(self) -> None:
        self._look()

    def _look(self) -> bool:
        came = False
        while not self._out.credit.empty():
            self._accounts.credited(self._out.credit.get())
            came = True
        while not self._in.parcels.empty():
            parcel = self._in.parcels.get()
            if isinstance(parcel, RemoteError):
                raise parcel
            self._arrived.append(parcel)
            came = True
        return came


class Comes:
    """A line that is there when so many bytes have passed (None: never)."""

    def __init__(self, line: Line | None, at: int | None, *, leads: bool) -> None:
        self._line = line
        self._at = at
        self.leads = leads
        self.closed = False

    def poll(self, passed: int) -> Line | None:
        return self._line if self._at is not None and passed >= self._at else None

    def wait(self) -> Line:
        if self._line is None:
            raise LinkLost("there is none")
        return self._line

    def close(self) -> None:
        self.closed = True


class Errand:
    """Both ends."""

    def __init__(self, server: Duplex, client: Duplex, ends: tuple[End, End], out: Wire, into: Wire) -> None:
        self.server = server
        self.client = client
        self.ends = ends
        self.to_client = out
        self.to_server = into


@contextmanager
def errand(server_at: int | None, client_at: int | None, buffer: int | None = None) -> Iterator[Errand]:
    with streams(buffer) as (server, client):
        out, into = Wire(), Wire()
        ends = End(out, into), End(into, out)
        yield Errand(
            Duplex(ends[0], Comes(Line(server), server_at, leads=True)),
            Duplex(ends[1], Comes(Line(client), client_at, leads=False)),
            ends,
            out,
            into,
        )


class Talker(threading.Thread):
    """Sends these packets and receives so many, as pump.run does it."""

    def __init__(self, duplex: Duplex, sends: list[bytes], receives: int) -> None:
        super().__init__(daemon=True)
        self._duplex = duplex
        self._sends = deque(sends)
        self._receives = receives
        self.got: list[bytes] = []
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._talk()
        except BaseException as error:  # noqa: BLE001  shown by the test
            self.error = error

    def _talk(self) -> None:
        buffer = bytearray(sizes.PACKET)  # one serves all, as the real ones do
        until = time.monotonic() + PATIENCE
        while (self._sends or len(self.got) < self._receives) and time.monotonic() < until:
            packet = None
            if self._sends and self._duplex.room:
                packet = self._sends.popleft()
                buffer[: len(packet)] = packet
                self._duplex.send(memoryview(buffer)[: len(packet)])
            incoming = self._duplex.receive(wait=packet is None)
            if incoming is not None:
                self.got.append(bytes(incoming))
        self._duplex.finish()


def packets(count: int, size: int) -> list[bytes]:
    return [number.to_bytes(4, "big") + os.urandom(size) for number in range(count)]


def converse(errand: Errand, down: list[bytes], up: list[bytes]) -> None:
    server = Talker(errand.server, down, len(up))
    client = Talker(errand.client, up, len(down))
    for thread in (server, client):
        thread.join(2 * PATIENCE)
        assert not thread.is_alive(), "stuck"
        assert thread.error is None, thread.error
    assert client.got == down
    assert server.got == up


@settings(max_examples=30)
@given(
    st.one_of(st.none(), st.integers(0, 200_000)),
    st.one_of(st.none(), st.integers(0, 200_000)),
    st.integers(0, 40),
    st.integers(0, 40),
    st.integers(1, 20_000),
)
def test_the_order_is_kept_whenever_the_line_comes(
    server_at: int | None, client_at: int | None, down: int, up: int, size: int
) -> None:
    with errand(server_at, client_at) as both:
        converse(both, packets(down, size), packets(up, size))


def test_both_ways_at_once_through_a_narrow_line() -> None:
    with errand(0, 0, buffer=8192) as both:
        converse(both, packets(30, 200_000), packets(30, 200_000))


def test_it_moves_and_the_exchange_is_quiet_then() -> None:
    with errand(0, 0) as both:
        converse(both, packets(100, 1000), packets(100, 1000))
        # Each said once that it moves; of the client's, what it sent before it was told.
        assert both.ends[0].sent == 1
        assert both.ends[1].sent < 100


def test_a_client_that_has_none_never_moves() -> None:
    with errand(None, 0) as both:
        converse(both, packets(50, 1000), packets(50, 1000))
        assert not both.server.moved
        assert (both.ends[0].sent, both.ends[1].sent) == (50, 50)


def moved(both: Errand) -> None:
    """A first packet each way, after which both have moved."""
    converse(both, packets(3 * BULK, 10), packets(3 * BULK, 10))


def test_what_ended_the_exchange_is_said_though_the_line_is_gone() -> None:
    with errand(0, 0) as both:
        moved(both)
        both.server.close()
        threading.Timer(0.2, both.to_client.parcels.put, [ErrandFailed("it died")]).start()
        with pytest.raises(ErrandFailed, match="it died"):
            both.client.receive(wait=True)


def test_a_line_that_breaks_by_itself_is_a_broken_link() -> None:
    with errand(0, 0) as both:
        moved(both)
        both.server.close()
        with pytest.raises(LinkLost, match="closed"):
            both.client.receive(wait=True)


def test_a_server_that_moves_to_nowhere() -> None:
    out, into = Wire(), Wire()
    for coming, error in ((None, BadMessage), (Comes(None, None, leads=False), LinkLost)):
        duplex = Duplex(End(into, out), coming)
        out.parcels.put(Parcel(codec.pack(Packet(moved=True))))
        with pytest.raises(error):
            duplex.receive(wait=True)


def test_that_it_moves_may_be_said_in_other_bytes() -> None:
    """A header is a msgpack map, and there is more than one way to write one."""
    header = b"\x82\xa5other\x01\xd9\x05moved\xc3"
    with errand(0, 0) as both:
        both.client.receive(wait=False)
        both.to_client.parcels.put(Parcel(header))
        assert both.client.receive(wait=True) is None
        assert both.client.moved


def test_what_is_wrong_with_the_exchange_is_said_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the line needs to be explained then."""
    with errand(0, 0) as both:
        moved(both)
        words = iter(("has not been heard", "is closed"))

        def wait(*_: object) -> NoReturn:
            raise LinkLost(next(words))

        monkeypatch.setattr(both.ends[1], "turn", wait)
        with pytest.raises(LinkLost, match="has not been heard"):
            both.client.receive(wait=True)


class Lost(End):
    """One whose link breaks while somebody breathes."""

    def breathe(self) -> None:
        raise LinkLost("it broke")


def test_a_link_that_breaks_while_a_file_is_looked_at_is_no_error_of_the_file(tmp_path: Path) -> None:
    part = tmp_path / os.fsdecode(part_name(b"f"))
    part.write_bytes(b"what is here from before")
    offer = r.Packet()
    offer.add(r.Start(upto=0))
    offer.add(r.Offer(n=1, path=b"f", mode=0o644, mtime=0, size=100))
    into = Wire()
    into.parcels.put(Parcel(codec.pack(Packet()), bytes(offer.view() or b"")))
    duplex = Duplex(Lost(Wire(), into), None)
    notes = Notes()
    landing = land(os.fsencode(tmp_path), tmp_path, FREE, folder=True)
    receiver = Receiver(landing, FREE, duplex.breathe, progress=notes)
    with pytest.raises(LinkLost, match="it broke"):
        pump.run(receiver, duplex)
    receiver.close()
    # It is still to be had, and goes on where it was.
    assert (receiver.checkpoint.upto, notes.said) == (0, [])
    assert part.read_bytes() == b"what is here from before"


def test_who_has_moved_beats_though_the_other_has_much_to_send_before_it_follows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A slow network: megabytes are still on their way by the exchange."""
    with errand(0, 0) as both:
        both.server.send(memoryview(b"x"))  # and so it has moved
        before = time.monotonic
        monkeypatch.setattr("claude_remote.transfer.line.time.monotonic", lambda: before() + 60)
        monkeypatch.setattr("claude_remote.transfer.duplex._LONGEST_ON_LINE", 0.01)
        assert both.server.receive(wait=True) is None
        assert both.client.receive(wait=True) is None  # it follows
        stream = both.client._inward._stream  # type: ignore[union-attr]
        stream.setblocking(True)
        stream.settimeout(PATIENCE)
        assert [stream.read(1) for _ in range(5)] == [b"\0", b"\0", b"\0", b"\1", b"x"]
        assert [stream.read(1) for _ in range(4)] == [b"\0"] * 4


def test_heartbeats_that_came_during_the_last_work_are_all_taken_in_the_end() -> None:
    """Else the system would answer them with a reset, which may overtake what was said last."""
    with errand(0, 0) as both:
        moved(both)
        other = both.client._inward._stream  # type: ignore[union-attr]
        for _ in range(10):
            other.send(bytes(4))
        both.server.send(memoryview(b"the end"))
        both.server.finish()
        mine = both.server._inward._stream  # type: ignore[union-attr]
        assert select.select([mine], [], [], 0)[0] == []


def test_who_breathes_keeps_the_line_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    with errand(0, 0) as both:
        moved(both)
        before = time.monotonic
        monkeypatch.setattr("claude_remote.transfer.line.time.monotonic", lambda: before() + 60)
        both.server.breathe()
        stream = both.client._inward._stream  # type: ignore[union-attr]
        select.select([stream], [], [], PATIENCE)
        assert stream.read(100) == bytes(4)
