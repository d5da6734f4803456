import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from claude_remote_broker import handover
from claude_remote_broker.lives import Ending, Life


def live(scene: Callable[[Life], Coroutine[Any, Any, None]], problems: list[str] | None = None) -> Life:
    told = [] if problems is None else problems

    async def run() -> Life:
        loop = asyncio.get_running_loop()
        life = Life(told.append)
        life.handle_signals(loop)
        await scene(life)
        for number in handover.SIGNALS:
            loop.remove_signal_handler(number)
        return life

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("number", "ending"),
    [
        (signal.SIGTERM, Ending.END),
        (signal.SIGINT, Ending.END),
        (signal.SIGUSR1, Ending.MAKE_WAY),
    ],
)
def test_a_signal_ends_it(number: signal.Signals, ending: Ending) -> None:
    async def scene(life: Life) -> None:
        os.kill(os.getpid(), number)
        await asyncio.wait_for(life.wait(), 10)

    life = live(scene)
    assert life.ending is ending
    assert not life.hurry.is_set()


def test_what_makes_way_is_ended_all_the_same_when_that_is_wanted() -> None:
    async def scene(life: Life) -> None:
        life._decide(Ending.MAKE_WAY)
        life.end()
        await asyncio.wait_for(life.wait(), 10)

    life = live(scene)
    assert life.ending is Ending.END
    assert not life.hurry.is_set()


def test_a_second_sigterm_hurries() -> None:
    async def scene(life: Life) -> None:
        life.end()
        life.end()

    assert live(scene).hurry.is_set()


def test_a_restart_is_checked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "own_command", lambda *_: ["/bin/sh", "-c", "echo 'no claude' >&2; exit 2"])
    problems: list[str] = []

    async def scene(life: Life) -> None:
        life.restart()
        assert life._checking is not None
        await asyncio.wait_for(life._checking, 30)

    life = live(scene, problems)
    assert life.ending is None
    assert problems == ["", "no claude"]


def test_what_passes_the_check_restarts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "own_command", lambda *_: ["/bin/true"])

    async def scene(life: Life) -> None:
        life.restart()
        await asyncio.wait_for(life.wait(), 30)

    assert live(scene).ending is Ending.RESTART


def test_defects_restart_it_but_not_for_ever() -> None:
    async def scene(life: Life) -> None:
        life.defect()

    life = live(scene)
    assert life.ending is Ending.RESTART
    for _ in range(2):
        life = Life(lambda _: None, life.defects)
        life.defect()
        assert life.ending is Ending.RESTART
    life = Life(lambda _: None, life.defects)
    life.defect()
    assert life.ending is None
