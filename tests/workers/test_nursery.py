"""The dead, and what they leave behind."""

from __future__ import annotations

import time

import pytest

from claude_remote import processes
from claude_remote.processes import Process
from claude_remote_workers import nursery as module
from claude_remote_workers.nursery import Nursery, _Worker

STUCK = Process(77, 1.0)


@pytest.fixture
def nursery(monkeypatch: pytest.MonkeyPatch) -> Nursery:
    """Two workers have died, and one process of the first hangs in the kernel."""
    monkeypatch.setattr(processes, "snapshot", dict)
    monkeypatch.setattr(processes, "kill_all", lambda *_: [STUCK])
    monkeypatch.setattr(module, "ended_children", list)
    nursery = Nursery()
    for number, name in enumerate(("first", "second"), 1):
        worker = _Worker(name, Process(number, 1.0), -1, f"s.{name}.1", 0, time.monotonic())
        nursery._workers[name] = worker
    return nursery


def test_what_cannot_be_killed_holds_up_its_own_lease_alone(
    nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "lease_of", lambda _: "s.first.1")
    assert [exited.worker for exited in nursery.tend()] == ["second"]
    assert nursery.tend() == []
    monkeypatch.setattr(processes, "kill_all", lambda *_: [])
    assert [exited.worker for exited in nursery.tend()] == ["first"]
    assert nursery.empty


def test_of_what_is_not_marked_nobody_knows_whose_it_is(
    nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "lease_of", lambda _: None)
    assert nursery.tend() == []


def test_it_is_not_looked_for_often_for_ever(nursery: Nursery) -> None:
    often = nursery.look_again
    for worker in nursery._workers.values():
        worker.died_at -= 60
    assert often < nursery.look_again < 10
