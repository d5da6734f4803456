"""How much later an event arrives than it would by a pipe."""

from __future__ import annotations

import time

from claude_remote.client import Client
from claude_remote.client.events import Line
from tests.benchmarks.bare_pipe import BarePipe
from tests.benchmarks.figures import Report, percentile
from tests.benchmarks.settings import Settings
from tests.benchmarks.stand_in import written_at
from tests.benchmarks.yard import open_ready, yard

_RATE = 100
_SIZE = 300


def run(settings: Settings) -> Report:
    """Measure."""
    report = Report("latency", f"from the write to the reader, {_RATE} events/s of {_SIZE} bytes")
    count = int(settings.scale(400))
    rounds = settings.times(5)
    taken: dict[str, list[list[float]]] = {"bare pipe": [], "claude-remote": []}
    with yard(workers=1, stand_in=True) as here, here.connect() as client:
        program = here.stand_in
        assert program is not None
        session = open_ready(client)
        with BarePipe(program) as pipe:
            for number in range(-1, rounds):  # the first is for the caches
                several = count if number >= 0 else 50
                by_pipe = [_late(line, now) for now, line in pipe.emit(several, _SIZE, _RATE)]
                by_road = through(client, session, several, _SIZE, _RATE)
                if number >= 0:
                    taken["bare pipe"].append(by_pipe)
                    taken["claude-remote"].append(by_road)
    for percent in (50, 99):
        for name, of_rounds in taken.items():
            samples = [percentile(each, percent) for each in of_rounds]
            report.add(f"{name}, p{percent}", "ms", samples)
        added = [
            percentile(road, percent) - percentile(pipe, percent)
            for road, pipe in zip(taken["claude-remote"], taken["bare pipe"], strict=True)
        ]
        figure = report.add(f"added, p{percent}", "ms", added)
        report.expect(f"added latency, p{percent}", figure.median, 1.0 if percent == 50 else 5.0, "ms")
    report.notes.append(f"{rounds} rounds of {count} events; each sample is one round's percentile")
    return report


def through(client: Client, session: str, count: int, size: int, rate: float) -> list[float]:
    """Have a session's stand-in speak; how late each line came, in milliseconds. Every line, once."""
    with client.prompt(f"emit {count} {size} {rate}", session=session) as turn:
        late = [
            (time.monotonic_ns() - written) / 1e6
            for event in turn
            if isinstance(event, Line) and (written := written_at(event.raw)) is not None
        ]
    if len(late) != count:
        raise AssertionError(f"{len(late)} lines came of {count}")
    return late


def _late(line: bytes, now: int) -> float:
    return (now - (written_at(line) or now)) / 1e6
