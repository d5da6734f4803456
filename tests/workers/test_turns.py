"""Turns as transcripts: what goes in, what comes out, in which order."""

from __future__ import annotations

from pathlib import Path

import pytest

from claude_remote.facts import ClaudeExited, Notice, Prompted, TurnFinished, TurnStarted
from claude_remote_workers.transcript import Transcript
from tests.workers.recorder import Play, names

INTERRUPT = ("request", "interrupt", "claude-remote-interrupt:1")


def test_one_turn() -> None:
    play = Play()
    play.give("p1", "hello")
    assert play.seen() == [TurnStarted(prompt="p1", client="me"), ("prompt", "p1", "hello")]
    play.state("running")
    play.says("user", uuid="p1", isReplay=True, message={"role": "user", "content": "hello"})
    play.now += 2
    play.says("result", subtype="success", result="Hi.", total_cost_usd=0.5)
    assert names(play.seen()) == [
        ("line", "session_state_changed"),
        ("line", "user"),
        ("line", "success"),
    ], "a turn ends when claude is idle, behind the lines that follow its result"
    play.state("idle")
    assert play.seen()[1:] == [
        TurnFinished(prompt="p1", outcome="done", last_words="Hi.", answer="Hi.", cost=0.5, duration=2.0)
    ]


@pytest.mark.parametrize("repeats_first", [False, True])
def test_a_prompt_stands_before_its_answer(*, repeats_first: bool) -> None:
    """2.1.197 repeats it behind the first piece; what tells `command_lifecycle` repeats it before."""
    play = Play()
    play.give("p1", "hello")
    play.state("running")
    if repeats_first:
        play.says("command_lifecycle", command_uuid="p1", state="started")
    play.says("system", subtype="status", status="requesting")
    play.says("user", uuid="p1", isReplay=True, message={"role": "user", "content": "hello"})
    play.says("system", subtype="status", status="requesting")
    told = [fact for fact in play.seen() if isinstance(fact, Prompted)]
    assert told == ([] if repeats_first else [Prompted(prompt="p1", text="hello")])


def test_a_turn_ends_without_the_idle_state_too() -> None:
    play = Play()
    play.give("p1")
    play.says("result", subtype="success", result="Hi.")
    play.seen()
    play.wait(1.5)
    assert names(play.seen()) == [TurnFinished]
    play.state("idle")
    assert names(play.seen()) == [("line", "session_state_changed")]


def test_one_prompt_at_a_time_and_none_twice() -> None:
    play = Play()
    for prompt in ("p1", "p2", "p1", "p2"):
        play.give(prompt)
    assert names(play.seen()) == [TurnStarted, ("prompt", "p1", "do it")]
    play.says("result", subtype="success", total_cost_usd=0.25)
    play.state("idle")
    assert names(play.seen())[2:] == [TurnFinished, TurnStarted, ("prompt", "p2", "do it")]
    play.says("result", subtype="success", total_cost_usd=1.0)
    play.state("idle")
    play.give("p1")
    assert play.seen()[2:] == [
        TurnFinished(prompt="p2", outcome="done", cost=0.75, duration=0.0),
    ], "each turn costs what claude's sum has grown by"
    assert play.conversation.prompts == ("p1", "p2")


def test_after_clear_claude_counts_from_zero() -> None:
    play = Play()
    for prompt, total in (("p1", 0.5), ("p2", 0.0), ("p3", 0.25)):
        play.give(prompt)
        play.says("result", subtype="success", total_cost_usd=total)
        play.state("idle")
    costs = [fact.cost for fact in play.seen() if isinstance(fact, TurnFinished)]
    assert costs == [0.5, 0.0, 0.25]


def test_a_turn_that_claude_begins_by_itself() -> None:
    play = Play()
    play.state("running")
    play.give("p1")
    assert names(play.seen())[1:] == [TurnStarted], "a prompt waits for its end"
    play.says("result", subtype="success", origin={"kind": "task-notification"})
    play.state("idle")
    seen = play.seen()
    assert seen[2] == TurnFinished(prompt=None, outcome="done")
    assert names(seen[3:]) == [TurnStarted, ("prompt", "p1", "do it")]


