"""What it costs to have workers beside their claudes, idle connections, a broker; and to start a worker."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from typing import Any

from claude_remote.client import Client
from tests.benchmarks.figures import Report
from tests.benchmarks.rounds import interleave, timed
from tests.benchmarks.running import run as run_program
from tests.benchmarks.settings import Settings
from tests.benchmarks.usage import private_memory
from tests.benchmarks.yard import Yard, open_ready, yard
from tests.fakes.claude import claude_program
from tests.workers.stage import Stage

_SETTLED = 2.0  # seconds after its start in which a claude still allocates
_FORKED = "worker forked from the zygote, until it says Ready"
_EXECUTED = "Python executed anew with a worker's imports"


def run(settings: Settings) -> Report:
    """Measure."""
    report = Report("memory", "private memory (USS: what would be free if the process ended), and starts")
    with yard(workers=4) as here:
        _broker(report, here)
        with here.connect() as client:
            _workers(report, here, client, 2 if settings.quick else 4)
        _connections(report, here, 50 if settings.quick else 500)
    _starts(report, settings.times(20))
    return report


def _broker(report: Report, here: Yard) -> None:
    memory: Any = here.broker.memory_full_info()
    report.add("broker, idle, resident", "MB", [memory.rss / 1e6])
    report.add("broker, idle, private", "MB", [memory.uss / 1e6])


def _workers(report: Report, here: Yard, client: Client, count: int) -> None:
    for _ in range(count):
        open_ready(client)
    time.sleep(_SETTLED)
    workers = here.workers
    claudes = [child for worker in workers for child in worker.children()]
    report.add("claude, idle", "MB", [private_memory(claude) / 1e6 for claude in claudes])
    own = report.add(
        "worker beside it", "MB", [private_memory(worker) / 1e6 for worker in workers], "claude, idle"
    )
    report.expect("private memory of a worker", own.median, 8, "MB")


def _connections(report: Report, here: Yard, count: int) -> None:
    before = private_memory(here.broker)
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(here.connect())
        each = (private_memory(here.broker) - before) / count / 1024
    figure = report.add(f"broker, for each of {count} idle TLS connections", "KiB", [each])
    report.expect("memory of an idle connection", figure.median, 40, "KiB")


def _starts(report: Report, times: int) -> None:
    with Stage(claude_program()) as stage:
        forked = 0

        def fork() -> None:
            nonlocal forked
            forked += 1
            stage.fork(f"w{forked}")
            stage.broker.pump(lambda: len(stage.broker.readies) >= forked)

        def execute() -> None:
            run_program([sys.executable, "-c", "import claude_remote_workers.worker"])

        measures = {_FORKED: timed(fork), _EXECUTED: timed(execute)}
        interleave(2, measures)
        samples = interleave(times, measures)
    report.add(_EXECUTED, "ms", [each * 1000 for each in samples[_EXECUTED]])
    figure = report.add(_FORKED, "ms", [each * 1000 for each in samples[_FORKED]], _EXECUTED)
    report.expect("start of a worker", figure.median, 20, "ms")
