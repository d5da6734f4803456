"""The ROUTER against real DEALERs, over a real ipc socket."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import zmq

from claude_remote import bus
from claude_remote.envelope import Envelope, seal, unseal
from claude_remote.messages import Source
from claude_remote_broker import bus_socket
from claude_remote_broker.bus_socket import BusSocket
from claude_remote_broker.ports import FromWorker, ToWorker

READY = bus.Ready(token="t", worker="w", pid=1, started=1.0)
SESSION = "11111111-1111-4111-8111-111111111111"


def batch(first: int) -> bus.Batch:
    return bus.Batch(session=SESSION, epoch=1, first=first, count=1, source=Source.CLAUDE, at=0.0)


class Bus:
    """A broker's end and as many workers' ends as a test wants."""

    def __init__(self, path: Path) -> None:
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.path = path
        self.delivered: asyncio.Queue[FromWorker] = asyncio.Queue()
        self.looks: list[int] = []  # how many verbs each has found
        self.socket = BusSocket(self.context, path, self._deliver, asyncio.get_running_loop())
        self.workers: list[zmq.Socket[bytes]] = []

    def _deliver(self, events: Sequence[FromWorker]) -> None:
        self.looks.append(len(events))
        for event in events:
            self.delivered.put_nowait(event)

    def worker(self) -> zmq.Socket[bytes]:
        dealer = self.context.socket(zmq.DEALER)
        dealer.setsockopt(zmq.LINGER, 0)
        dealer.setsockopt(zmq.RCVTIMEO, 5000)
        dealer.connect(f"ipc://{self.path}")
        self.workers.append(dealer)
        return dealer

    async def next(self) -> FromWorker:
        return await asyncio.wait_for(self.delivered.get(), 5)


@asynccontextmanager
async def running(path: Path) -> AsyncIterator[Bus]:
    ends = Bus(path)
    try:
        yield ends
    finally:
        ends.socket.close()
        for dealer in ends.workers:
            dealer.close()
        ends.context.term()


async def heard(dealer: zmq.Socket[bytes]) -> Envelope:
    return unseal(await asyncio.to_thread(dealer.recv_multipart), bus.FROM_BROKER)


def play(tmp_path: Path, scene: Callable[[Bus], Awaitable[None]]) -> None:
    async def run() -> None:
        async with running(tmp_path / "bus.sock") as ends:
            await scene(ends)

    asyncio.run(run())


def test_ready_then_verbs_both_ways(tmp_path: Path) -> None:
    async def scene(ends: Bus) -> None:
        dealer = ends.worker()
        dealer.send_multipart(seal(READY))
        first = await ends.next()
        assert first.verb == READY
        ends.socket.send(ToWorker(first.route, bus.Welcome(acked=7)))
        assert await heard(dealer) == Envelope(bus.Welcome(acked=7), b"")
        dealer.send_multipart(seal(batch(8), b"{}\n"))
        assert await ends.next() == FromWorker(first.route, batch(8), b"{}\n")

    play(tmp_path, scene)


def test_who_has_not_said_ready_is_asked_and_not_heard(tmp_path: Path) -> None:
    async def scene(ends: Bus) -> None:
        dealer = ends.worker()
        dealer.send_multipart(seal(batch(1), b"{}\n"))
        assert (await heard(dealer)).verb == bus.Who()
        dealer.send_multipart(seal(READY))
        assert (await ends.next()).verb == READY

    play(tmp_path, scene)


def test_whom_the_core_asks_is_not_heard_until_it_answers(tmp_path: Path) -> None:
    async def scene(ends: Bus) -> None:
        dealer = ends.worker()
        dealer.send_multipart(seal(READY))
        route = (await ends.next()).route
        ends.socket.send(ToWorker(route, bus.Who()))
        dealer.send_multipart(seal(bus.Beat()))
        dealer.send_multipart(seal(READY))
        assert (await ends.next()).verb == READY

    play(tmp_path, scene)


def test_broken_envelopes_are_dropped_with_few_words(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken: list[list[bytes]] = [
        [b""],
        [b"x"] * 9,
        [b"\x01R", b"\xc1", b""],
        [b"\x01?", b"\x80", b""],
        [b"\x07R", b"\x80", b""],
        [b"\x01E", b"\x81\xa7session\x01", b""],
        [b"\x01W", b"\x80", b""],  # a verb of the broker's
    ]

    async def scene(ends: Bus) -> None:
        dealer = ends.worker()
        for _ in range(20):
            for frames in broken:
                dealer.send_multipart(frames)
        dealer.send_multipart(seal(READY))
        assert (await ends.next()).verb == READY
        assert ends.delivered.empty()

    play(tmp_path, scene)
    assert 0 < len(caplog.messages) <= 6


def test_a_worker_that_is_gone_costs_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")

    async def scene(ends: Bus) -> None:
        ends.socket.send(ToWorker(b"\x00nobody", bus.Beat()))
        dealer = ends.worker()
        dealer.send_multipart(seal(READY))
        assert (await ends.next()).verb == READY

    play(tmp_path, scene)
    assert "is gone; dropped Beat" in caplog.text


def test_a_worker_that_does_not_read_costs_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scene(ends: Bus) -> None:
        dealer = ends.worker()
        dealer.setsockopt(zmq.RCVHWM, 1)
        dealer.send_multipart(seal(READY))
        route = (await ends.next()).route
        give = bus.Give(session=SESSION, epoch=1, prompt=SESSION)
        for _ in range(5_000):
            ends.socket.send(ToWorker(route, give, b"x" * 1024))

    play(tmp_path, scene)
    assert "does not read; dropped Give" in caplog.text


def test_a_worker_that_reads_again_is_asked_what_it_has(tmp_path: Path) -> None:
    """Something was dropped meanwhile, and only its Ready tells what."""

    async def scene(ends: Bus) -> None:
        dealer = ends.worker()
        dealer.send_multipart(seal(READY))
        route = (await ends.next()).route
        while route in ends.socket._routes:
            ends.socket.send(ToWorker(route, bus.Ack(session=SESSION, epoch=1, seq=1), b"x" * 10_000))
        verb: bus.Verb | None = None
        while verb != bus.Who():  # which is dropped, too, as long as there is no room for it
            dealer.send_multipart(seal(bus.Beat()))
            verb = (await heard(dealer)).verb
        dealer.send_multipart(seal(READY))
        assert (await ends.next()).verb == READY

    play(tmp_path, scene)


def test_nothing_stays_in_the_socket_after_a_flood_from_many(tmp_path: Path) -> None:
    """The descriptor is edge-triggered: a reader that stops early is never woken again."""

    async def scene(ends: Bus) -> None:
        dealers = [ends.worker() for _ in range(4)]
        count = 3 * bus_socket.TURN_MESSAGES
        for dealer in dealers:
            dealer.send_multipart(seal(READY))
        routes = {(await ends.next()).route for _ in dealers}
        for number in range(1, count + 1):
            for dealer in dealers:
                dealer.send_multipart(seal(batch(number), b"{}\n"))
        seen: dict[bytes, list[int]] = {route: [] for route in routes}
        for _ in range(count * len(dealers)):
            event = await ends.next()
            assert isinstance(event.verb, bus.Batch)
            seen[event.route].append(event.verb.first)
            ends.socket.send(ToWorker(event.route, bus.Ack(session=SESSION, epoch=1, seq=event.verb.first)))
        assert all(numbers == list(range(1, count + 1)) for numbers in seen.values())

    play(tmp_path, scene)


def test_others_have_their_turn_while_bulk_comes_in(tmp_path: Path) -> None:
    async def scene(ends: Bus) -> None:
        dealer = ends.worker()
        dealer.send_multipart(seal(READY))
        await ends.next()
        turns = 0
        taken: list[int] = []
        payload = b"x" * bus_socket.TURN_BYTES
        for number in range(1, 9):
            dealer.send_multipart(seal(batch(number), payload))
        while sum(taken) < 8:
            taken.append(ends.delivered.qsize())
            while not ends.delivered.empty():
                ends.delivered.get_nowait()
            turns += 1
            assert turns < 1_000_000
            await asyncio.sleep(0)
        assert max(taken) <= 1

    play(tmp_path, scene)


def test_who_comes_alone_is_heard_at_once_and_a_crowd_gathers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus_socket, "PAUSE", 60.0)  # only what the test does ends it

    async def scene(ends: Bus) -> None:
        dealer = ends.worker()
        dealer.send_multipart(seal(READY))
        route = (await ends.next()).route
        for number in range(1, bus_socket.CROWD):
            dealer.send_multipart(seal(batch(number), b"{}\n"))
            assert (await ends.next()).verb == batch(number)
        # That was a crowd: what comes now waits, whatever is sent meanwhile.
        looks = len(ends.looks)
        for number in range(20):
            dealer.send_multipart(seal(batch(number + 10), b"{}\n"))
            ends.socket.send(ToWorker(route, bus.Beat()))
            await asyncio.sleep(0)
        await asyncio.sleep(0.05)
        assert len(ends.looks) == looks
        seen: list[int] = []
        while len(seen) < 20:
            ends.socket._go_on()
            await asyncio.sleep(0.05)
            while not ends.delivered.empty():
                verb = ends.delivered.get_nowait().verb
                assert isinstance(verb, bus.Batch)
                seen.append(verb.first)
        assert seen == list(range(10, 30))
        assert len(ends.looks) - looks < 20

    play(tmp_path, scene)


def test_a_crowd_that_has_gone_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus_socket, "CROWD", 2)

    async def scene(ends: Bus) -> None:
        dealer = ends.worker()
        dealer.send_multipart(seal(READY))
        await ends.next()
        for number in range(1, 50):  # each is sent when the one before has been heard
            dealer.send_multipart(seal(batch(number), b"{}\n"))
            assert (await ends.next()).verb == batch(number)

    play(tmp_path, scene)


def test_a_message_that_is_too_large_ends_its_connection_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus_socket, "MAX_FRAME", 100_000)

    async def scene(ends: Bus) -> None:
        bad, good = ends.worker(), ends.worker()
        bad.send_multipart(seal(READY))
        await ends.next()
        bad.send_multipart(seal(batch(1), b"x" * 200_000))
        good.send_multipart(seal(READY))
        assert (await ends.next()).verb == READY
        assert ends.delivered.empty()

    play(tmp_path, scene)


def test_a_dead_servers_socket_file_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "bus.sock").write_text("left behind")

    async def scene(ends: Bus) -> None:
        ends.worker().send_multipart(seal(READY))
        assert (await ends.next()).verb == READY

    play(tmp_path, scene)
