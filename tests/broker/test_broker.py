"""The core in its world: the events of a turn are heard one by one, and followed by one round of commands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import cast
from unittest.mock import MagicMock

import pytest

from claude_remote import bus
from claude_remote_broker import ports
from claude_remote_broker.broker import Adapters, Broker
from claude_remote_broker.ports import Command, Event, FromWorker


class Machine:
    """Says what it was told; `follows` are its next commands."""

    def __init__(self) -> None:
        self.said: list[object] = []
        self.follows: list[Command] = []
        self.breaks_on: object = None
        self.quiet = True

    def handle(self, event: Event, now: float) -> None:
        self.said.append(event)
        if event is self.breaks_on:
            raise KeyError("a defect")

    def commands(self) -> Sequence[Command]:
        self.said.append("commands")
        if self.breaks_on == "commands":
            self.breaks_on = None
            raise KeyError("a defect")
        commands, self.follows = self.follows, []
        return commands

    def start(self, now: float) -> Sequence[Command]:
        return []

    def shutdown(self, now: float) -> Sequence[Command]:
        return []


def play(scene: Callable[[Machine, Broker, MagicMock, list[str]], None]) -> None:
    """In a loop, with adapters that do nothing."""

    async def run() -> None:
        machine, adapters, defects = Machine(), MagicMock(), cast("list[str]", [])
        broker = Broker(machine, asyncio.get_running_loop(), lambda: defects.append("defect"))
        broker.start(cast("Adapters", adapters))
        machine.said.clear()
        scene(machine, broker, adapters, defects)
        broker.stop()

    asyncio.run(run())


ONE, TWO, THREE = (ports.Stored((number,)) for number in (1, 2, 3))


def test_what_comes_together_is_one_round() -> None:
    def scene(machine: Machine, broker: Broker, adapters: MagicMock, _: list[str]) -> None:
        machine.follows = [ports.Store(())]
        broker.deliver(ONE, TWO, THREE)
        assert machine.said == [ONE, TWO, THREE, "commands"]
        adapters.journal.perform.assert_called_once_with(ports.Store(()))

    play(scene)


def test_a_defect_of_one_event_is_no_matter_of_the_others(caplog: pytest.LogCaptureFixture) -> None:
    def scene(machine: Machine, broker: Broker, adapters: MagicMock, defects: list[str]) -> None:
        machine.breaks_on = TWO
        machine.follows = [ports.Store(())]
        broker.deliver(ONE, TWO, THREE)
        assert machine.said == [ONE, TWO, THREE, "commands"]
        assert defects == ["defect"]
        adapters.journal.perform.assert_called_once()

    play(scene)
    assert "the core failed on Stored" in caplog.text


def test_a_defect_at_the_end_of_a_turn_is_told_and_the_next_turn_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def scene(machine: Machine, broker: Broker, adapters: MagicMock, defects: list[str]) -> None:
        machine.breaks_on = "commands"
        machine.follows = [ports.Store(())]
        broker.deliver(ONE)
        adapters.journal.perform.assert_not_called()
        broker.deliver(TWO)
        adapters.journal.perform.assert_called_once()
        assert defects == ["defect"]

    play(scene)
    assert "the core failed at the end of a turn" in caplog.text


def test_what_a_command_leads_to_is_heard_in_a_turn_of_its_own() -> None:
    def scene(machine: Machine, broker: Broker, adapters: MagicMock, _: list[str]) -> None:
        adapters.journal.perform.side_effect = lambda _: broker.deliver(THREE)
        machine.follows = [ports.Store(())]
        broker.deliver(ONE, TWO)
        assert machine.said == [ONE, TWO, "commands", THREE, "commands"]

    play(scene)


def test_the_launcher_meets_who_says_ready() -> None:
    def scene(machine: Machine, broker: Broker, adapters: MagicMock, _: list[str]) -> None:
        ready = bus.Ready(token="t", worker="w", pid=1, started=1.0)
        events = [FromWorker(b"r", bus.Beat()), FromWorker(b"r", ready)]
        broker.from_workers(events)
        assert machine.said == [*events, "commands"]
        adapters.launcher.meet.assert_called_once_with(ready)

    play(scene)


def test_after_the_end_nothing_is_heard() -> None:
    def scene(machine: Machine, broker: Broker, _: MagicMock, __: list[str]) -> None:
        broker.stop()
        broker.deliver(ONE)
        assert machine.said == []

    play(scene)
