"""The zygote: forks workers for the broker, and leaves nothing behind when they end.

    python -m claude_remote_workers.zygote --socket PATH

It is executed anew by the broker (never forked from it: a lock lives on in a fork), imports all that a worker
needs, freezes it, and then only forks: it has no ZeroMQ context and no thread. It outlives brokers; the next
one finds it by its socket. It ends by Quit, by SIGTERM (both kill every worker), or when it has had neither a
broker nor a worker for a while.
"""

from __future__ import annotations

import argparse
import gc
import os
import select
import signal
import sys
import time
from pathlib import Path

from claude_remote import codec, launch
from claude_remote.errors import BadMessage, Exit
from claude_remote.version import VERSION
from claude_remote_workers.complaints import complain
from claude_remote_workers.errands.process import ErrandProcess
from claude_remote_workers.nursery import Nursery
from claude_remote_workers.orders import Orders, SocketTaken
from claude_remote_workers.prctl import adopt_orphans
from claude_remote_workers.wakeup import Wakeup
from claude_remote_workers.worker import Worker

_SIGNALS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_KINDS: dict[bool, type[Worker | ErrandProcess]] = {False: Worker, True: ErrandProcess}
_LONGEST_POLL = 5.0
_ENDING_AT_MOST = 9.0


class Zygote:
    """The loop: orders in, workers forked and buried, reports out."""

    def __init__(self, orders: Orders, wakeup: Wakeup, idle: float, build: str = "") -> None:
        self._build = build
        self._orders = orders
        self._wakeup = wakeup
        self._idle = idle
        self._nursery = Nursery()
        self._needed = time.monotonic()
        self._end_by: float | None = None

    def run(self) -> int:
        """Serve until the end. In a child this call does not return."""
        while True:
            self._wait()
            signals = self._wakeup.take()
            if signals & {signal.SIGTERM, signal.SIGINT}:
                self._end()
            for order, payload in self._orders.receive():
                self._obey(order, payload)
            for exited in self._nursery.tend():
                self._orders.report(exited, keep=True)
            self._orders.flush()
            if self._is_over(time.monotonic()):
                self._orders.close()
                return Exit.OK

    def _wait(self) -> None:
        poller = select.poll()
        for descriptor, events in self._orders.watched().items():
            poller.register(descriptor, events)
        for descriptor in (self._wakeup.descriptor, *self._nursery.watched()):
            poller.register(descriptor, select.POLLIN)
        poller.poll(min(self._nursery.look_again, _LONGEST_POLL, self._idle) * 1000)

    def _obey(self, order: launch.Order, payload: bytes) -> None:
        match order:
            case launch.Fork():
                self._orders.report(self._fork(order, payload))
            case launch.Kill():
                if not self._nursery.kill(order.worker):
                    # Not one of ours, so nothing can be said about it but that.
                    self._orders.report(self._list())
            case launch.List():
                self._orders.report(self._list())
            case launch.Quit():
                self._end()

    def _list(self) -> launch.Workers:
        workers = self._nursery.workers
        return launch.Workers(version=VERSION, pid=os.getpid(), workers=workers, build=self._build)

    def _fork(self, order: launch.Fork, payload: bytes) -> launch.Report:
        if self._end_by is not None:
            return launch.ForkFailed(worker=order.worker, reason="the zygote is ending")
        try:
            environment = codec.unpack_environment(payload) if payload else {}
        except BadMessage as error:
            return launch.ForkFailed(worker=order.worker, reason=f"a broken environment: {error.message}")

        def live(told: int) -> int:
            self._orders.abandon()
            self._wakeup.close()
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)

            def tell(marker: str) -> None:
                os.write(told, marker.encode())
                os.close(told)

            return _KINDS[order.errand](order, environment, tell).run()

        return self._nursery.fork(order.worker, live)

    def _end(self) -> None:
        if self._end_by is None:
            self._end_by = time.monotonic() + _ENDING_AT_MOST
            self._nursery.kill_all()

    def _is_over(self, now: float) -> bool:
        if self._end_by is not None:
            return self._nursery.empty or now > self._end_by
        if self._orders.connected or not self._nursery.empty:
            self._needed = now
        return now - self._needed > self._idle


def main() -> int:
    """Run the zygote. Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="claude-remote-worker", description="Forks claude-remote's workers."
    )
    parser.add_argument("--socket", type=Path, required=True, help="where the broker gives orders")
    parser.add_argument("--idle", type=float, default=60.0, help="end after so many seconds without any use")
    parser.add_argument("--build", default="", help="what this code is called, told to whoever asks")
    options = parser.parse_args()
    try:
        orders = Orders(options.socket)
    except SocketTaken as error:
        complain(str(error))
        return Exit.USAGE
    if os.getpid() != os.getsid(0):
        os.setsid()
    _let_go_of_input()
    adopt_orphans()
    wakeup = Wakeup(_SIGNALS)
    gc.collect()
    gc.freeze()
    gc.disable()
    return Zygote(orders, wakeup, options.idle, options.build).run()


def _let_go_of_input() -> None:
    """The broker's terminal is not ours to read, nor to keep open."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


if __name__ == "__main__":
    sys.exit(main())
