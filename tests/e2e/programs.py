"""Programs that tests start: to their end, beside the test, or on a terminal. Every wait is bounded."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
import tty
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

PATIENCE = 30.0  # seconds after which something has not happened
_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?<>=]*[A-Za-z]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[=>78()][AB0]?)")


@dataclass(frozen=True)
class Ran:
    """How a program ended, and what it said."""

    code: int
    out: str
    err: str


class Running:
    """A program that runs beside the test, its output collected in the background.

    `shown`: its stdout alone is a terminal, which changes no byte of what it writes.
    """

    def __init__(
        self,
        argv: Sequence[str | Path],
        env: Mapping[str, str],
        cwd: Path,
        *,
        stdin: bytes | None = None,
        shown: bool = False,
    ) -> None:
        master, slave = _raw_terminal() if shown else (None, None)
        self.process = subprocess.Popen(
            argv,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE if slave is None else slave,
            stderr=subprocess.PIPE,
        )
        if slave is not None:
            os.close(slave)
        self._changed = threading.Condition()
        self._said = {"out": b"", "err": b""}
        out = self.process.stdout if master is None else os.fdopen(master, "rb")
        assert out
        assert self.process.stderr
        streams: dict[str, IO[bytes]] = {"out": out, "err": self.process.stderr}
        self._threads = [
            threading.Thread(target=self._collect, args=(name, stream)) for name, stream in streams.items()
        ]
        for thread in self._threads:
            thread.start()
        if stdin is not None:
            assert self.process.stdin
            self.process.stdin.write(stdin)
            self.process.stdin.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def out(self) -> str:
        """What it has written on stdout so far."""
        with self._changed:
            return self._said["out"].decode()

    @property
    def err(self) -> str:
        """What it has written on stderr so far."""
        with self._changed:
            return self._said["err"].decode()

    def wait_for(self, pattern: str, *, stream: str = "out") -> re.Match[str]:
        """Wait until its output contains a pattern. Raises TimeoutError, EOFError, with what it said."""
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while True:
                said = self._said[stream].decode(errors="replace")
                if found := re.search(pattern, said):
                    return found
                if not any(thread.is_alive() for thread in self._threads):
                    raise EOFError(f"it ended without {pattern!r}: {self._said!r}")
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{pattern!r} did not come: {self._said!r}")
                self._changed.wait(0.1)

    def interrupt(self) -> None:
        """What Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)

    def finish(self, timeout: float = PATIENCE) -> Ran:
        """Wait for its end."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"it runs on: {self._said!r}") from error
        for thread in self._threads:
            thread.join(timeout)
            if thread.is_alive():
                raise TimeoutError("it ended, but somebody else holds its output open")
        return Ran(code, self.out, self.err)

    def close(self) -> None:
        """Kill it if it runs, and let go of its pipes."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        for thread in self._threads:
            thread.join(PATIENCE)

    def _collect(self, name: str, stream: IO[bytes]) -> None:
        with stream:
            while piece := _read_piece(stream.fileno()):
                with self._changed:
                    self._said[name] += piece
                    self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()


def _read_piece(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:  # EIO: nobody has the other end of a terminal any more
        return b""


def _raw_terminal() -> tuple[int, int]:
    master, slave = pty.openpty()
    tty.setraw(slave)
    return master, slave


class Terminal:
    """A program on a terminal of its own, 100 columns wide."""

    def __init__(self, argv: Sequence[str | Path], env: Mapping[str, str], cwd: Path) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        # setsid(1) makes it the controlling terminal, so that Ctrl-C is a signal, and becomes the program.
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *argv],
            env={**env, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"},
            cwd=cwd,
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        self._said = b""
        self._read_to = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        os.close(self._master)

    @property
    def screen(self) -> str:
        """All that was shown, without the escapes."""
        return _ESCAPES.sub("", self._said.decode(errors="replace")).replace("\r\n", "\n")

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait until a pattern is shown after the last one that was waited for."""
        deadline = time.monotonic() + PATIENCE
        while True:
            if found := re.compile(pattern).search(self.screen, self._read_to):
                self._read_to = found.end()
                return found
            if time.monotonic() > deadline:
                raise TimeoutError(f"{pattern!r} was not shown:\n{self.screen}")
            if not self._read() and self.process.poll() is not None:
                raise EOFError(f"it ended without {pattern!r}:\n{self.screen}")

    def read(self) -> None:
        """Take what it shows, so that it is not held up."""
        self._read()

    def type(self, keys: str) -> None:
        """Press keys: `\\r` is Enter, `\\x03` Ctrl-C, `\\x04` Ctrl-D."""
        os.write(self._master, keys.encode())

    @property
    def attributes(self) -> list[object]:
        """How the terminal is set, as termios has it."""
        return termios.tcgetattr(self._master)

    def resize(self, rows: int, columns: int) -> None:
        """Make it larger or smaller; who is on it is told by SIGWINCH."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def hang_up(self) -> None:
        """What a lost terminal does."""
        self.process.send_signal(signal.SIGHUP)

    def finish(self, timeout: float = PATIENCE) -> Ran:
        """Wait for its end, reading what it shows."""
        deadline = time.monotonic() + timeout
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"it runs on:\n{self.screen}")
            self._read()
        while self._read():
            pass
        return Ran(self.process.wait(), self.screen, "")

    def _read(self) -> bool:
        readable, _, _ = select.select([self._master], [], [], 0.05)
        if not readable:
            return False
        piece = _read_piece(self._master)
        self._said += piece
        return bool(piece)
