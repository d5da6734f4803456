"""How one life of the server ends: for good, for another process, or by becoming the next one itself."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from enum import Enum, auto

from claude_remote.versions import Choice, Versions
from claude_remote_broker import handover, tasks
from claude_remote_broker.environment import clean

log = logging.getLogger(__name__)

# A defect is answered by a new life; so many in so long are more than that can mend.
_DEFECTS_MOST, _DEFECTS_WITHIN = 3, 600.0
_CHECK_TIMEOUT = 60.0


class Ending(Enum):
    """What becomes of what runs."""

    END = auto()  # it is ended: SIGTERM, Ctrl-C
    MAKE_WAY = auto()  # another process goes on with it: SIGUSR1, which systemd sends before a restart
    RESTART = auto()  # this process goes on with it, executed anew: SIGUSR2


class Life:
    """Waits for the end of this life. `problem` is told why a restart was not begun, in words."""

    def __init__(
        self,
        problem: Callable[[str], None],
        defects: tuple[float, ...] = (),
        versions: Versions | None = None,
    ) -> None:
        self.command: list[str] = []  # of the next life, if it is of another version
        self._versions = versions
        self.ending: Ending | None = None
        self.hurry = asyncio.Event()
        self._problem = problem
        self._over = asyncio.Event()
        self._checking: asyncio.Task[None] | None = None
        self.defects = defects

    def handle_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on they decide, those included that came while nobody could hear them."""
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.end)
        loop.add_signal_handler(signal.SIGUSR1, self._decide, Ending.MAKE_WAY)
        loop.add_signal_handler(signal.SIGUSR2, self.restart)
        # The trust store is read again by itself; a hang-up of the terminal that started us is no reason.
        loop.add_signal_handler(signal.SIGHUP, lambda: None)
        handover.unblock()

    async def wait(self) -> None:
        """Until it is over."""
        await self._over.wait()
        if self._checking is not None:
            await tasks.end(self._checking)

    def restart(self) -> None:
        """Go on as a new life, if that can be: what would not start is worse than what runs."""
        if self.ending is None and (self._checking is None or self._checking.done()):
            self._problem("")
            self._checking = tasks.spawn(self._check(), "check before restart")

    def defect(self) -> None:
        """A defect of ours has shown, and what is in memory may be wrong: what is on disk is not."""
        now = time.time()
        recent = tuple(at for at in self.defects if 0 <= now - at < _DEFECTS_WITHIN)
        if self.ending is not None or len(recent) >= _DEFECTS_MOST:
            return
        self.defects = (*recent, now)
        log.error("restarting because of that; what runs goes on")
        self._decide(Ending.RESTART)

    def end(self) -> None:
        """End for good: SIGTERM, Ctrl-C, or a client that may; a second one hurries."""
        if self.ending is Ending.END:
            self.hurry.set()
        self._decide(Ending.END)

    def _decide(self, ending: Ending) -> None:
        # What was to go on is ended all the same when that is wanted before it is too late.
        if self.ending is None or ending is Ending.END:
            self.ending = ending
        self._over.set()

    async def _check(self) -> None:
        staged = None if self._versions is None else self._versions.staged
        launcher = None if self._versions is None else self._versions.launcher(sys.prefix)
        command = handover.own_command(staged, launcher)
        words = await _why_not(command)
        if self._versions is not None and staged is not None:
            words = words or await asyncio.to_thread(_promote, self._versions, staged)
            if words:
                self._versions.drop()
        if not words and (staged or launcher):
            self.command = command
        if words:
            log.error("not restarted, this server goes on as it is: %s", words)
            self._problem(words)
        else:
            self._decide(Ending.RESTART)


def _promote(versions: Versions, staged: Choice) -> str:
    try:
        versions.promote(staged)
    except OSError as error:
        return f"cannot write into {versions.folder}: {error.strerror}"
    return ""


async def _why_not(command: Sequence[str]) -> str:
    """Why the code that is installed now would not start with this command line; empty when it would."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            "--check",
            env=clean(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        return f"what is installed now cannot be run: {error.strerror}"
    try:
        _, told = await asyncio.wait_for(process.communicate(), _CHECK_TIMEOUT)
    except TimeoutError:
        return f"what is installed now did not get ready within {_CHECK_TIMEOUT:.0f} s"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == 0:
        return ""
    lines = told.decode(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("claude-remote-server: ") if lines else f"exit code {process.returncode}"
