"""A real worker, the real claude, a scripted model."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from claude_remote import launch, processes
from claude_remote.facts import (
    ApprovalDelivered,
    ApprovalOpened,
    ApprovalTaken,
    ApprovalVoid,
    ClaudeExited,
    ClaudeReady,
    ClaudeStarted,
    Notice,
    Prompted,
    SessionChanged,
    ToolFinished,
    TurnFinished,
    TurnStarted,
)
from tests.fakes.claude import claude_version
from tests.fakes.messages_api import (
    Gate,
    ScriptedApi,
    Silence,
    bash,
    claude_environment,
    claude_program,
    failure,
    reply,
    text,
    tool,
)
from tests.workers.stage import Broker, Stage, wait_until

pytestmark = pytest.mark.e2e


@dataclass
class World:
    api: ScriptedApi
    stage: Stage
    home: Path

    @property
    def broker(self) -> Broker:
        return self.stage.broker

    def start(self, **lease: Any) -> launch.Forked:
        forked = self.stage.fork(f"w{lease.get('epoch', 1)}")
        self.broker.lease(self.stage.work, **lease)
        return forked

    def lease_again(self, epoch: int, **lease: Any) -> launch.Forked:
        """The next lease of the same session, with the next worker."""
        self.stage.orders.wait_for(launch.Exited)
        session = self.broker.session
        self.stage.new_broker()
        return self.start(session=session, epoch=epoch, **lease)

    def asked(self, count: int = 1) -> ApprovalOpened:
        return self.broker.wait_for(ApprovalOpened, count)

    def ended(self, count: int = 1) -> TurnFinished:
        return self.broker.wait_for(TurnFinished, count)

    def path_of(self, approval: str) -> list[str]:
        """The names of the facts about an approval, in their order."""
        return [
            type(fact).__name__
            for fact in self.broker.journal.facts
            if getattr(fact, "approval", None) == approval
        ]


WHOLE_PATH = ["ApprovalOpened", "ApprovalDelivered", "ApprovalTaken", "ToolFinished"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    home = tmp_path / "home"
    with ScriptedApi() as api, Stage(claude_program(), claude_environment(api, home)) as stage:
        yield World(api, stage, home)


def test_two_turns_parked_and_resumed(world: World) -> None:
    world.api.reply(text("One."), text("Two."), text("Six."))
    world.start()
    first = world.broker.give("first")
    world.broker.give("second")
    world.ended(2)
    order = [type(fact) for fact in world.broker.journal.facts if not isinstance(fact, Prompted)]
    assert order == [
        ClaudeStarted,
        TurnStarted,
        ClaudeReady,
        SessionChanged,
        TurnFinished,
        TurnStarted,
        TurnFinished,
    ]
    one, two = world.broker.all(TurnFinished)
    assert (one.prompt, one.outcome, one.last_words) == (first, "done", "One.")
    assert (two.last_words, two.cost) == ("Two.", pytest.approx(one.cost))
    changed = world.broker.all(SessionChanged)[0]
    assert changed.mode == "default"
    assert (changed.model or "").startswith(world.api.calls[0].model), "2.1.197 adds [1m]"
    world.broker.release("park")
    world.broker.wait_for_gone()

    world.lease_again(2, mode="plan")
    world.broker.give("first", first, again=True)
    third = world.broker.give("third")
    again, last = world.ended(3), world.ended(4)
    assert (again.prompt, again.outcome) == (first, "interrupted")
    assert (last.prompt, last.last_words, last.cost) == (third, "Six.", pytest.approx(one.cost))
    assert world.broker.all(ClaudeStarted)[1].resumed
    assert world.broker.all(SessionChanged)[1].mode == "plan"
    assert world.api.calls[-1].said == ("first", "second", "third")


def test_allow_deny_and_changed_input(world: World) -> None:
    world.api.reply(bash("touch asked"), text("ok"), bash("touch never"), text("ok"))
    world.start()
    world.broker.give("one")
    approval = world.asked()
    assert approval.summary == "Bash: touch asked"
    world.broker.decide(approval.approval, "allow", {"command": "touch changed"})
    world.broker.decide(approval.approval, "deny")
    world.ended(1)
    assert world.path_of(approval.approval) == WHOLE_PATH
    assert (world.stage.work / "changed").exists()

    world.broker.give("two")
    denied = world.asked(2)
    world.broker.decide(denied.approval, "deny", message="Not this one.")
    assert world.ended(2).outcome == "done"
    assert world.path_of(denied.approval) == WHOLE_PATH
    assert world.broker.all(ToolFinished)[1].error
    assert [result.words for result in world.api.calls[-1].results] == ["Not this one."]
    assert not (world.stage.work / "never").exists()


def test_for_this_session(world: World) -> None:
    here, other = world.stage.work / "a.txt", world.stage.work / "b.txt"
    world.api.reply(
        reply(tool("Write", file_path=str(here), content="a")),
        reply(tool("Write", file_path=str(other), content="b")),
        bash("touch c"),
        bash("touch c d"),
        text("done"),
    )
    world.start()
    world.broker.give("write")
    world.broker.decide(world.asked(1).approval, "allow", for_session=True)
    assert world.asked(2).summary == "Bash: touch c", "the second file was not asked for"
    world.broker.decide(world.asked(2).approval, "allow", for_session=True)
    world.ended()
    assert len(world.broker.all(ApprovalOpened)) == 2
    assert {path.name for path in world.stage.work.iterdir()} >= {"a.txt", "b.txt", "c", "d"}
    assert {fact.mode for fact in world.broker.all(SessionChanged)} == {"default"}, "no other mode"


def test_two_at_once_and_a_stop_that_voids_the_other(world: World) -> None:
    for name in ("1", "2"):
        (world.home / name).write_text("secret")
    both = reply(tool("Read", file_path=str(world.home / "1")), tool("Read", file_path=str(world.home / "2")))
    world.api.reply(both, text("ok"), both)
    world.start()
    world.broker.give("read both")
    one, two = world.asked(1), world.asked(2)
    world.broker.decide(two.approval, "allow")
    world.broker.wait_for(ToolFinished)
    world.broker.decide(one.approval, "allow")
    world.ended(1)
    assert world.path_of(one.approval) == world.path_of(two.approval) == WHOLE_PATH

    world.broker.give("again")
    third, fourth = world.asked(3), world.asked(4)
    world.broker.decide(third.approval, "deny", stop=True)
    assert world.ended(2).outcome == "interrupted"
    assert "ApprovalTaken" in world.path_of(third.approval)
    assert world.path_of(fourth.approval) == ["ApprovalOpened", "ApprovalVoid"]
    seen = len(world.broker.journal.lines)
    world.broker.decide(fourth.approval, "allow")
    assert world.broker.ask("get_binary_version")[0]
    assert len(world.broker.journal.lines) == seen, "a decision that comes too late does nothing"


def test_a_stop_with_a_question_open_and_in_mid_stream(world: World) -> None:
    gate = Gate()
    # Whether the model is ever asked for the third, which is stopped at once, is claude's affair.
    world.api.on("four", text("fine"))
    world.api.on("three", Silence())
    world.api.reply(bash("touch never"), text("a long answer", gate=gate))
    world.start()
    world.broker.give("one")
    approval = world.asked()
    world.broker.stop()
    assert world.ended().outcome == "interrupted"
    assert world.broker.all(ApprovalVoid)[0].reason == "The turn was stopped."
    assert world.path_of(approval.approval) == ["ApprovalOpened", "ApprovalVoid"]

    second = world.broker.give("two")
    gate.wait()
    world.broker.stop(second)
    stopped = world.ended(2)
    assert (stopped.outcome, stopped.error, stopped.reason) == ("interrupted", False, "The turn was stopped.")
    third = world.broker.give("three")
    world.broker.stop(third)
    assert world.ended(3).outcome == "interrupted"
    world.broker.give("four")
    assert world.ended(4).last_words == "fine"


def test_a_killed_claude_and_a_killed_worker_leave_nothing(world: World) -> None:
    gate = Gate()
    world.api.reply(text("half an answer", gate=gate), bash("tail -f /dev/null"))
    world.start()
    world.broker.give("one")
    gate.wait()
    os.kill(world.broker.wait_for(ClaudeStarted).pid, signal.SIGKILL)
    world.broker.wait_for_gone()
    assert world.ended().outcome == "interrupted"
    assert world.broker.all(ClaudeExited)[0].reason == "claude ended with signal 9."

    forked = world.lease_again(2)
    world.broker.give("two")
    world.broker.decide(world.asked().approval, "allow")
    world.broker.wait_for(ApprovalTaken)

    def tool_shell() -> list[processes.Process]:
        below = processes.below((forked.pid,))
        return below if len(below) > 1 else []

    left = world.broker.pump(tool_shell)
    os.kill(forked.pid, signal.SIGKILL)
    assert world.stage.orders.wait_for(launch.Exited).worker == "w2"
    assert not any(processes.is_alive(process) for process in left)


def test_a_broker_that_dies_with_a_question_open(world: World) -> None:
    world.api.reply(bash("touch it"), text("done"))
    world.start()
    world.broker.give("one")
    approval = world.asked()
    broker = world.stage.new_broker()
    broker.pump(lambda: broker.readies)
    broker.decide(approval.approval, "allow")
    broker.decide(approval.approval, "allow")
    assert world.ended().last_words == "done"
    assert world.path_of(approval.approval) == WHOLE_PATH
    assert [fact.by for fact in broker.all(ApprovalDelivered)] == ["tester"]


def test_troubles_of_the_api_are_told(world: World) -> None:
    world.api.reply(failure(529, "Overloaded"), text("after all"))
    world.start()
    world.broker.give("one")
    assert world.broker.wait_for(Notice).text.startswith("Claude's API is overloaded (529); attempt 1 of 10")
    assert world.ended().last_words == "after all"


def test_not_logged_in(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with ScriptedApi() as api:
        environment = claude_environment(api, home)
        del environment["ANTHROPIC_API_KEY"]
        with Stage(claude_program(), environment) as stage:
            world = World(api, stage, home)
            world.start()
            world.broker.give("one")
            finished = world.ended()
            assert (finished.outcome, finished.error) == ("done", True)
            assert finished.reason.startswith("claude is not logged in on ")
            assert "run claude-remote-server login" in finished.reason


def test_what_a_background_task_begins(world: World) -> None:
    world.api.reply(
        reply(tool("Bash", command="sleep 1", description="wait", run_in_background=True)),
        text("started"),
        text("it has ended"),
    )
    world.start()
    world.broker.give("one")
    assert world.ended().last_words == "started"
    by_itself = world.ended(2)
    assert (by_itself.prompt, by_itself.last_words) == (None, "it has ended")
    assert [fact.prompt is None for fact in world.broker.all(TurnStarted)] == [False, True]


def test_clear_begins_another_conversation(world: World) -> None:
    world.api.reply(text("one"))
    world.start()
    world.broker.give("hello")
    world.ended()
    world.broker.give("/clear")
    world.ended(2)
    session = world.broker.all(SessionChanged)[-1].claude_session
    assert session not in (None, world.broker.session)
    transcripts = list((world.home / ".claude" / "projects").glob("*/*.jsonl"))
    assert world.broker.session in {path.stem for path in transcripts}


def test_questions_to_claude_and_sigterm(world: World) -> None:
    forked = world.start()
    assert world.broker.ask("set_permission_mode", mode="acceptEdits") == (True, {"mode": "acceptEdits"})
    if claude_version() >= (2, 1, 330):  # 2.1.197 says yes to any word
        ok, answer = world.broker.ask("set_permission_mode", mode="nonsense")
        assert not ok
        assert "must be one of" in answer["error"]
    assert world.broker.wait_for(SessionChanged).mode == "acceptEdits"
    assert world.broker.ask("set_model", model="haiku")[0]
    assert world.broker.wait_for(SessionChanged, where=lambda fact: fact.model is not None).model
    assert not any("claude-remote-ask" in str(line) for line in world.broker.journal.claude)
    os.kill(forked.pid, signal.SIGTERM)
    world.broker.wait_for_gone()
    exited = world.broker.all(ClaudeExited)[0]
    assert (exited.expected, exited.reason) == (True, "Claude was ended.")
    wait_until(lambda: not processes.find_marked(f"{world.stage.state_id}."))
