"""The stand-in says what claude would."""

from __future__ import annotations

import json
import time
from pathlib import Path

from claude_remote_workers.stream_json import STREAM_EVENT
from tests.benchmarks import stand_in
from tests.benchmarks.bare_pipe import BarePipe, make_program


def test_a_line_is_a_stream_event_of_the_size_that_was_asked_for() -> None:
    before = time.monotonic_ns()
    line = stand_in.make_line(400)
    assert len(line) == 400
    assert line.startswith(STREAM_EVENT)
    assert json.loads(line)["event"]["delta"]["type"] == "text_delta"
    assert before <= (stand_in.written_at(line) or 0) <= time.monotonic_ns()
    assert stand_in.written_at(b'{"type":"result"}') is None


def test_by_a_pipe_every_line_comes_once(tmp_path: Path) -> None:
    with BarePipe(make_program(tmp_path)) as pipe:
        fast = list(pipe.emit(3000, 300, 0))
        slow = list(pipe.emit(3, 300, 1000))
    assert (len(fast), len(slow)) == (3000, 3)
    assert all(came >= (stand_in.written_at(line) or 0) for came, line in fast + slow)
