"""The stand-in, and the reference for everything that carries its lines: a pipe, and a reader at its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.benchmarks import stand_in

_READ_SIZE = 256 * 1024
_PATIENCE = 30.0


def make_program(folder: Path) -> Path:
    """The stand-in as a program that can be given to a server as its claude."""
    program = folder / "stand-in"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -IS "{stand_in.__file__}" "$@"\n')
    program.chmod(0o700)
    return program


class BarePipe:
    """A stand-in that runs below this process."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        try:
            self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_PATIENCE)

    def emit(self, count: int, size: int, rate: float) -> Iterator[tuple[int, bytes]]:
        """Have it speak: when each line came (nanoseconds), and the line. Only the lines that count."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise ValueError("the stand-in has no pipes")
        prompt = {"type": "user", "message": {"role": "user", "content": f"emit {count} {size} {rate}"}}
        stdin.write(json.dumps(prompt).encode() + b"\n")
        rest = b""
        left = count
        while left:
            data = os.read(stdout.fileno(), _READ_SIZE)
            if not data:
                raise EOFError("the stand-in has ended")
            now = time.monotonic_ns()
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if line.startswith(stand_in.PREFIX):
                    left -= 1
                    yield now, line
