"""Background tasks."""

import asyncio
import gc
import logging

import pytest

from claude_remote_broker import tasks
from tests.broker.house import on_uvloop


@on_uvloop
async def test_a_task_that_nobody_holds_runs_to_its_end() -> None:
    done = asyncio.Event()

    async def work() -> None:
        await asyncio.sleep(0.01)
        done.set()

    tasks.spawn(work(), "work")
    gc.collect()
    await asyncio.wait_for(done.wait(), 5)


@on_uvloop
async def test_what_a_task_raises_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise RuntimeError("oh")

    task = tasks.spawn(fail(), "the failing one")
    await asyncio.wait([task])
    await asyncio.sleep(0)
    (record,) = caplog.records
    assert (record.levelno, record.message) == (logging.ERROR, "task the failing one failed")


@on_uvloop
async def test_ending_waits_for_the_end(caplog: pytest.LogCaptureFixture) -> None:
    ended = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(True)

    task = tasks.spawn(work(), "work")
    await asyncio.sleep(0)
    await tasks.end(task)
    assert ended
    assert not caplog.records
