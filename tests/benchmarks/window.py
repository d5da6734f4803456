"""The window: its start, its memory, what a feed costs it, and how long its loop is not there.

Alone: python -m tests.benchmarks window, and --seconds 600 for ten minutes at each rate. The window draws
without a screen (Qt's offscreen platform).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.figures import Report
from tests.benchmarks.settings import Settings

ROWS = 100_000
RATES = (0, 1_000, 10_000)  # items of the feed in a second
_PATIENCE = 600.0
_LONG_ENOUGH = 120.0  # seconds: what is shorter says nothing about an hour


def run(settings: Settings) -> Report:
    """Measure."""
    report = Report("window", f"the window, {ROWS} lines of activity, a conversation of {ROWS} items")
    seconds = settings.scale(settings.seconds)
    rows = ROWS // 10 if settings.quick else ROWS
    starts, empty = [], []
    for rate in RATES:
        found = measure(rate, seconds, rows)
        starts.append(found["first_paint"] - found["started"])
        empty.append(found["resident_empty"] / 1e6)
        what = f"{rate} events/s" if rate else "no events"
        report.add(f"longest pause of the loop, {what}", "ms", [found["pause"] * 1e3])
        report.add(f"longest work at once, {what}", "ms", [found["pause_work"] * 1e3])
        report.add(f"longest collection, {what}", "ms", [found["collection"] * 1e3])
        if rate:
            report.add(f"taken, of {what}", "events/s", [found["taken"]])
        report.add(f"processor, {what}", "% of a core", [found["cpu"] * 100])
        report.add(f"resident with {rows} lines, {what}", "MB", [found["resident"] / 1e6])
        if seconds >= _LONG_ENOUGH:
            report.add(f"grows, {what}", "MB in an hour", [found["grown"] / 1e6])
        if not rate:
            report.add(
                f"conversation of {rows} items, until it is shown", "s of processor", [found["read_cpu"]]
            )
            report.add("longest pause meanwhile", "ms", [found["read_pause"] * 1e3])
            report.add("longest work at once meanwhile", "ms", [found["read_work"] * 1e3])
            report.add("resident with it", "MB", [found["read_resident"] / 1e6])
    report.add("start to first paint", "ms", [each * 1e3 for each in starts])
    report.add("resident, empty", "MB", empty)
    report.notes.append(f"each feed was watched for {seconds:.0f} s")
    return report


def measure(rate: int, seconds: float, rows: int) -> dict[str, float]:
    """One window beside one server that only tells."""
    with tempfile.TemporaryDirectory(prefix="cr-") as home, _feeder(home, rate):
        environment = os.environ | {
            "CLAUDE_REMOTE_HOME": home,
            "QT_QPA_PLATFORM": "offscreen",
            "QT_LOGGING_RULES": "*=false",
        }
        started = time.time()
        ran = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.window_program", str(seconds), str(rows)],
            env=environment,
            stdout=subprocess.PIPE,
            timeout=_PATIENCE + seconds,
            check=True,
        )
    found: dict[str, float] = json.loads(ran.stdout)
    return found | {"started": started}


@contextmanager
def _feeder(home: str, rate: int) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.window_feeder", str(Path(home)), str(rate)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        if process.stdout.readline() != b"ready\n":
            raise RuntimeError("the server that only tells did not start")
        try:
            yield
        finally:
            process.stdin.close()
            process.wait(_PATIENCE)
