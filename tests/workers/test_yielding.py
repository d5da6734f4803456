"""When somebody else has the conversation open."""

from __future__ import annotations

from pathlib import Path

from claude_remote import facts
from claude_remote.conversations import Owner
from claude_remote.processes import Process
from claude_remote_workers.transcript import Transcript
from tests.workers.recorder import SESSION, Play, answered

RIVAL = Owner(SESSION, Process(7, 1.0), 0.0, "pts/3")


def resumed(tmp_path: Path, *, ready: bool) -> Play:
    path = tmp_path / "t.jsonl"
    path.write_text("")
    return Play(Transcript(path), ready=ready)


def refused(seen: list[object]) -> list[str | None]:
    return [
        fact.prompt
        for fact in seen
        if isinstance(fact, facts.TurnFinished) and fact.outcome == "void" and "pid 7 on pts/3" in fact.reason
    ]


def test_a_resumed_claude_is_given_nothing_before_it_is_ready(tmp_path: Path) -> None:
    play = resumed(tmp_path, ready=False)
    play.give("p1", "go")
    assert ("prompt", "p1", "go") not in play.seen()
    play.says("control_response", response=answered("claude-remote-initialize"))
    assert ("prompt", "p1", "go") in play.seen()


def test_who_was_faster_keeps_it(tmp_path: Path) -> None:
    play = resumed(tmp_path, ready=False)
    play.give("p1")
    play.give("p2")
    play.outside.rivals[SESSION] = RIVAL
    play.says("control_response", response=answered("claude-remote-initialize"))
    seen = play.seen()
    assert refused(seen) == ["p1", "p2"]
    assert "end of input" in seen
    assert not any(each[0] == "prompt" for each in seen if isinstance(each, tuple))


def test_a_turn_that_runs_is_finished_and_then_it_makes_room(tmp_path: Path) -> None:
    play = resumed(tmp_path, ready=True)
    play.give("p1")
    play.state("running")
    play.give("p2")
    play.outside.rivals[SESSION] = RIVAL
    play.seen()
    play.says("result", subtype="success", result="Done.", total_cost_usd=0.1)
    play.state("idle")
    seen = play.seen()
    assert [fact.outcome for fact in seen if isinstance(fact, facts.TurnFinished)] == ["done", "void"]
    assert refused(seen) == ["p2"]
    assert "end of input" in seen
