"""A real worker with a stand-in for claude: links that break, lines that are too long, ends of every kind."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from claude_remote import bus, launch, processes
from claude_remote.facts import ClaudeExited, ClaudeStarted, Notice, TurnFinished, TurnStarted
from tests.workers import stand_ins
from tests.workers.stage import Stage, wait_until

pytestmark = pytest.mark.e2e


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(stand_ins.make(tmp_path, stand_ins.ANSWERING)) as stage:
        yield stage


def deltas(stage: Stage) -> list[str]:
    events = [line["event"] for line in stage.broker.journal.claude if line["type"] == "stream_event"]
    return [event["delta"]["text"] for event in events]


def leave(stage: Stage, how: str = "park") -> ClaudeExited:
    """Release the worker and see it gone, with everything handed over."""
    stage.broker.release(how)
    stage.broker.wait_for_gone()
    assert stage.orders.wait_for(launch.Exited).status == 0
    assert list(stage.spill.glob("*")) == []
    return stage.broker.all(ClaudeExited)[0]


def test_a_turn_and_the_end(stage: Stage) -> None:
    forked = stage.fork()
    stage.broker.lease(stage.work)
    ready = stage.broker.readies[0]
    assert (ready.worker, ready.token, ready.pid, ready.started) == ("w1", "t", forked.pid, forked.started)
    prompt = stage.broker.give("stream 3")
    assert stage.broker.wait_for(TurnFinished).prompt == prompt
    assert deltas(stage) == ["0", "1", "2"]
    assert leave(stage).reason == "Claude was parked."


def test_every_verb_of_another_lease_is_dropped(stage: Stage) -> None:
    stage.fork()
    session = stage.broker.lease(stage.work, epoch=7)
    stage.broker.epoch = 6
    stale = stage.broker.give("stream 1")
    stage.broker.stop()
    stage.broker.release("now")
    stage.broker.lease(stage.work, epoch=8)  # a worker has one lease in its life
    stage.broker.session, stage.broker.epoch = session, 7
    current = stage.broker.give("stream 1")
    stage.broker.wait_for(TurnFinished)
    assert [fact.prompt for fact in stage.broker.all(TurnStarted)] == [current]
    assert stale != current
    assert len(stage.broker.all(ClaudeStarted)) == 1


def test_a_broker_that_dies_in_mid_stream(stage: Stage) -> None:
    stage.fork()
    stage.broker.lease(stage.work)
    prompt = stage.broker.give("stream 20000")
    stage.broker.pump(lambda: len(stage.broker.journal.lines) > 500)
    broker = stage.new_broker()
    assert broker.wait_for(TurnFinished).prompt == prompt
    [ready] = broker.readies
    assert (ready.session, ready.epoch, ready.prompts) == (broker.session, 1, (prompt,))
    assert deltas(stage) == [str(number) for number in range(20000)], "nothing lost, nothing twice"
    leave(stage)


def test_acknowledgements_that_are_lost(stage: Stage) -> None:
    stage.fork()
    stage.broker.acknowledges = False
    stage.broker.lease(stage.work)
    stage.broker.give("stream 100")
    stage.broker.wait_for(TurnFinished)
    broker = stage.new_broker(acknowledges=False)
    broker.pump(lambda: broker.readies)
    assert broker.readies[0].acked == 0
    broker.give("stream 1")
    broker.wait_for(TurnFinished, 2)
    assert len(deltas(stage)) == 101
    broker.acknowledges = True
    leave(stage)


def test_what_nobody_takes_goes_to_the_disk(stage: Stage) -> None:
    stage.fork()
    stage.broker.acknowledges = False
    stage.broker.lease(stage.work)
    stage.broker.give("stream 24000 " + "x" * 1000)
    stage.broker.pump(lambda: list(stage.spill.glob("*")))
    [spilled] = stage.spill.glob("*")
    assert spilled.name == f"{stage.broker.session}.1"
    wait_until(lambda: spilled.stat().st_size > 10_000_000)
    assert sum(len(line) for _, line in stage.broker.journal.lines) <= bus.WINDOW
    stage.broker.acknowledges = True
    stage.broker.acknowledge()
    stage.broker.wait_for(TurnFinished)
    assert len(deltas(stage)) == 24000
    leave(stage)


def test_long_lines(stage: Stage) -> None:
    stage.fork()
    stage.broker.lease(stage.work)
    stage.broker.give("line 20000000")
    stage.broker.wait_for(TurnFinished)
    [long] = [line for line in stage.broker.journal.claude if line["type"] == "long"]
    assert len(long["text"]) == 20_000_000
    stage.broker.give(f"line {bus.MAX_LINE}")
    stage.broker.wait_for(TurnFinished, 2)
    assert stage.broker.all(Notice)[0].text == "claude printed a line of 64 MiB; it was left out."
    leave(stage)


def test_rubbish_between_lines(stage: Stage) -> None:
    stage.fork()
    stage.broker.lease(stage.work)
    stage.broker.give("rubbish")
    assert stage.broker.wait_for(TurnFinished).outcome == "done"
    assert "'a warning of some library'" in stage.broker.all(Notice)[0].text
    leave(stage)


def test_a_claude_that_dies_in_a_turn(stage: Stage) -> None:
    stage.fork()
    stage.broker.lease(stage.work)
    stage.broker.give("die")
    stage.broker.wait_for_gone()
    finished, exited = stage.broker.all(TurnFinished)[0], stage.broker.all(ClaudeExited)[0]
    assert (finished.outcome, finished.reason) == ("interrupted", "claude ended with signal 9.")
    assert (exited.code, exited.expected) == (-9, False)
    assert stage.orders.wait_for(launch.Exited).status == 0


def test_what_tools_leave_behind_ends_with_claude(stage: Stage) -> None:
    forked = stage.fork()
    stage.broker.lease(stage.work)
    stage.broker.give("spawn")
    stage.broker.wait_for(TurnFinished)
    left = processes.below((forked.pid,))
    assert len(left) == 4
    leave(stage)
    assert not any(processes.is_alive(process) for process in left)


def test_sigterm_ends_a_hanging_claude(stage: Stage) -> None:
    forked = stage.fork()
    stage.broker.lease(stage.work)
    stage.broker.give("hang")
    stage.broker.pump(lambda: {"type": "system", **RUNNING} in stage.broker.journal.claude)
    os.kill(forked.pid, signal.SIGTERM)
    stage.broker.wait_for_gone()
    assert stage.broker.all(TurnFinished)[0].outcome == "interrupted"
    exited = stage.broker.all(ClaudeExited)[0]
    assert (exited.code, exited.expected, exited.reason) == (-9, True, "Claude was ended.")


RUNNING = {"subtype": "session_state_changed", "state": "running"}


def test_a_worker_without_a_broker_ends_after_its_patience(stage: Stage) -> None:
    stage.fork(patience=1.0)
    stage.broker.lease(stage.work)
    stage.broker.wait_for(ClaudeStarted)
    stage.broker.close()
    assert stage.orders.wait_for(launch.Exited).status == 0
    stage.new_broker()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (stand_ins.FAILING, "claude ended with code 1: error: unknown option"),
        (
            stand_ins.RUBBISH,
            "claude printed what is not its protocol ('Usage: something [else]'); is --claude right?",
        ),
    ],
)
def test_a_claude_that_does_not_start(tmp_path: Path, script: str, reason: str) -> None:
    with Stage(stand_ins.make(tmp_path, script)) as stage:
        stage.fork()
        stage.broker.lease(stage.work)
        prompt = stage.broker.give("hello")
        stage.broker.wait_for_gone()
        finished = stage.broker.all(TurnFinished)
        assert [(fact.prompt, fact.outcome, fact.reason) for fact in finished] == [(prompt, "void", reason)]
        assert stage.broker.all(ClaudeExited)[0].reason == reason


def test_no_program_and_no_folder(tmp_path: Path) -> None:
    with Stage(tmp_path / "nothing") as stage:
        stage.fork("w1")
        stage.broker.lease(stage.work)
        stage.broker.wait_for_gone()
        assert stage.broker.all(ClaudeExited)[0].reason == (
            f"claude could not be started: cannot run {tmp_path}/nothing: No such file or directory."
        )
        stage.orders.wait_for(launch.Exited)
        stage.new_broker()
        stage.fork("w2")
        stage.broker.lease(tmp_path / "missing", epoch=2)
        stage.broker.wait_for_gone()
        assert stage.broker.all(ClaudeExited)[1].reason == (
            f"claude could not be started: there is no folder {tmp_path}/missing."
        )
