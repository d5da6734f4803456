"""How much goes through when claude has a lot to say at once."""

from __future__ import annotations

import time
from collections.abc import Iterable

import psutil  # type: ignore[import-untyped]

from claude_remote.client import Client
from claude_remote.client.events import Line
from tests.benchmarks.bare_pipe import BarePipe
from tests.benchmarks.figures import Report
from tests.benchmarks.settings import Settings
from tests.benchmarks.stand_in import written_at
from tests.benchmarks.usage import cpu_seconds
from tests.benchmarks.yard import Yard, open_ready, yard

_SHORT, _LONG = 300, 2048


def run(settings: Settings) -> Report:
    """Measure."""
    report = Report("bulk", "events through worker, bus, journal and TLS, as fast as they are taken")
    with yard(workers=1, stand_in=True) as here, here.connect() as client:
        assert here.stand_in is not None
        session = open_ready(client)
        with BarePipe(here.stand_in) as pipe:
            for size, usual in ((_SHORT, 400_000), (_LONG, 100_000)):
                _measure(report, here, client, session, pipe, size, int(settings.scale(usual)), settings)
    return report


def _measure(
    report: Report,
    here: Yard,
    client: Client,
    session: str,
    pipe: BarePipe,
    size: int,
    count: int,
    settings: Settings,
) -> None:
    bare: list[float] = []
    road: list[float] = []
    spent: dict[str, list[float]] = {"broker": [], "worker": [], "client": []}
    for number in range(-1, settings.times(5)):
        some = count if number >= 0 else count // 10
        by_pipe = _rate((line for _, line in pipe.emit(some, size, 0)), some)
        processes = {"broker": here.broker, "worker": here.workers[0], "client": psutil.Process()}
        before = {name: cpu_seconds(process) for name, process in processes.items()}
        by_road = _rate(_lines(client, session, some, size), some)
        if number < 0:
            continue
        bare.append(by_pipe)
        road.append(by_road)
        for name, process in processes.items():
            spent[name].append((cpu_seconds(process) - before[name]) / some * 1e6)
    report.add(f"bare pipe, {size} bytes", "events/s", bare)
    through = report.add(f"claude-remote, {size} bytes", "events/s", road, f"bare pipe, {size} bytes")
    report.add(f"claude-remote, {size} bytes, as bytes", "MB/s", [rate * size / 1e6 for rate in road])
    for name, samples in spent.items():
        report.add(f"CPU of the {name} per event, {size} bytes", "µs", samples)
    if size == _SHORT:
        report.expect("bulk events of 300 bytes", through.median, 200_000, "events/s", at_least=True)


def _lines(client: Client, session: str, count: int, size: int) -> Iterable[bytes]:
    with client.prompt(f"emit {count} {size} 0", session=session) as turn:
        for event in turn:
            if isinstance(event, Line):
                yield event.raw


def _rate(lines: Iterable[bytes], count: int) -> float:
    """Lines per second, from the writing of the first to the coming of the last."""
    began = 0
    came = ended = 0
    for line in lines:
        written = written_at(line)
        if written is None:
            continue
        began = began or written
        came += 1
        if came == count:
            ended = time.monotonic_ns()
    if came != count:
        raise AssertionError(f"{came} lines came of {count}")
    return count / (ended - began) * 1e9
