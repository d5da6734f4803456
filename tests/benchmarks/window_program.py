"""The window as it is, which measures itself: python -m tests.benchmarks.window_program SECONDS ROWS

Prints one line of JSON: when it first painted (seconds since the epoch), then what it cost. `grown` is by how
many bytes it became larger in an hour, by the line that fits its size in the second half of the time best.
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import threading
import time

import psutil
from PyQt6.QtCore import QEvent, QObject, Qt, QTimer

from claude_remote.client.conversation.items import Change, Said, ToolState, ToolUse, Words
from claude_remote.paths import find_paths
from claude_remote_gui import application
from claude_remote_gui.activity import Entry
from claude_remote_gui.views.window import Window

_TICK = 5  # ms
_CHUNK = 200  # changes, as they are read from a log


class FirstPaint(QObject):
    """When the window is first painted."""

    at = 0.0

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Looks at every event."""
        if not self.at and event is not None and event.type() == QEvent.Type.Paint:
            self.at = time.time()
        return False


class Pauses:
    """How long the loop was not there: by the clock, and how much of that the window itself worked."""

    def __init__(self) -> None:
        self.reset()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(_TICK)

    def reset(self) -> None:
        """From now on."""
        self.longest = self.worked = 0.0
        self._before, self._work = time.perf_counter(), time.thread_time()

    def _tick(self) -> None:
        now, work = time.perf_counter(), time.thread_time()
        self.longest = max(self.longest, now - self._before - _TICK / 1000)
        self.worked = max(self.worked, work - self._work)
        self._before, self._work = now, work


class Collections:
    """How long Python's collector held everybody up, in whichever thread it ran."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._began: dict[int, float] = {}
        gc.callbacks.append(self._note)

    def _note(self, phase: str, _about: dict[str, int]) -> None:
        thread = threading.get_ident()
        if phase == "start":
            self._began[thread] = time.thread_time()
        else:
            self.longest = max(self.longest, time.thread_time() - self._began.pop(thread, time.thread_time()))


class Growth:
    """Its size, ten times a minute at most and a hundred times in all."""

    def __init__(self, seconds: float) -> None:
        self._sizes: list[tuple[float, float]] = []
        self._process = psutil.Process()
        self._timer = QTimer()
        self._timer.timeout.connect(self._note)
        self._timer.start(max(200, int(seconds * 10)))

    def _note(self) -> None:
        self._sizes.append((time.monotonic(), self._process.memory_info().rss))

    def in_an_hour(self) -> float:
        """Bytes."""
        half = self._sizes[len(self._sizes) // 2 :]
        if len(half) < 3:
            return 0.0
        times, sizes = zip(*half, strict=True)
        return statistics.linear_regression(times, sizes).slope * 3600


def changes(count: int) -> list[Change]:
    """A long conversation."""
    made: list[Change] = []
    for number in range(1, count + 1):
        match number % 4:
            case 0:
                made.append(Said(id=number, text="And now the next one, please.", client="me"))
            case 1 | 2:
                made.append(
                    ToolUse(
                        id=number,
                        tool_use=str(number),
                        tool="Bash",
                        summary="pytest -q",
                        input=b'{"command": "pytest -q"}',
                        state=ToolState.DONE,
                        outcome="12 passed",
                        result="............ [100%]\n12 passed",
                    )
                )
            case _:
                text = f"It **works**: `{number}` passes.\n\n```python\nx = {number}  # why\n```\n"
                made.append(Words(id=number, kind="answer", text=text))
    return made


def main() -> None:
    """See the module."""
    seconds, rows = float(sys.argv[1]), int(sys.argv[2])
    program = application.create(["claude-remote-gui"])
    first = FirstPaint()
    program.installEventFilter(first)
    window = application.open_window(find_paths(), [])
    pauses = Pauses()
    process = psutil.Process()
    collections = Collections()
    watched: list[Growth] = []
    told: dict[str, float] = {}

    def begin() -> None:
        program.removeEventFilter(first)  # it is Python, for every event
        told["first_paint"] = first.at
        told["resident_empty"] = process.memory_info().rss
        window.activity.add([Entry(1.0, "home", "prompt", "me", "s", f"line {n}") for n in range(rows)])
        pauses.reset()
        watched.append(Growth(seconds))
        collections.longest = 0.0
        told["seq"] = max(state.picture.seq for state in window.sessions._hub.states.values())
        told["cpu_began"], told["began"] = time.process_time(), time.perf_counter()

    def end() -> None:
        took = time.perf_counter() - told["began"]
        told["cpu"] = (time.process_time() - told["cpu_began"]) / took
        told["pause"], told["pause_work"] = pauses.longest, pauses.worked
        told["resident"] = process.memory_info().rss
        told["grown"] = watched[0].in_an_hour()
        told["collection"] = collections.longest
        told["rows"] = window.activity.model.rowCount()
        states = window.sessions._hub.states.values()
        told["taken"] = (max(state.picture.seq for state in states) - told["seq"]) / took
        told["stale"] = float(any(state.stale for state in states))
        if rows:
            read(window, rows, pauses, told, finish)
        else:
            finish()

    def finish() -> None:
        print(json.dumps(told), flush=True)
        window.leave()

    QTimer.singleShot(1500, begin)
    QTimer.singleShot(1500 + int(seconds * 1000), end)
    sys.exit(application.run(program, window))


def read(window: Window, count: int, pauses: Pauses, told: dict[str, float], then: object) -> None:
    """A conversation of so many items, as fast as the window takes it; the last tenth as if it came live."""
    transcript = window.sessions.conversation.transcript
    window.tabs.setCurrentIndex(0)
    made = changes(count)
    live = made[-count // 10 :]
    pauses.reset()
    began = time.process_time()
    place = 0

    def more() -> None:
        nonlocal place
        chunk = made[place : place + _CHUNK]
        place += _CHUNK
        if place < len(made) - len(live):
            transcript.keep(chunk)
        else:
            transcript.apply(chunk)
        if place < len(made):
            QTimer.singleShot(0, more)
            return
        told["read_cpu"] = time.process_time() - began
        told["read_pause"], told["read_work"] = pauses.longest, pauses.worked
        told["read_resident"] = psutil.Process().memory_info().rss
        then()  # type: ignore[operator]

    more()


if __name__ == "__main__":
    main()
