"""Hundreds of sessions that speak at once through one broker, with nothing behind it."""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil  # type: ignore[import-untyped]

from claude_remote.client import Client
from claude_remote.client.events import Line
from tests.benchmarks.bare_pipe import make_program
from tests.benchmarks.figures import Report, percentile
from tests.benchmarks.settings import Settings
from tests.benchmarks.stand_in import written_at
from tests.benchmarks.usage import cpu_seconds, private_memory
from tests.benchmarks.yard import Yard
from tests.e2e import leftovers
from tests.e2e.lab import Lab, importing_tests

_RATE, _SIZE = 20, 300
_READ = 20  # of the sessions; who reads all of them costs more than who serves them
# The last is what the budget is for; the others show what an event costs when fewer meet in one moment.
_COUNTS = (100, 250, 500)
_SECONDS = 30
_MARGIN = 5.0


def run(settings: Settings) -> Report:
    """Measure."""
    counts = (50,) if settings.quick else _COUNTS
    seconds = 15 if settings.quick else _SECONDS
    report = Report("many", f"sessions with {_RATE} events/s of {_SIZE} bytes each, {_READ} of them read")
    for count in counts:
        crowd = _speak(count, seconds)
        names = f"{count} sessions, "
        report.add(names + "late, p50", "ms", [percentile(crowd.late, 50)])
        report.add(names + "late, p99", "ms", [percentile(crowd.late, 99)])
        report.add(names + "CPU of the broker", "% of a core", [crowd.broker])
        report.add(names + "CPU of the broker, an event", "µs", [crowd.broker * 1e4 / (count * _RATE)])
        report.add(names + "CPU of who speaks for the workers", "% of a core", [crowd.speakers])
        report.add(names + "CPU of the whole machine", "% of its cores", [crowd.machine])
        report.add(names + "memory of the broker", "MB", [crowd.memory / 1e6])
        if crowd.machine > 95:
            report.notes.append(f"with {count} the machine was saturated, by this or by what else ran on it")
        if count == counts[-1]:
            report.expect(names + "p99", percentile(crowd.late, 99), 50, "ms")
            report.expect(names + "CPU of the broker", crowd.broker, 90, "% of a core")
    return report


@dataclass
class _Crowd:
    """Milliseconds by which events were late, percents of a core (of the whole machine: of all), bytes."""

    late: list[float] = field(default_factory=list)
    broker: float = 0.0
    speakers: float = 0.0
    machine: float = 0.0
    memory: int = 0


def _speak(count: int, seconds: float) -> _Crowd:
    crowd = _Crowd()
    with _yard(count) as here, here.connect() as client:
        sessions = [client.open().session.id for _ in range(count)]
        prompt = f"emit {int(seconds * _RATE)} {_SIZE} {_RATE}"
        came: list[tuple[int, int]] = []
        threads = [
            threading.Thread(target=_follow, args=(client, each, prompt, came)) for each in sessions[:_READ]
        ]
        for thread in threads:
            thread.start()
        for session in sessions[_READ:]:
            client.send(prompt, session=session)
        began = time.monotonic()
        time.sleep(_MARGIN)
        measured = [here.broker, _speakers(here)]
        psutil.cpu_percent()
        first, before = time.monotonic(), [cpu_seconds(process) for process in measured]
        time.sleep(max(1.0, began + seconds - 2 * _MARGIN - first))
        last = time.monotonic()
        spent = [cpu_seconds(process) - start for process, start in zip(measured, before, strict=True)]
        crowd.broker, crowd.speakers = (each / (last - first) * 100 for each in spent)
        crowd.machine = psutil.cpu_percent()
        crowd.memory = private_memory(here.broker)
        for thread in threads:
            thread.join(120)
    crowd.late = [(now - at) / 1e6 for now, at in came if first * 1e9 < at < last * 1e9] or [math.inf]
    return crowd


def _speakers(here: Yard) -> psutil.Process:
    """The process that is all workers."""
    processes = [psutil.Process(pid) for pid in leftovers.marked(here.lab.mark)]
    return next(each for each in processes if "light-zygote" in each.cmdline())


@contextmanager
def _yard(workers: int) -> Iterator[Yard]:
    with Lab() as lab:
        lab.server_environment |= importing_tests()
        lab.program = (sys.executable, "-m", "tests.benchmarks.light_workers")
        program = make_program(lab.folder)
        lab.start("--workers", str(workers), "--claude", str(program))
        yield Yard(lab, lab.approved("bench"), program)
        lab.server.stop(30)


def _follow(client: Client, session: str, prompt: str, came: list[tuple[int, int]]) -> None:
    with client.prompt(prompt, session=session) as turn:
        for event in turn:
            if isinstance(event, Line) and (at := written_at(event.raw)) is not None:
                came.append((time.monotonic_ns(), at))  # noqa: PERF401  others append to it, too
