"""Errands on a real zygote, against a broker that does what each test says."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import msgpack
import pytest
import zmq

from claude_remote import bus, codec, launch, processes
from claude_remote import messages as m
from claude_remote.envelope import seal, unseal
from claude_remote.parcels import union
from claude_remote.processes import Process
from tests.workers.stage import PATIENCE, Stage, wait_until

pytestmark = pytest.mark.e2e

T = TypeVar("T")


class Desk:
    """Launches one errand and hears what it says."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._path = str(stage.folder / "desk.sock")
        self._socket.bind(f"ipc://{self._path}")
        self.route = b""
        self.process = Process(0, 0.0)

    def close(self) -> None:
        self._socket.close()
        self._context.term()

    def fork(self) -> bus.Ready:
        order = launch.Fork(
            worker="e-1",
            token="secret",
            bus=self._path,
            spill="",
            claude="",
            state_id=self._stage.state_id,
            errand=True,
        )
        self._stage.orders.send(order, msgpack.packb(self._stage.environment))
        forked = self._stage.orders.wait_for(launch.Forked)
        self.process = Process(forked.pid, forked.started)
        ready, _ = self.hear(bus.Ready)
        return ready

    def begin(self, line: str, **fields: object) -> None:
        self.fork()
        request = m.Exec(**fields)  # type: ignore[arg-type]
        verb = bus.Begin(request=codec.pack(request), client="tester", cwd=str(self._stage.work))
        self.say(verb, line.encode() + b"\0")

    def say(self, verb: bus.Verb, payload: bytes = b"") -> None:
        self._socket.send_multipart([self.route, *seal(verb, payload)])

    def tell(self, word: m.CommandWord, payload: bytes = b"", *, urgent: bool = False) -> None:
        self.say(bus.Parcel(header=codec.pack(word), urgent=urgent), payload)

    def hear(self, kind: type[T]) -> tuple[T, bytes]:
        """The next verb but beats and credit, which must be of this kind."""
        while True:
            assert self._socket.poll(PATIENCE * 1000), f"no {kind.__name__} came"
            route, *frames = self._socket.recv_multipart()
            verb, payload = unseal(frames, bus.FROM_WORKER)
            if isinstance(verb, bus.Ready):
                self.route = route
            if isinstance(verb, kind):
                return verb, payload
            assert isinstance(verb, bus.Beat | bus.Credit), verb

    def parcel(self) -> tuple[object, bytes]:
        parcel, payload = self.hear(bus.Parcel)
        return codec.unpack(parcel.header, union(m.FromCommand)), payload

    def is_quiet(self, seconds: float) -> bool:
        """Whether nothing but beats comes for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._socket.poll(50):
                _, *frames = self._socket.recv_multipart()
                if not isinstance(unseal(frames, bus.FROM_WORKER).verb, bus.Beat):
                    return False
        return True

    def ends(self, patience: float = PATIENCE) -> None:
        wait_until(lambda: not processes.is_alive(self.process), patience, "its end")
        assert self._stage.orders.wait_for(launch.Exited).worker == "e-1"

    def over(self) -> bus.Over:
        over, _ = self.hear(bus.Over)
        self.say(bus.Dismiss())
        self.ends()
        return over


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage("/nothing") as stage:
        yield stage


@pytest.fixture
def desk(stage: Stage) -> Iterator[Desk]:
    desk = Desk(stage)
    yield desk
    desk.close()


def test_it_proves_itself_does_its_work_and_ends(desk: Desk) -> None:
    desk.begin("echo out; exit 3")
    assert desk.parcel() == (m.Output(), b"out\n")
    assert desk.parcel() == (m.Exited(code=3), b"")
    assert desk.over() == bus.Over(outcome={"exit": "3"})


def test_its_ready_has_its_token_and_no_lease(desk: Desk) -> None:
    ready = desk.fork()
    assert (ready.token, ready.worker, ready.session) == ("secret", "e-1", None)
    assert Process(ready.pid, ready.started) == desk.process
    desk.say(bus.Dismiss())
    desk.ends()


def test_without_credit_it_sends_no_more_than_its_window(desk: Desk) -> None:
    desk.begin(f"head -c {40 * m.PARCEL} /dev/zero")
    got = sum(len(desk.parcel()[1]) for _ in range(m.BULK))
    assert desk.is_quiet(0.5)
    while got < 40 * m.PARCEL:
        desk.say(bus.Credit(parcels=1))
        got += len(desk.parcel()[1])
    desk.say(bus.Credit(parcels=1))
    assert desk.parcel()[0] == m.Exited(code=0)
    desk.over()


def test_input_is_credited_when_the_command_takes_it(desk: Desk) -> None:
    desk.begin(f"head -c {4 * m.PARCEL} > /dev/null; exec sleep 300")
    for _ in range(m.BULK):
        desk.tell(m.Input(), bytes(m.PARCEL))
    taken = 0
    while taken < 4:
        taken += desk.hear(bus.Credit)[0].parcels
    # What the pipe does not take waits, and what is urgent goes before it.
    assert desk.is_quiet(0.5)
    desk.tell(m.Signalled(signal="TERM"), urgent=True)
    desk.hear(bus.Credit)
    assert desk.parcel() == (m.Exited(code=143), b"")
    desk.over()


def test_dismissed_it_ends_with_all_that_it_started(desk: Desk) -> None:
    desk.begin("setsid sleep 8001 & trap '' HUP; echo ready; sleep 8002; sleep 8002")
    desk.parcel()
    tree = processes.below([desk.process.pid])
    assert len(tree) >= 2
    desk.say(bus.Dismiss())
    desk.ends()
    assert not any(map(processes.is_alive, tree))


@pytest.mark.parametrize(
    "how",
    [
        lambda desk: desk.say(bus.Who()),
        lambda desk: os.kill(desk.process.pid, signal.SIGTERM),
        lambda desk: os.kill(desk.process.pid, signal.SIGKILL),
        lambda desk: None,  # the broker says nothing any more
    ],
    ids=["who", "sigterm", "sigkill", "silence"],
)
def test_it_ends_without_its_broker(desk: Desk, how: Callable[[Desk], None]) -> None:
    desk.begin("setsid sleep 8003 & echo ready; sleep 8003")
    desk.parcel()
    tree = processes.below([desk.process.pid])
    how(desk)
    desk.ends(60)
    assert not any(map(processes.is_alive, tree))


def test_a_command_that_cannot_be_is_told_in_words(desk: Desk, stage: Stage) -> None:
    desk.fork()
    request = codec.pack(m.Exec())
    desk.say(bus.Begin(request=request, client="tester", cwd=str(stage.work)), b"no-such-thing\0x\0")
    word, words = desk.parcel()
    assert word == m.Output(error=True)
    assert b"no-such-thing" in words
    assert desk.parcel()[0] == m.Exited(code=127)
    desk.over()


def test_a_request_that_is_none_is_an_error(desk: Desk) -> None:
    desk.fork()
    desk.say(bus.Begin(request=codec.pack(m.Ping()), client="tester"))
    assert desk.over().code == "unknown-message"


def test_words_that_are_none_are_an_error(desk: Desk, stage: Stage) -> None:
    desk.fork()
    desk.say(bus.Begin(request=codec.pack(m.Exec()), client="tester", cwd=str(stage.work)), b"no end")
    assert desk.over().code == "bad-message"


def test_only_what_the_errand_leaves_is_let_live(desk: Desk, stage: Stage) -> None:
    desk.begin("sleep 8004 & sleep 8004", background=True)
    word, _ = desk.parcel()
    assert isinstance(word, m.Started)
    wait_until(lambda: len(processes.below([word.pid])) == 2)
    kept = processes.below([word.pid])
    assert desk.over() == bus.Over(outcome={"pid": str(word.pid)})
    # One that only pretends to be such a thing ends with the errand that started it.
    desk.begin("CLAUDE_REMOTE_BACKGROUND=mine setsid sleep 8005 & echo ready; sleep 8005")
    desk.parcel()
    tree = processes.below([desk.process.pid])
    os.kill(desk.process.pid, signal.SIGKILL)
    desk.ends()
    assert not any(map(processes.is_alive, tree))
    assert all(map(processes.is_alive, kept))
    os.killpg(word.pid, signal.SIGKILL)
    wait_until(lambda: not any(map(processes.is_alive, kept)))


def test_a_process_is_waited_for(tmp_path: Path) -> None:
    assert processes.wait_until_gone(None, 0)
    own = processes.find_process(os.getpid())
    assert not processes.wait_until_gone(own, 0.01)
    assert processes.wait_until_gone(Process(os.getpid(), 1.0), 0)
