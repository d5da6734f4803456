"""The worker's end of the bus, with real sockets and a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import zmq

from claude_remote import bus
from claude_remote.envelope import seal, unseal
from claude_remote_workers.link import Link

READY = bus.Ready(token="t", worker="w", pid=1, started=1.0)
WAIT = 10_000  # milliseconds


@dataclass
class Both:
    router: zmq.Socket[bytes]
    link: Link
    poller: zmq.Poller

    def hears(self) -> tuple[bytes, bus.Verb]:
        assert self.router.poll(WAIT)
        route, *frames = self.router.recv_multipart()
        return route, unseal(frames, bus.FROM_WORKER).verb

    def hears_nothing(self) -> bool:
        return not self.router.poll(20)

    def says(self, route: bytes, verb: bus.Verb, now: float) -> list[bus.Verb]:
        self.router.send_multipart([route, *seal(verb)])
        assert self.poller.poll(WAIT)
        return [envelope.verb for envelope in self.link.receive(now)]


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    address = f"ipc://{tmp_path}/b"
    with zmq.Context() as context, context.socket(zmq.ROUTER) as router:
        router.setsockopt(zmq.LINGER, 0)
        router.bind(address)
        poller = zmq.Poller()
        link = Link(address, lambda: READY, poller)
        link.renew(0.0)
        yield Both(router, link, poller)
        link.close()


def test_ready_comes_first_and_beats_follow(both: Both) -> None:
    route, verb = both.hears()
    assert verb == READY
    both.link.tick(0.5)
    assert both.hears_nothing()
    both.link.tick(1.0)
    assert both.hears() == (route, bus.Beat())
    assert both.says(route, bus.Welcome(acked=3), 1.0) == [bus.Welcome(acked=3)]
    assert both.link.welcomed


def test_a_silent_broker_gets_a_new_socket_and_ready(both: Both) -> None:
    route, _ = both.hears()
    both.says(route, bus.Welcome(), 1.0)
    both.link.tick(bus.DEAD_AFTER + 0.9)
    assert both.hears() == (route, bus.Beat())
    both.link.tick(bus.DEAD_AFTER + 1.1)
    again, verb = both.hears()
    assert verb == READY
    assert again != route
    assert not both.link.welcomed, "until it is welcomed again"


def test_a_broker_that_does_not_know_us_gets_a_new_socket_and_ready(both: Both) -> None:
    route, _ = both.hears()
    assert both.says(route, bus.Who(), 1.0) == []
    again, verb = both.hears()
    assert verb == READY
    assert again != route


def test_a_broker_that_never_wants_to_know_us_is_not_pestered(both: Both) -> None:
    route, _ = both.hears()
    assert both.says(route, bus.Who(), 0.05) == []
    assert both.hears_nothing()
    assert both.link.heard == 0.0, "nor does it count as a broker of ours"


def test_verbs_that_are_broken_are_dropped(both: Both, capsys: pytest.CaptureFixture[str]) -> None:
    route, _ = both.hears()
    both.router.send_multipart([route, b"\x09P", b"\x80", b""])
    both.router.send_multipart([route, b"\x01P", b"\xc1", b""])
    both.router.send_multipart([route, b"\x01P"])
    heard = both.says(route, bus.Beat(), 1.0)
    while not heard:  # what was sent before it may be there before it
        assert both.poller.poll(WAIT)
        heard = [envelope.verb for envelope in both.link.receive(1.0)]
    assert heard == [bus.Beat()]
    assert capsys.readouterr().err.count("dropped from the bus") == 3
