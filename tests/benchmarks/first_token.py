"""From the prompt to the first text of the answer. The model answers at once, so all of it is the road."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from claude_remote.client import Client
from claude_remote.client.answer import Answer, Text
from claude_remote.client.events import Line
from tests.benchmarks.figures import Report
from tests.benchmarks.rounds import Measure, interleave
from tests.benchmarks.settings import Settings
from tests.benchmarks.yard import Yard, open_ready, yard
from tests.e2e.lab import console_script
from tests.e2e.programs import Running
from tests.fakes.messages_api import claude_program, text

_WORDS = "Say hello."
_REFERENCE = "claude -p, cold"
_COLD = "claude-remote -p, a new session"
_KEPT_WARM = "claude-remote -p, a new session, warm"
_RESUMED = "claude-remote -p -r, a later turn"
_WARM = "library, first turn of an opened session"
_LATER = "library, a later turn"


def run(settings: Settings) -> Report:
    """Measure."""
    report = Report(
        "first-token", "prompt to first text; -p: whole process, to the first byte on its terminal"
    )
    # As many as there will be sessions: parking one to make room for the next would be measured too.
    times = settings.times(6)
    with (
        yard(workers=2 * times + 6) as here,
        yard(workers=times + 6, warm=1) as beside,
        here.connect() as client,
    ):
        for each in (here, beside):
            each.lab.api.on(lambda _: True, *[text("Hello there, and well met.", chunks=5)] * 1000)
        measures = _measures(here, client) | {_KEPT_WARM: lambda: _kept_warm(beside)}
        _kept_warm(beside)
        interleave(1, measures)
        samples = interleave(times, measures)
    figures = {
        name: report.add(
            name, "ms", [each * 1000 for each in taken], None if name == _REFERENCE else _REFERENCE
        )
        for name, taken in samples.items()
    }
    for what, name, limit in (
        ("warm prompt to first token", _WARM, 0.35),
        ("later turns to first token", _LATER, 0.1),
        ("later turns by a new process each", _RESUMED, 0.35),
    ):
        report.expect(f"{what}, by claude -p cold", figures[name].over(figures[_REFERENCE]), limit, "")
    return report


def _measures(here: Yard, client: Client) -> dict[str, Measure]:
    remote = console_script("claude-remote")
    kept = open_ready(client)

    def local() -> float:
        return _to_first_byte([claude_program(), "-p", _WORDS], here.local_environment, here.lab.work)

    def cold() -> float:
        return _to_first_byte([remote, "-p", _WORDS], here.remote_environment, here.client.home)

    def resumed() -> float:
        return _to_first_byte([remote, "-r", kept, "-p", _WORDS], here.remote_environment, here.client.home)

    def warm() -> float:
        return _to_first_text(client, open_ready(client))

    def later() -> float:
        return _to_first_text(client, kept)

    return {_REFERENCE: local, _COLD: cold, _RESUMED: resumed, _WARM: warm, _LATER: later}


def _kept_warm(beside: Yard) -> float:
    """A new session, which becomes what was kept warm; the next is ready before anything else is measured."""
    remote = console_script("claude-remote")
    took = _to_first_byte([remote, "-p", _WORDS], beside.remote_environment, beside.client.home)
    beside.wait_for_warm()
    return took


def _to_first_byte(command: Sequence[str | Path], environment: Mapping[str, str], folder: Path) -> float:
    began = time.perf_counter()
    with Running(command, environment, folder, shown=True) as running:
        running.wait_for(".")
        took = time.perf_counter() - began
        ran = running.finish(60)
    if ran.code != 0:
        raise AssertionError(f"{command} ended with {ran}")
    return took


def _to_first_text(client: Client, session: str) -> float:
    answer = Answer()
    took = None
    began = time.perf_counter()
    with client.prompt(_WORDS, session=session) as turn:
        for event in turn:
            if took is not None or not isinstance(event, Line):
                continue
            if any(isinstance(piece, Text) for piece in answer.read(event.raw)):
                took = time.perf_counter() - began
    if took is None:
        raise AssertionError(f"the turn had no text: {turn.outcome}")
    return took
