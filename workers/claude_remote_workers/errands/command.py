"""A command that a client runs: its process, with pipes or on a terminal of its own. Nothing here waits."""

from __future__ import annotations

import fcntl
import os
import pwd
import select
import signal
import struct
import subprocess
import termios
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import IO

from claude_remote.messages import Size
from claude_remote_workers.prctl import die_with_parent

# So much may wait in a pipe: fewer wake-ups, and fewer and fuller parcels, than with Linux's 64 KiB.
PIPE = 1024 * 1024
_NO_SHELLS = frozenset({"nologin", "false"})
NOT_FOUND, NOT_RUNNABLE = 127, 126  # as shells have it
_END_OF_INPUT = b"\x04"
_GRACE = 1.5  # seconds between SIGHUP and the rest


class CannotRun(Exception):
    """The command cannot be started: words, and the exit code that a shell gives."""

    def __init__(self, words: str, code: int) -> None:
        super().__init__(words)
        self.code = code


class Command:
    """It runs, in a session of its own; the kernel kills it when this process dies.

    `outputs`: its open outputs by descriptor, and whether that is its standard error.
    """

    def __init__(
        self, words: Sequence[bytes], folder: str, environment: Mapping[str, str], terminal: Size | None
    ) -> None:
        """Start it. Raises CannotRun."""
        self.outputs: dict[int, bool] = {}
        self.input: int | None = None
        self._terminal: int | None = None
        if terminal is None:
            self._popen = self._start(words, folder, environment)
        else:
            self._popen = self._start_on_terminal(words, folder, environment, terminal)
        self.pid = self._popen.pid
        for descriptor in (self.input, *self.outputs):
            if descriptor is not None:
                os.set_blocking(descriptor, False)

    def _start(
        self, words: Sequence[bytes], folder: str, environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        popen = _popen(words, folder, environment, subprocess.PIPE, die_with_parent())
        # Descriptors of their own, for the streams are closed with the object.
        self.outputs = {_take_over(popen.stdout): False, _take_over(popen.stderr): True}
        self.input = _take_over(popen.stdin)
        return popen

    def _start_on_terminal(
        self, words: Sequence[bytes], folder: str, environment: Mapping[str, str], size: Size
    ) -> subprocess.Popen[bytes]:
        ours, theirs = os.openpty()
        self._terminal = ours
        self.resize(size)
        end_with_us = die_with_parent()

        def before_exec() -> None:
            end_with_us()
            fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

        try:
            popen = _popen(words, folder, environment, theirs, before_exec)
        except CannotRun:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        self.outputs[ours] = False
        self.input = ours
        return popen

    def read(self, descriptor: int, size: int) -> bytes | None:
        """What it has written there; None when there is nothing now, b"" when there never will be."""
        try:
            return os.read(descriptor, size)
        except BlockingIOError:
            return None
        except OSError:  # EIO: nobody has the terminal open any more
            return b""

    def close_output(self, descriptor: int) -> None:
        """Read it no more."""
        del self.outputs[descriptor]
        if descriptor != self._terminal:
            os.close(descriptor)

    def write(self, data: memoryview) -> memoryview:
        """Give it input; what is left when it takes no more now. Input for who reads none is dropped."""
        if self.input is None:
            return data[:0]
        try:
            return data[os.write(self.input, data) :]
        except BlockingIOError:
            return data
        except OSError:  # EPIPE, EIO: it has closed it
            self.end_input(dropped=True)
            return data[:0]

    def end_input(self, *, dropped: bool = False) -> None:
        """There is no more."""
        if self.input is None:
            return
        if self.input != self._terminal:
            os.close(self.input)
        elif not dropped:
            with suppress(OSError):
                os.write(self.input, _END_OF_INPUT)
        self.input = None

    def resize(self, size: Size) -> None:
        """Its terminal has another size; the kernel tells it by SIGWINCH."""
        if self._terminal is not None:
            packed = struct.pack("HHHH", size.rows, size.columns, 0, 0)
            fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, packed)

    def send_signal(self, number: signal.Signals) -> None:
        """To its process group. Not after it was reaped: the number may be another's by then."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def hang_up(self) -> None:
        """What a lost terminal does, and a moment to act on it. Blocks."""
        with suppress(ProcessLookupError):
            descriptor = os.pidfd_open(self.pid)
            self.send_signal(signal.SIGHUP)
            self.send_signal(signal.SIGCONT)
            poller = select.poll()
            poller.register(descriptor, select.POLLIN)
            poller.poll(_GRACE * 1000)
            os.close(descriptor)

    def ended(self, status: int) -> int:
        """Its exit code as a shell has it, from the status that waitpid gave."""
        code = os.waitstatus_to_exitcode(status)
        self._popen.returncode = code
        return code if code >= 0 else 128 - code


def start_in_background(words: Sequence[bytes], folder: str, environment: Mapping[str, str]) -> int:
    """Start a command that outlives this process, without input and output. Its pid. Raises CannotRun."""
    popen = _popen(words, folder, environment, subprocess.DEVNULL, None)
    popen.returncode = 0  # nobody here waits for it
    return popen.pid


def find_shell(environment: Mapping[str, str]) -> str:
    """The user's shell: SHELL, or that of the password file.

    A user that exists for the server alone has one there that only says that nobody may log in: then `sh`.
    """
    try:
        shell = environment.get("SHELL") or pwd.getpwuid(os.getuid()).pw_shell
    except KeyError:
        shell = ""
    return shell if shell and os.path.basename(shell) not in _NO_SHELLS else "/bin/sh"  # noqa: PTH119


def _take_over(stream: IO[bytes] | None) -> int:
    if stream is None:
        raise ValueError("a pipe was asked for")
    descriptor = os.dup(stream.fileno())
    stream.close()
    return descriptor


def _popen(
    words: Sequence[bytes],
    folder: str,
    environment: Mapping[str, str],
    stream: int,
    before_exec: Callable[[], None] | None,
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            words,
            cwd=folder,
            env=environment,
            stdin=stream,
            stdout=stream,
            stderr=stream,
            bufsize=0,
            pipesize=PIPE,
            start_new_session=True,
            preexec_fn=before_exec,  # noqa: PLW1509  no thread of this process holds Python locks
        )
    except FileNotFoundError as error:
        raise CannotRun(f"{os.fsdecode(words[0])}: {error.strerror}", NOT_FOUND) from None
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CannotRun(f"{os.fsdecode(words[0])}: {reason}", NOT_RUNNABLE) from None
