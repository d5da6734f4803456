"""Programs that an update runs: bounded in time, what they write passed on, ended with the errand."""

from __future__ import annotations

import os
import subprocess
import time
from collections import deque
from collections.abc import Sequence

from claude_remote.errors import UpdateFailed
from claude_remote.messages import PARCEL, Progress, Step
from claude_remote.processes import LEASE_VARIABLE
from claude_remote_workers.errands.base import Task

_WITHIN = 900.0  # seconds for each of them
_MOST = 4 * 1024 * 1024  # of an output that is read by us
_LAST_LINES = 3
# Would lead an interpreter elsewhere than to its own environment.
_NOT_PASSED = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")


class Runner:
    """`task` is the errand's."""

    def __init__(self, task: Task) -> None:
        self._channel = task.channel
        self.environment = {
            **{name: value for name, value in task.environment.items() if name not in _NOT_PASSED},
            LEASE_VARIABLE: task.marker,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_INPUT": "1",
            "GIT_TERMINAL_PROMPT": "0",
        }

    def say(self, words: str) -> None:
        """What is done now."""
        self._channel.send(Step(words=words[:1024]))

    def run(self, what: str, command: Sequence[str], *, folder: str = "/") -> None:
        """Show what it writes. Raises UpdateFailed when it fails: `what` does."""
        code, told = self._follow(command, folder, show=True)
        if code:
            raise UpdateFailed(f"{what} failed: {_last_words(told) or f'exit code {code}'}")

    def ask(self, what: str, command: Sequence[str], *, folder: str = "/") -> str:
        """What it writes to standard output. Raises UpdateFailed when it fails."""
        code, told = self._follow(command, folder, show=False)
        if code:
            raise UpdateFailed(f"{what} failed: {_last_words(told) or f'exit code {code}'}")
        return told.decode(errors="replace")

    def succeeds(self, command: Sequence[str], *, folder: str = "/") -> tuple[bool, str]:
        """Whether it ends with 0, and the last that it says."""
        code, told = self._follow(command, folder, show=False, errors=True)
        return code == 0, _last_words(told)

    def _follow(
        self, command: Sequence[str], folder: str, *, show: bool, errors: bool = False
    ) -> tuple[int, bytes]:
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if show or errors else subprocess.PIPE,
            )
        except OSError as error:
            raise UpdateFailed(f"cannot run {command[0]}: {error.strerror}") from None
        # The channel reaps: Popen would wait for a child that is gone already.
        self._channel.watch_child(process.pid)
        try:
            return self._read(process, command, show=show)
        finally:
            process.returncode = 0
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()

    def _read(
        self, process: subprocess.Popen[bytes], command: Sequence[str], *, show: bool
    ) -> tuple[int, bytes]:
        out = [stream.fileno() for stream in (process.stdout, process.stderr) if stream is not None]
        main = out[0]
        parts: dict[int, deque[bytes]] = {descriptor: deque() for descriptor in out}
        deadline = time.monotonic() + _WITHIN
        while out or (status := self._channel.child_status(process.pid)) is None:
            if time.monotonic() > deadline:
                raise UpdateFailed(f"{command[0]} did not end within {_WITHIN / 60:.0f} minutes")
            for descriptor in self._channel.turn(1.0, out):
                data = os.read(descriptor, PARCEL)
                if not data:
                    out.remove(descriptor)
                elif show:
                    self._channel.send(Progress(), data)
                _keep(parts[descriptor], data)
        code = os.waitstatus_to_exitcode(status)
        told = b"".join(parts[main])
        errors = b"".join(b"".join(said) for descriptor, said in parts.items() if descriptor != main)
        return code, (told if not code else errors or told)


def _keep(parts: deque[bytes], data: bytes) -> None:
    parts.append(data)
    while sum(map(len, parts)) > _MOST:
        parts.popleft()


def _last_words(told: bytes) -> str:
    lines = [line.strip() for line in told.decode(errors="replace").splitlines() if line.strip()]
    return "; ".join(lines[-_LAST_LINES:])[:2000]
