"""Many sessions that speak at once, each followed by a client of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

import psutil  # type: ignore[import-untyped]

from claude_remote.client import Client
from claude_remote.client.events import Line
from tests.benchmarks.bare_pipe import BarePipe
from tests.benchmarks.figures import Report, percentile
from tests.benchmarks.settings import Settings
from tests.benchmarks.stand_in import written_at
from tests.benchmarks.usage import cpu_seconds
from tests.benchmarks.yard import Yard, open_ready, yard

_RATE = 20
_SIZE = 300
# Left out at either end: not everybody has begun, or somebody has finished.
_MARGIN = 2.0
_PATIENCE = 120.0


def run(settings: Settings) -> Report:
    """Measure."""
    count = 10 if settings.quick else settings.sessions
    seconds = 6.0 if settings.quick else 25.0
    report = Report("fan-in", f"{count} sessions, {_RATE} events/s of {_SIZE} bytes each, a client for each")
    with yard(workers=count, stand_in=True) as here, here.connect() as client:
        program = here.stand_in
        assert program is not None
        with ExitStack() as stack:
            pipes = [stack.enter_context(BarePipe(program)) for _ in range(count)]
            bare = Crowd([_reads_pipe(pipe, seconds / 2) for pipe in pipes])
            bare.run(seconds / 2, psutil.Process(), here)
        sessions = [open_ready(client) for _ in range(count)]
        crowd = Crowd([_follows(client, session, seconds) for session in sessions])
        crowd.run(seconds, psutil.Process(), here)
    for percent in (50, 99):
        pipes_late, road_late = percentile(bare.late, percent), percentile(crowd.late, percent)
        report.add(f"bare pipes, p{percent}", "ms", [pipes_late])
        report.add(f"claude-remote, p{percent}", "ms", [road_late], f"bare pipes, p{percent}")
    report.add("CPU of the broker", "% of a core", [crowd.broker_cpu])
    report.add("CPU of this benchmark's readers", "% of a core", [crowd.own_cpu])
    report.add("CPU of the whole machine", "% of its cores", [crowd.machine_cpu])
    report.add("CPU of the whole machine, bare pipes", "% of its cores", [bare.machine_cpu])
    report.expect(f"{count} sessions, p99", percentile(crowd.late, 99), 50, "ms")
    report.expect(f"{count} sessions, CPU of the broker", crowd.broker_cpu, 90, "% of a core")
    if crowd.machine_cpu > 95:
        report.notes.append("the machine was saturated, by what was measured or by what else ran on it")
    return report


Reader = Callable[[Callable[[bytes], None]], None]


class Crowd:
    """Readers, a thread each. `late`: milliseconds, of the lines that came while everybody was there."""

    def __init__(self, readers: list[Reader]) -> None:
        self._readers = readers
        self._failures: list[BaseException] = []
        self._came: list[tuple[int, int]] = []
        self.late: list[float] = []
        self.broker_cpu = self.own_cpu = self.machine_cpu = 0.0

    def run(self, seconds: float, own: psutil.Process, here: Yard) -> None:
        """Have them all read at once; what they do takes `seconds`."""
        threads = [threading.Thread(target=self._read, args=(reader,)) for reader in self._readers]
        for thread in threads:
            thread.start()
        began = time.monotonic()
        time.sleep(_MARGIN)
        psutil.cpu_percent()
        measured = [own, here.broker]
        before = [cpu_seconds(process) for process in measured]
        first = time.monotonic()
        time.sleep(max(0.5, began + seconds - _MARGIN - first))
        last = time.monotonic()
        self.machine_cpu = psutil.cpu_percent()
        spent = [cpu_seconds(process) - start for process, start in zip(measured, before, strict=True)]
        self.own_cpu, self.broker_cpu = (each / (last - first) * 100 for each in spent)
        for thread in threads:
            thread.join(_PATIENCE)
        if self._failures:
            raise self._failures[0]
        self.late = [
            (now - written) / 1e6 for now, written in self._came if first * 1e9 < written < last * 1e9
        ]

    def _read(self, reader: Reader) -> None:
        came = self._came

        def take(line: bytes) -> None:
            written = written_at(line)
            if written is not None:
                came.append((time.monotonic_ns(), written))

        try:
            reader(take)
        except Exception as error:  # noqa: BLE001  it is raised where the crowd is awaited
            self._failures.append(error)


def _reads_pipe(pipe: BarePipe, seconds: float) -> Reader:
    def read(take: Callable[[bytes], None]) -> None:
        for _, line in pipe.emit(int(seconds * _RATE), _SIZE, _RATE):
            take(line)

    return read


def _follows(client: Client, session: str, seconds: float) -> Reader:
    def read(take: Callable[[bytes], None]) -> None:
        with client.prompt(f"emit {int(seconds * _RATE)} {_SIZE} {_RATE}", session=session) as turn:
            for event in turn:
                if isinstance(event, Line):
                    take(event.raw)

    return read
