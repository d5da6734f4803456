"""Programs that an update runs: bounded in time, what they write passed on, ended with the errand."""

from __future__ import annotations

import os
import subprocess
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeAlias

from claude_remote.errors import UpdateFailed
from claude_remote.messages import PARCEL, Progress, Step
from claude_remote.processes import LEASE_VARIABLE
from claude_remote_workers.errands.base import Task

_WITHIN = 900.0  # seconds for each of them
_VERSION_WITHIN = 60.0  # a claude that was just put there is read from the disk for the first time
_MOST = 4 * 1024 * 1024  # of an output that is read by us
_LAST_LINES = 3
# Would lead an interpreter elsewhere than to its own environment.
_NOT_PASSED = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")

# What of all that a program has written tells why it failed.
Reason: TypeAlias = Callable[[bytes], str]


def last_words(told: bytes) -> str:
    """The last lines of what a program has written."""
    lines = [line.strip() for line in told.decode(errors="replace").splitlines() if line.strip()]
    return "; ".join(lines[-_LAST_LINES:])[:2000]


def first_words(told: bytes) -> str:
    """The first of them."""
    lines = [line.strip() for line in told.decode(errors="replace").splitlines() if line.strip()]
    return "; ".join(lines[:_LAST_LINES])[:2000]


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

    def run(
        self, what: str, command: Sequence[str], *, folder: str = "/", reason: Reason = last_words
    ) -> str:
        """Show what it writes, and return it. Raises UpdateFailed when it fails: `what` does."""
        code, told = self._follow(command, folder, show=True)
        return _checked(what, code, told, reason)

    def ask(
        self, what: str, command: Sequence[str], *, folder: str = "/", reason: Reason = last_words
    ) -> str:
        """What it writes to standard output. Raises UpdateFailed when it fails."""
        code, told = self._follow(command, folder, show=False)
        return _checked(what, code, told, reason)

    def succeeds(self, command: Sequence[str], *, folder: str = "/") -> tuple[bool, str]:
        """Whether it ends with 0, and the last that it says."""
        code, told = self._follow(command, folder, show=False, errors=True)
        return code == 0, last_words(told)

    def claude_version(self, program: str) -> str:
        """What a claude says of itself, for example `2.1.332 (Claude Code)`. Raises UpdateFailed."""
        code, told = self._follow([program, "-v"], "/", show=False, within=_VERSION_WITHIN)
        version = _checked(f"{program} -v", code, told, first_words).strip()
        if not version:
            raise UpdateFailed(f"{program} -v says nothing")
        return version.splitlines()[0]

    def _follow(
        self,
        command: Sequence[str],
        folder: str,
        *,
        show: bool,
        errors: bool = False,
        within: float | None = None,
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
            return self._read(process, command, show=show, within=_WITHIN if within is None else within)
        finally:
            process.returncode = 0
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()

    def _read(
        self, process: subprocess.Popen[bytes], command: Sequence[str], *, show: bool, within: float
    ) -> tuple[int, bytes]:
        out = [stream.fileno() for stream in (process.stdout, process.stderr) if stream is not None]
        main = out[0]
        parts: dict[int, deque[bytes]] = {descriptor: deque() for descriptor in out}
        deadline = time.monotonic() + within
        while out or (status := self._channel.child_status(process.pid)) is None:
            if time.monotonic() > deadline:
                raise UpdateFailed(f"{command[0]} did not end within {within:.0f} s")
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


def _checked(what: str, code: int, told: bytes, reason: Reason) -> str:
    if code:
        raise UpdateFailed(f"{what} failed: {reason(told) or f'exit code {code}'}")
    return told.decode(errors="replace")
