"""A session that says 100 MB while nobody listens, and is read afterwards; a link that is cut."""

from __future__ import annotations

import threading
import time
from typing import Self

import psutil  # type: ignore[import-untyped]

from claude_remote.client import Client
from claude_remote.client.events import Line, Reconnected
from tests.benchmarks.figures import Report
from tests.benchmarks.settings import Settings
from tests.benchmarks.usage import cpu_seconds, private_memory
from tests.benchmarks.yard import open_ready, yard

_SIZE = 1000
_MB = 1_000_000


def run(settings: Settings) -> Report:
    """Measure."""
    count = int(settings.scale(100_000))
    report = Report(
        "replay", f"{count * _SIZE / _MB:.0f} MB that nobody listened to, read from the beginning"
    )
    with yard(workers=1, stand_in=True) as here, here.connect() as client:
        session = open_ready(client)
        idle = private_memory(here.broker) / _MB
        with Watched(here.broker) as watched:
            began = time.monotonic()
            client.send(f"emit {count} {_SIZE} 0", session=session)
            client.wait(session)
            report.add(
                "said while nobody listens", "MB/s", [count * _SIZE / _MB / (time.monotonic() - began)]
            )
        report.add("broker before it", "MB", [idle])
        report.add("broker while it is said, at most", "MB", [watched.most / _MB])
        with Watched(here.broker) as watched:
            rates, spent = _read(client, here.broker, session, settings.times(5))
        report.add("read from the beginning", "MB/s", rates)
        report.add("CPU of the broker for each MB", "ms", spent)
        report.add("broker while it is read, at most", "MB", [watched.most / _MB])
        report.add(
            "from the cut of a link to the next event", "ms", _cuts(client, session, settings.times(10))
        )
        report.notes.append("a client waits 100 to 200 ms before it comes back: many of them may be coming")
    return report


class Watched:
    """The greatest private memory of a process, looked at every 20 ms."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.most = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self.most = max(self.most, private_memory(self._process))


def _read(
    client: Client, broker: psutil.Process, session: str, times: int
) -> tuple[list[float], list[float]]:
    rates: list[float] = []
    spent: list[float] = []
    for _ in range(times):
        before, began, size = cpu_seconds(broker), time.monotonic(), 0
        with client.attach(session, follow=False) as log:
            for event in log:
                if isinstance(event, Line):
                    size += len(event.raw) + 1
        rates.append(size / _MB / (time.monotonic() - began))
        spent.append((cpu_seconds(broker) - before) * 1000 / (size / _MB))
    return rates, spent


def _cuts(client: Client, session: str, times: int) -> list[float]:
    """While events come 100 times a second."""
    found: list[float] = []
    with client.attach(session, client.tail(session), patience=60.0) as log:
        client.send(f"emit {100 * times * 2} 300 100", session=session)
        cut, came, back = 0.0, 0, False
        for event in log:
            match event:
                case Line() if cut and back:
                    found.append((time.monotonic() - cut) * 1000)
                    cut, came, back = 0.0, 0, False
                case Reconnected():
                    back = True
                case Line():
                    came += 1
                case _:
                    pass
            if len(found) == times:
                break
            if came == 20 and not cut:
                cut = time.monotonic()
                link = log._link
                if link is not None:
                    link.abort()
    return found
