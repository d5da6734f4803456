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
from typing import Any

import zmq

from claude_remote import bus, facts, launch, processes
from claude_remote.envelope import seal, unseal
from claude_remote.messages import Source
from claude_remote.version import VERSION
from claude_remote_workers.orders import Orders
from tests.benchmarks.stand_in import make_line
from tests.e2e.zygotes import execute_instead

_ZYGOTE = "light-zygote"


class LightWorker:
    """One lease."""

    def __init__(self, order: launch.Fork, context: zmq.Context[zmq.Socket[bytes]], started: float) -> None:
        self.name = order.worker
        self.socket: zmq.Socket[bytes] = context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(order.bus if "://" in order.bus else f"ipc://{order.bus}")
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
                verb, payload = unseal(self.socket.recv_multipart(zmq.NOBLOCK), bus.FROM_BROKER)
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
        """One line. Whether there are more."""
        self._batch(Source.CLAUDE, make_line(self._size), 1)
        self._left -= 1
        if not self._left:
            self._state(facts.TurnFinished(prompt=self._prompt, outcome="done"))
        return self._left > 0

    def beat(self) -> None:
        """Say that it lives."""
        self._send(bus.Beat())

    def _state(self, *stated: facts.Fact) -> None:
        self._batch(Source.FACT, b"".join(map(facts.encode, stated)), len(stated))

    def _batch(self, source: Source, lines: bytes, count: int) -> None:
        lease = self._lease
        assert lease is not None
        self._send(
            bus.Batch(
                session=lease.session,
                epoch=lease.epoch,
                first=self._next,
                count=count,
                source=source,
                at=time.time(),
            ),
            lines,
        )
        self._next += count

    def _send(self, verb: bus.Verb, payload: bytes = b"") -> None:
        self.socket.send_multipart(seal(verb, payload), zmq.NOBLOCK)


class LightZygote:
    """Forks nobody."""

    def __init__(self, path: Path, build: str) -> None:
        self._build = build
        self._orders = Orders(path)
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._context.set(zmq.MAX_SOCKETS, 4096)
        self._poller = zmq.Poller()
        self._workers: dict[zmq.Socket[bytes], LightWorker] = {}
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
        for descriptor, events in self._orders.watched().items():
            self._poller.register(descriptor, zmq.POLLIN | (zmq.POLLOUT if events & select.POLLOUT else 0))
        ready: dict[Any, int] = dict(self._poller.poll(max(0, int((until - now) * 1000))))
        for descriptor in self._orders.watched():
            self._poller.unregister(descriptor)
        for socket in ready:
            worker = self._workers.get(socket)
            first = worker.hear() if worker is not None else None
            if worker is not None and first is not None:
                heapq.heappush(self._due, (first[0], id(worker), worker, first[1]))
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            at, key, worker, pause = heapq.heappop(self._due)
            if worker.speak():
                heapq.heappush(self._due, (at + pause, key, worker, pause))
        if now > self._beaten + bus.HEARTBEAT_EVERY:
            self._beaten = now
            for worker in self._workers.values():
                worker.beat()

    def _obey(self, order: launch.Order) -> None:
        match order:
            case launch.Fork():
                worker = LightWorker(order, self._context, self._started)
                self._workers[worker.socket] = worker
                self._poller.register(worker.socket, zmq.POLLIN)
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
