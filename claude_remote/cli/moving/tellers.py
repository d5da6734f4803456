"""What is said of a transfer: to people on a terminal, to scripts, or next to nothing."""

from __future__ import annotations

import re
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from claude_remote.cli.table import duration
from claude_remote.cli.terminal import Terminal, escape
from claude_remote.client.persistence import Watch
from claude_remote.errors import RemoteError
from claude_remote.transfer.names import show

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

_SHOW_EVERY = 0.1
_REMEMBERED = 10_000  # of what has failed


class NobodyListens(Exception):
    """Standard output is closed: no error of the file that was to be told of."""


class Teller(Watch):
    """Says what goes wrong, and counts. `code`: the exit code, by the first thing that was left out."""

    plans = False
    """Whether it wants to know before how much there is."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._began = time.monotonic()
        self.code = 0
        self.files = self.bytes = self.left_out = self.below = 0
        self._failed: set[bytes] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.below:
            self._terminal.fail(f"{self.below} more were left out with them, for they are below these")
        if error is None:
            self.finished(time.monotonic() - self._began)

    def moved(self, count: int) -> None:
        self.bytes += count

    def done(self, path: bytes) -> None:  # noqa: ARG002  as Progress has it
        self.files += 1

    def failed(self, path: bytes, error: RemoteError) -> None:
        self.left_out += 1
        self.code = self.code or error.exit_code
        if any(path[: match.start()] in self._failed for match in re.finditer(b"/", path)):
            self.below += 1  # of a folder that could not be made: thousands, maybe
            return
        if len(self._failed) < _REMEMBERED:
            self._failed.add(path)
        self.complain(escape(error.message))

    def complain(self, words: str) -> None:
        """Say what went wrong."""
        self._terminal.fail(words)

    def reconnecting(self, why: str) -> None:
        self._terminal.say(f"{escape(why)}; reconnecting …")

    def reconnected(self) -> None:
        self._terminal.say("connected again")

    def interrupted(self, *, goes_on: bool) -> None:
        """By Ctrl-C. `goes_on`: the same command would go on where this one stopped; a stream is gone."""
        kept = "; what has arrived is kept, the same command goes on from there" if goes_on else ""
        self._terminal.say(f"interrupted{kept}")

    def finished(self, seconds: float) -> None:
        """All of it is there."""


class JsonTeller(Teller):
    """Every event as a line of JSON on standard output."""

    def planned(self, files: int, size: int) -> None:
        self._tell(event="planned", files=files, bytes=size)

    def began(self, path: bytes, size: int | None) -> None:
        self._tell(event="file", path=show(path), bytes=size)

    def resumed(self, path: bytes, offset: int) -> None:
        self._tell(event="resumed", path=show(path), offset=offset)

    def done(self, path: bytes) -> None:
        super().done(path)
        self._tell(event="done", path=show(path))

    def failed(self, path: bytes, error: RemoteError) -> None:
        super().failed(path, error)  # on standard error, for people
        self._tell(event="failed", path=show(path), code=error.code, message=error.message)

    def reconnecting(self, why: str) -> None:
        self._tell(event="reconnecting", message=why)

    def reconnected(self) -> None:
        self._tell(event="reconnected")

    def finished(self, seconds: float) -> None:
        self._tell(
            event="finished",
            files=self.files,
            bytes=self.bytes,
            failed=self.left_out,
            seconds=round(seconds, 3),
        )

    def _tell(self, **event: object) -> None:
        import msgspec

        try:
            self._terminal.write(msgspec.json.encode(event) + b"\n")
        except BrokenPipeError:
            raise NobodyListens from None


class BarTeller(Teller):
    """Two bars on a terminal: all of it, and the file that is under way."""

    plans = True

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal)
        self._bars: Bars = _make_bars()
        self._all: TaskID = self._bars.add_task("", total=None)
        self._file: TaskID | None = None
        self._path = self._shown_path = b""
        self._size: int | None = None
        self._of_file = 0
        self._shown = 0.0

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()
        super().__exit__(kind, error, trace)

    def planned(self, files: int, size: int) -> None:
        self._bars.update(self._all, total=size, description=f"{files} files" if files != 1 else "1 file")

    def began(self, path: bytes, size: int | None) -> None:
        self._path, self._size, self._of_file = path, size, 0

    def resumed(self, path: bytes, offset: int) -> None:  # noqa: ARG002  as Progress has it
        self._of_file = offset
        self._bars.advance(self._all, offset)

    def moved(self, count: int) -> None:
        super().moved(count)
        self._of_file += count
        self._bars.advance(self._all, count)
        if self._due():
            self._show_file()

    def complain(self, words: str) -> None:
        self._bars.console.print(f"claude-remote: {words}", markup=False, highlight=False)

    def reconnecting(self, why: str) -> None:
        self._bars.console.print(f"{escape(why)}; reconnecting …", markup=False, highlight=False)

    def reconnected(self) -> None:
        self._bars.console.print("connected again", markup=False, highlight=False)

    def finished(self, seconds: float) -> None:
        files = "1 file" if self.files == 1 else f"{self.files} files"
        rate = _size(self.bytes / max(seconds, 0.001))
        self._terminal.say(f"{files}, {_size(self.bytes)} in {duration(seconds)} ({rate}/s)")

    def _show_file(self) -> None:
        if self._file is None or self._path != self._shown_path:
            if self._file is not None:
                self._bars.remove_task(self._file)
            self._file = self._bars.add_task(escape(show(self._path)), total=self._size)
            self._shown_path = self._path
        self._bars.update(self._file, completed=self._of_file)

    def _due(self) -> bool:
        """Whether it is time to show something else: thousands of small files would be a blur."""
        now = time.monotonic()
        if now - self._shown < _SHOW_EVERY:
            return False
        self._shown = now
        return True


def make_teller(terminal: Terminal, *, quiet: bool, json: bool) -> Teller:
    """Bars only where somebody sees them."""
    if json:
        return JsonTeller(terminal)
    if quiet or not terminal.shows_errors:
        return Teller(terminal)
    return BarTeller(terminal)


def _make_bars() -> Bars:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.table import Column

    return Progress(
        TextColumn(
            "{task.description}",
            markup=False,
            table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"),
        ),
        BarColumn(bar_width=20),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True),
        transient=True,
        expand=True,
    )


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return ""
