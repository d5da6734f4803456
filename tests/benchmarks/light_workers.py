"""A zygote and all its workers in one process, with nothing behind them: what a broker costs alone.

    python -m tests.benchmarks.light_workers [the arguments of claude-remote-server]

is a server whose zygote is of this kind. A worker is a socket on the bus that takes its lease, and answers
the prompt `emit COUNT SIZE RATE` with so many lines, as tests.benchmarks.stand_in does.
"""

from __future__ import annotations

import argparse
import heapq
import os
import select
import sys
import time
from pathlib import Path

import zmq

from claude_remote import bus, facts, launch, processes
from claude_remote.envelope import seal, unseal
from claude_remote.messages import Source
from claude_remote.version import VERSION
from claude_remote_workers.orders import Orders
from tests.benchmarks.stand_in import make_line
from tests.e2e.zygotes import execute_instead

_ZYGOTE = "light-zygote"
_NOW, _NOW_AND_MORE = int(zmq.NOBLOCK), int(zmq.NOBLOCK | zmq.SNDMORE)
_BEAT = bus.Beat()


class LightWorker:
    """One lease."""

    def __init__(self, order: launch.Fork, context: zmq.Context[zmq.Socket[bytes]], started: float) -> None:
        self.name = order.worker
        self._socket: zmq.Socket[bytes] = context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.connect(order.bus if "://" in order.bus else f"ipc://{order.bus}")
        self.descriptor = self._socket.fileno()
        self._lease: bus.Lease | None = None
        self._next = 1
        self._left = 0
        self._size = 0
        self._pause = 0.0
        self._prompt = ""
        self._send(bus.Ready(token=order.token, worker=order.worker, pid=os.getpid(), started=started))

    def hear(self) -> tuple[float, float] | None:
        """Take what has come. When to speak first, and how often, if a prompt has."""
        due = None
        while True:
            try:
                verb, payload = unseal(self._socket.recv_multipart(_NOW), bus.FROM_BROKER)
            except zmq.Again:
                return due
            if isinstance(verb, bus.Lease) and self._lease is None:
                self._lease, self._next = verb, verb.next
                started = facts.ClaudeStarted(pid=0, claude_session=verb.claude_session, resumed=False)
                self._state(started, facts.ClaudeReady())
            elif isinstance(verb, bus.Give):
                _, count, size, rate = payload.decode().split()
                self._left, self._size, self._pause = int(count), int(size), 1 / float(rate)
                self._prompt = verb.prompt
                self._state(facts.TurnStarted(prompt=verb.prompt))
                due = time.monotonic() + self._pause, self._pause

    def speak(self) -> bool:
        """One line, as a batch of its own. Whether there are more."""
        self._batch(Source.CLAUDE, make_line(self._size), 1)
        self._left -= 1
        if not self._left:
            self._state(facts.TurnFinished(prompt=self._prompt, outcome="done"))
        return self._left > 0

    def beat(self) -> None:
        """Say that it lives."""
        self._send(_BEAT)

    def _state(self, *stated: facts.Fact) -> None:
        self._batch(Source.FACT, b"".join(map(facts.encode, stated)), len(stated))

    def _batch(self, source: Source, lines: bytes, count: int) -> None:
        lease = self._lease
        assert lease is not None
        batch = bus.Batch(
            session=lease.session,
            epoch=lease.epoch,
            first=self._next,
            count=count,
            source=source,
            at=time.time(),
        )
        self._send(batch, lines)
        self._next += count

    def _send(self, verb: bus.Verb, payload: bytes = b"") -> None:
        code, header, payload = seal(verb, payload)
        send = self._socket.send
        send(code, _NOW_AND_MORE)
        send(header, _NOW_AND_MORE)
        send(payload, _NOW)


class LightZygote:
    """Forks nobody."""

    def __init__(self, path: Path, build: str) -> None:
        self._build = build
        self._orders = Orders(path)
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._context.set(zmq.MAX_SOCKETS, 4096)
        # Of the workers: to poll hundreds of sockets each time would cost more than all that they say.
        self._ears = select.epoll()
        self._workers: dict[int, LightWorker] = {}
        self._due: list[tuple[float, int, LightWorker, float]] = []
        own = processes.find_process(os.getpid())
        self._started = 0.0 if own is None else own.started
        self._beaten = 0.0
        self._over = False

    def run(self) -> None:
        """Until Quit."""
        while not self._over:
            self._wait()
            for order, _ in self._orders.receive():
                self._obey(order)
            self._orders.flush()
        self._orders.close()

    def _wait(self) -> None:
        now = time.monotonic()
        until = min(self._due[0][0] if self._due else now + 0.2, now + 0.2)
        poller = select.poll()
        poller.register(self._ears.fileno(), select.POLLIN)
        for descriptor, events in self._orders.watched().items():
            poller.register(descriptor, events)
        # Rounded up to what it can: a millisecond.
        ready = dict(poller.poll(max(0.0, (until - now) * 1000)))
        if self._ears.fileno() in ready:
            for descriptor, _ in self._ears.poll(0):
                self._hear(self._workers[descriptor])
        self._speak(time.monotonic())

    def _hear(self, worker: LightWorker) -> None:
        first = worker.hear()
        if first is not None:
            heapq.heappush(self._due, (first[0], id(worker), worker, first[1]))

    def _speak(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            at, key, worker, pause = heapq.heappop(self._due)
            if worker.speak():
                heapq.heappush(self._due, (at + pause, key, worker, pause))
        if now > self._beaten + bus.HEARTBEAT_EVERY:
            self._beaten = now
            for worker in self._workers.values():
                worker.beat()
                # A send may take in what has come, and then the descriptor does not tell.
                self._hear(worker)

    def _obey(self, order: launch.Order) -> None:
        match order:
            case launch.Fork():
                worker = LightWorker(order, self._context, self._started)
                self._workers[worker.descriptor] = worker
                self._ears.register(worker.descriptor, select.EPOLLIN)
                self._orders.report(self._forked(worker))
            case launch.List():
                told = tuple(map(self._forked, self._workers.values()))
                self._orders.report(
                    launch.Workers(version=VERSION, pid=os.getpid(), workers=told, build=self._build)
                )
            case launch.Kill(worker=name):
                self._orders.report(launch.Exited(worker=name, pid=os.getpid(), status=0))
            case launch.Quit():
                self._over = True

    def _forked(self, worker: LightWorker) -> launch.Forked:
        return launch.Forked(worker=worker.name, pid=os.getpid(), started=self._started)


def main() -> int:
    """Be the server, or what it starts."""
    if sys.argv[1:2] == [_ZYGOTE]:
        parser = argparse.ArgumentParser()
        parser.add_argument("--socket", type=Path, required=True)
        parser.add_argument("--build", required=True)
        options = parser.parse_args(sys.argv[2:])
        LightZygote(options.socket, options.build).run()
        return 0
    from claude_remote_broker import cli

    execute_instead("tests.benchmarks.light_workers", _ZYGOTE)
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
