"""The window that the server has started, and somebody closes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import uvloop

from claude_remote_broker.window import Window


def started(code: str) -> int:
    popen = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.DEVNULL)
    popen.returncode = 0  # it is waited for by its pid
    return popen.pid


def test_one_that_is_closed_is_reaped() -> None:
    pid = started("pass")
    window = Window(pid)

    async def wait() -> None:
        window.attend(asyncio.get_running_loop())
        async with asyncio.timeout(30):
            while window.pid:  # noqa: ASYNC110  it tells nobody
                await asyncio.sleep(0.01)

    uvloop.run(wait())
    assert not os.path.exists(f"/proc/{pid}")  # noqa: PTH110  of the kernel
    window.end()


def test_one_that_is_gone_already() -> None:
    pid = started("pass")
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    window = Window(pid)
    window.end()
    assert window.pid == 0


def test_one_that_runs_is_ended() -> None:
    window = Window(started("import time; time.sleep(1000)"))
    window.end()
    assert window.pid == 0
