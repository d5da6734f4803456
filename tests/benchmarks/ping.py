"""Is the server there: a whole process, from its start to its end."""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks.figures import Report
from tests.benchmarks.rounds import Measure, interleave, timed
from tests.benchmarks.running import run as run_program
from tests.benchmarks.settings import Settings
from tests.benchmarks.sshd import NoSshd, Sshd
from tests.benchmarks.yard import yard
from tests.e2e.lab import console_script

_BARE = "python -c pass"
_SSH = "ssh host true"
_TLS = "claude-remote ping, by TLS"
_LOCAL = "claude-remote ping, by the control socket"


def run(settings: Settings) -> Report:
    """Measure."""
    report = Report("ping", "whole process, loopback")
    with ExitStack() as stack:
        here = stack.enter_context(yard(workers=1))
        ping: list[str | Path] = [console_script("claude-remote"), "ping", "-c", "1"]
        bare = (sys.executable, "-c", "pass")
        measures: dict[str, Measure] = {
            _BARE: timed(lambda: run_program(bare, here.remote_environment)),
            _TLS: timed(lambda: run_program(ping, here.remote_environment)),
            _LOCAL: timed(lambda: run_program(ping, here.local_environment)),
        }
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crb-")))
        try:
            measures[_SSH] = timed(stack.enter_context(Sshd(folder / "ssh")).run)
        except NoSshd as error:
            report.notes.append(f"no ratio to ssh: {error}")
        interleave(1, measures)  # files in the page cache, byte code written
        samples = interleave(settings.times(15), measures)
    reference = _SSH if _SSH in samples else _BARE
    figures = {
        name: report.add(
            name, "ms", [each * 1000 for each in taken], None if name == reference else reference
        )
        for name, taken in samples.items()
    }
    if reference is _SSH:
        for name in (_TLS, _LOCAL):
            report.expect(f"{name}, by ssh", figures[name].over(figures[_SSH]), 0.3, "")
    return report