def test_a_prompt_written_just_as_claude_began_by_itself() -> None:
    play = Play()
    play.give("p1")
    play.state("running")
    play.says("result", subtype="success", origin={"kind": "task-notification"})
    play.state("idle")
    assert TurnFinished not in names(play.seen())
    play.says("result", subtype="success", result="mine")
    play.state("idle")
    assert play.seen()[-1].last_words == "mine"


def test_claude_drops_a_prompt_that_it_had() -> None:
    play = Play()
    play.give("p1")
    play.says("user", uuid="p1", isReplay=True, message={"role": "user", "content": "hello"})
    play.state("idle")
    finished = play.seen()[-1]
    assert (finished.outcome, finished.reason) == ("interrupted", "Claude had been given this prompt before.")


def test_claude_drops_a_prompt_and_says_nothing_more() -> None:
    play = Play()
    play.give("p1")
    play.says("user", uuid="p1", isReplay=True, message={"role": "user", "content": "hello"})
    play.seen()
    play.wait(60)
    assert names(play.seen()) == [TurnFinished]


def test_a_turn_without_a_result_ends_when_claude_stays_idle() -> None:
    play = Play()
    play.give("p1")
    play.state("running")
    play.says("user", uuid="p1", isReplay=True, message={"role": "user", "content": "hello"})
    play.state("idle")
    play.wait(4)
    play.state("running")
    play.wait(60)
    assert TurnFinished not in names(play.seen()), "it went on"
    play.state("idle")
    play.wait(6)
    assert play.seen()[-1].reason == "Claude ended the turn without a result."


def test_a_prompt_that_nothing_follows_is_remarked_on() -> None:
    play = Play()
    play.give("p1")
    play.seen()
    play.wait(300)
    assert names(play.seen()) == [Notice]


def test_a_prompt_given_again_that_had_reached_claude(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"type":"user","uuid":"ran"}\n')
    play = Play(Transcript(path))
    play.give("ran", again=True)
    [finished] = play.seen()
    assert (finished.prompt, finished.outcome) == ("ran", "interrupted")
    play.give("new", again=True)
    assert names(play.seen()) == [TurnStarted, ("prompt", "new", "do it")]


def test_stop() -> None:
    play = Play()
    play.give("p1")
    play.give("p2")
    play.state("running")
    play.seen()
    play.stop("somebody else's")
    assert play.seen() == []
    play.stop("p2")
    assert play.seen() == [TurnFinished(prompt="p2", outcome="void", reason="Stopped before it began.")]
    play.stop("p1")
    play.stop("p1")
    play.stop()
    assert play.seen() == [INTERRUPT]
    play.says("result", subtype="error_during_execution", terminal_reason="aborted_streaming")
    play.state("idle")
    finished = play.seen()[-1]
    assert (finished.outcome, finished.error, finished.reason) == (
        "interrupted",
        False,
        "The turn was stopped.",
    )


def test_a_stop_that_came_before_the_prompt_began() -> None:
    play = Play()
    play.give("p1")
    play.stop()
    play.state("running")
    play.seen()
    play.says("command_lifecycle", command_uuid="p1", state="cancelled")
    play.state("idle")
    assert play.seen()[-1].outcome == "interrupted"


def test_a_stop_that_claude_forgot_is_said_again() -> None:
    play = Play()
    play.give("p1")
    play.stop()
    play.seen()
    play.state("running")
    assert play.seen()[1:] == [("request", "interrupt", "claude-remote-interrupt:2")]


def test_a_stop_that_does_not_help() -> None:
    play = Play()
    play.give("p1")
    play.state("running")
    play.seen()
    play.stop()
    assert play.seen() == [INTERRUPT]
    play.wait(4)
    assert play.seen() == []
    play.wait(2)
    assert play.seen() == ["SIGINT"]
    play.wait(60)
    assert play.seen() == ["kill"]
    play.conversation.ended(-9, "", play.now)
    finished, exited = play.seen()
    assert (finished.outcome, finished.reason) == ("interrupted", "The turn was stopped.")
    assert exited == ClaudeExited(
        code=-9,
        expected=False,
        reason="Claude did not stop its turn when it was told to, so it was ended.",
    )


def test_a_stop_that_was_too_late_changes_nothing() -> None:
    play = Play()
    play.give("p1")
    play.stop()
    play.says("result", subtype="success", result="done")
    play.state("idle")
    assert play.seen()[-1].outcome == "done"
    play.stop()
    assert play.seen() == []
