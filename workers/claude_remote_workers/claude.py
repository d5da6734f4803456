"""The claude process: its pipes and its signals. What its lines mean is not known here."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

from claude_remote_workers.prctl import die_with_parent

STDERR_KEPT = 64 * 1024
READ_SIZE = 256 * 1024


class CannotStart(Exception):
    """Claude could not be started; the words are for the user."""


class _Pending(NamedTuple):
    data: memoryview
    written: Callable[[], None] | None


class Claude:
    """One running claude, with pipes that never block.

    It runs in a session of its own, and the kernel kills it when this process dies. Its tools are not reached
    by that; see claude_remote.processes.
    """

    def __init__(self, arguments: Sequence[str], folder: str, environment: Mapping[str, str]) -> None:
        """Start it. Raises CannotStart."""
        held = _hold(folder)
        try:
            self._process = subprocess.Popen(
                arguments,
                cwd=f"/proc/self/fd/{held}",
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
                preexec_fn=die_with_parent(),  # noqa: PLW1509  no thread of this process holds Python locks
            )
        except OSError as error:
            raise CannotStart(f"cannot run {arguments[0]}: {error.strerror}") from error
        finally:
            os.close(held)
        self.pid = self._process.pid
        self.code: int | None = None
        self._stdin: IO[bytes] | None = self._process.stdin
        self._stdout: IO[bytes] | None = self._process.stdout
        self._stderr: IO[bytes] | None = self._process.stderr
        for pipe in (self._stdin, self._stdout, self._stderr):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
        self._queue: deque[_Pending] = deque()
        self._end_input_after_queue = False
        self._errors = bytearray()

    @property
    def stdout(self) -> int | None:
        """Its descriptor while it is open."""
        return None if self._stdout is None else self._stdout.fileno()

    @property
    def stderr(self) -> int | None:
        """Its descriptor while it is open."""
        return None if self._stderr is None else self._stderr.fileno()

    @property
    def stdin(self) -> int | None:
        """Its descriptor while something waits to be written."""
        return self._stdin.fileno() if self._stdin is not None and self._queue else None

    @property
    def stderr_tail(self) -> str:
        """The last that it wrote to its standard error."""
        return self._errors.decode(errors="replace")

    def read(self) -> bytes:
        """What has come on standard output; empty when there is nothing now, or never again (see stdout)."""
        data, self._stdout = _read(self._stdout)
        return data

    def read_stderr(self) -> bool:
        """Keep the tail of what has come on standard error. False when nothing came."""
        data, self._stderr = _read(self._stderr)
        self._errors += data
        del self._errors[:-STDERR_KEPT]
        return bool(data)

    def write(self, line: bytes, written: Callable[[], None] | None = None) -> None:
        """Queue a line for its standard input; `written` is called when the pipe has all of it."""
        if self._stdin is not None and not self._end_input_after_queue:
            self._queue.append(_Pending(memoryview(line), written))
            self.flush()

    def flush(self) -> None:
        """Write as much of the queue as the pipe takes."""
        while self._queue and self._stdin is not None:
            data, written = self._queue[0]
            try:
                count = os.write(self._stdin.fileno(), data)
            except BlockingIOError:
                return
            except BrokenPipeError:  # it is dying; its end will be noticed
                self._queue.clear()
                self._close_stdin()
                return
            if count < len(data):
                self._queue[0] = _Pending(data[count:], written)
                continue
            self._queue.popleft()
            if written is not None:
                written()
        if self._end_input_after_queue:
            self._close_stdin()

    def end_input(self) -> None:
        """Close its standard input when the queue is written: claude finishes its turn and exits."""
        self._end_input_after_queue = True
        self.flush()

    def send_signal(self, number: signal.Signals) -> None:
        """Signal it, unless it has been reaped."""
        if self.code is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def reaped(self, status: int) -> None:
        """Take down how it ended, as os.waitpid gave it."""
        self.code = os.waitstatus_to_exitcode(status)
        self._process.returncode = self.code
        self._queue.clear()
        self._close_stdin()

    def close(self) -> None:
        """Close what is left of the pipes, after everything was read."""
        self._close_stdin()
        for pipe in (self._stdout, self._stderr):
            if pipe is not None:
                pipe.close()
        self._stdout = self._stderr = None

    def _close_stdin(self) -> None:
        if self._stdin is not None:
            self._stdin.close()
            self._stdin = None


def _read(pipe: IO[bytes] | None) -> tuple[bytes, IO[bytes] | None]:
    if pipe is None:
        return b"", None
    try:
        data = os.read(pipe.fileno(), READ_SIZE)
    except BlockingIOError:
        return b"", pipe
    if not data:
        pipe.close()
        return b"", None
    return data, pipe


def _hold(folder: str) -> int:
    """A descriptor of the folder that the broker has looked at. Raises CannotStart if it is another now.

    Somebody may have put a link into its path since, which would lead out of the client's folders.
    """
    try:
        held = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        raise CannotStart(f"there is no folder {folder}") from None
    if str(Path(f"/proc/self/fd/{held}").readlink()) != folder:
        os.close(held)
        raise CannotStart(f"{folder} is another folder now: a link has come into its path")
    return held
