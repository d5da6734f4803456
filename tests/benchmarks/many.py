"""Hundreds of sessions that speak at once through one broker, with nothing behind it."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil  # type: ignore[import-untyped]

from claude_remote.client import Client
from claude_remote.client.events import Line
from tests.benchmarks.bare_pipe import make_program
from tests.benchmarks.figures import Report, percentile
from tests.benchmarks.settings import Settings
from tests.benchmarks.stand_in import written_at
from tests.benchmarks.usage import cpu_seconds, private_memory
from tests.benchmarks.yard import Yard
from tests.e2e.lab import Lab, importing_tests

_RATE, _SIZE = 20, 300
_READ = 20  # of the sessions; who reads all of them costs more than who serves them
_SECONDS = 30
_MARGIN = 5.0


def run(settings: Settings) -> Report:
    """Measure."""
    count = 50 if settings.quick else 500
    seconds = 15 if settings.quick else _SECONDS
    report = Report("many", f"{count} sessions, {_RATE} events/s of {_SIZE} bytes each, {_READ} of them read")
    with _yard(count) as here, here.connect() as client:
        empty = private_memory(here.broker)
        sessions = [client.open().session.id for _ in range(count)]
        prompt = f"emit {seconds * _RATE} {_SIZE} {_RATE}"
        late: list[tuple[int, int]] = []
        threads = [
            threading.Thread(target=_follow, args=(client, each, prompt, late)) for each in sessions[:_READ]
        ]
        for thread in threads:
            thread.start()
        for session in sessions[_READ:]:
            client.send(prompt, session=session)
        began = time.monotonic()
        time.sleep(_MARGIN)
        psutil.cpu_percent()
        first, spent = time.monotonic(), cpu_seconds(here.broker)
        time.sleep(max(1.0, began + seconds - 2 * _MARGIN - first))
        last = time.monotonic()
        broker = (cpu_seconds(here.broker) - spent) / (last - first) * 100
        machine = psutil.cpu_percent()
        memory = private_memory(here.broker)
        for thread in threads:
            thread.join(120)
    waits = [(now - at) / 1e6 for now, at in late if first * 1e9 < at < last * 1e9]
    report.add("late, p50", "ms", [percentile(waits, 50)])
    report.add("late, p99", "ms", [percentile(waits, 99)])
    report.add("CPU of the broker", "% of a core", [broker])
    report.add("CPU of the whole machine", "% of its cores", [machine])
    report.add("memory of the broker", "MB", [memory / 1e6])
    report.add("memory of the broker, before", "MB", [empty / 1e6])
    report.expect(f"{count} sessions, p99", percentile(waits, 99), 50, "ms")
    report.expect(f"{count} sessions, CPU of the broker", broker, 90, "% of a core")
    if machine > 95:
        report.notes.append("the machine was saturated, by what was measured or by what else ran on it")
    return report


@contextmanager
def _yard(workers: int) -> Iterator[Yard]:
    with Lab() as lab:
        lab.server_environment |= importing_tests()
        lab.program = (sys.executable, "-m", "tests.benchmarks.light_workers")
        program = make_program(lab.folder)
        lab.start("--workers", str(workers), "--claude", str(program))
        yield Yard(lab, lab.approved("bench"), program)
        lab.server.stop(30)


def _follow(client: Client, session: str, prompt: str, late: list[tuple[int, int]]) -> None:
    with client.prompt(prompt, session=session) as turn:
        for event in turn:
            if isinstance(event, Line) and (at := written_at(event.raw)) is not None:
                late.append((time.monotonic_ns(), at))  # noqa: PERF401  others append to it, too
