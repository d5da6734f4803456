"""Prompts for the running turn as transcripts. What claude says in them is what 2.1.330 has said."""

from __future__ import annotations

from claude_remote.facts import ClaudeExited, Prompted, Steered, TurnFinished, TurnStarted
from tests.workers.recorder import Play, names

CANCEL = ("request", "cancel_async_message", "claude-remote-cancel:p2")


def running() -> Play:
    play = Play()
    play.give("p1", "first")
    play.state("running")
    echo(play, "p1", "first")
    play.seen()
    return play


def echo(play: Play, prompt: str, text: str) -> None:
    play.says("user", uuid=prompt, isReplay=True, message={"role": "user", "content": text})


def lifecycle(play: Play, prompt: str, state: str) -> None:
    play.says("command_lifecycle", command_uuid=prompt, state=state)


def result(play: Play, **fields: object) -> None:
    play.says("result", subtype="success", result="Done.", **fields)


def stated(play: Play) -> list[object]:
    return [item for item in play.seen() if not (isinstance(item, tuple) and item[0] == "line")]


def test_it_becomes_a_part_of_the_turn() -> None:
    play = running()
    play.give("p2", "not there", now=True)
    assert play.seen() == [("prompt", "p2", "not there")]
    lifecycle(play, "p2", "queued")
    echo(play, "p2", "not there")
    lifecycle(play, "p2", "started")
    seen = play.seen()
    assert seen[1] == Steered(prompt="p2", client="me"), "who said it stands before what was said"
    assert names(seen) == [
        ("line", "command_lifecycle"),
        Steered,
        ("line", "user"),
        ("line", "command_lifecycle"),
    ]
    lifecycle(play, "p2", "completed")
    result(play)
    play.state("idle")
    assert stated(play) == [TurnFinished(prompt="p1", outcome="done", last_words="Done.", answer="Done.")]


def test_what_it_came_too_late_for_is_a_turn_of_its_own() -> None:
    play = running()
    play.give("p2", "two", now=True)
    play.give("p3", "three", now=True)
    play.give("p4", "four")
    play.seen()
    result(play)
    lifecycle(play, "p1", "completed")
    echo(play, "p2", "two")
    lifecycle(play, "p2", "started")
    lifecycle(play, "p3", "started")
    echo(play, "p3", "two\nthree")
    assert stated(play) == [
        TurnFinished(prompt="p1", outcome="done", last_words="Done.", answer="Done."),
        TurnStarted(prompt="p2", client="me"),
        Steered(prompt="p3", client="me"),
    ]
    result(play)
    play.state("idle")
    assert stated(play) == [
        TurnFinished(prompt="p2", outcome="done", last_words="Done.", answer="Done."),
        TurnStarted(prompt="p4", client="me"),
        ("prompt", "p4", "four"),
    ], "what waits is written when claude has read everything else"


def test_where_claude_repeats_it_late_its_turn_begins_with_the_answer() -> None:
    """As 2.1.197 does it, which tells no `command_lifecycle`."""
    play = running()
    play.give("p2", "two", now=True)
    play.seen()
    result(play)
    play.says("system", subtype="status", status="requesting")
    assert stated(play) == [
        TurnFinished(prompt="p1", outcome="done", last_words="Done.", answer="Done."),
        TurnStarted(prompt="p2", client="me"),
        Prompted(prompt="p2", text="two"),
    ]
    echo(play, "p2", "two")
    assert stated(play) == []
    result(play)
    play.state("idle")
    assert names(stated(play)) == [TurnFinished]


def test_claude_is_idle_for_a_moment_before_it_reads_it() -> None:
    play = running()
    play.give("p2", "two", now=True)
    play.give("p3", "three")
    play.seen()
    result(play)
    play.state("idle")
    assert names(stated(play)) == [TurnFinished], "nothing else is written meanwhile"
    play.state("running")
    lifecycle(play, "p2", "started")
    assert stated(play) == [TurnStarted(prompt="p2", client="me")]
    result(play)
    play.state("idle")
    assert names(stated(play)) == [TurnFinished, TurnStarted, ("prompt", "p3", "three")]


def test_what_claude_never_reads_is_written_again() -> None:
    play = running()
    play.give("p2", "two", now=True)
    play.seen()
    result(play)
    play.state("idle")
    play.wait(11)
    assert stated(play)[1:] == [TurnStarted(prompt="p2", client="me"), ("prompt", "p2", "two")]


def test_without_a_turn_it_is_the_next() -> None:
    play = Play()
    play.give("p1", "one", now=True)
    assert play.seen() == [TurnStarted(prompt="p1", client="me"), ("prompt", "p1", "one")]


def test_a_turn_at_its_end_takes_no_more() -> None:
    play = running()
    play.give("p3", "three")
    result(play)
    play.give("p2", "two", now=True)
    assert stated(play) == []
    play.state("idle")
    assert names(stated(play)) == [TurnFinished, TurnStarted, ("prompt", "p2", "two")], "before what waited"


def test_an_interrupt_takes_back_what_was_not_read() -> None:
    play = running()
    play.give("p2", "two", now=True)
    play.stop()
    lifecycle(play, "p2", "cancelled")
    play.says("result", subtype="error_during_execution", terminal_reason="aborted_streaming", is_error=True)
    play.state("idle")
    seen = [item for item in stated(play) if isinstance(item, TurnFinished)]
    assert [(fact.prompt, fact.outcome, fact.error) for fact in seen] == [
        ("p2", "void", False),
        ("p1", "interrupted", False),
    ]


def test_it_can_be_taken_back_before_it_is_read() -> None:
    play = running()
    play.give("p2", "two", now=True)
    play.stop("p2")
    assert stated(play) == [("prompt", "p2", "two"), CANCEL]
    lifecycle(play, "p2", "cancelled")
    (fact,) = stated(play)
    assert isinstance(fact, TurnFinished)
    assert (fact.prompt, fact.outcome) == ("p2", "void")
    result(play)
    play.state("idle")
    assert names(stated(play)) == [TurnFinished]


def test_when_that_comes_too_late_the_turn_is_stopped() -> None:
    play = running()
    play.give("p2", "two", now=True)
    play.stop("p2")
    play.seen()
    echo(play, "p2", "two")
    assert names(stated(play)) == [Steered, ("request", "interrupt", "claude-remote-interrupt:1")]


def test_stopping_one_that_was_read_stops_the_turn() -> None:
    play = running()
    play.give("p2", "two", now=True)
    echo(play, "p2", "two")
    play.seen()
    play.stop("p2")
    assert stated(play) == [("request", "interrupt", "claude-remote-interrupt:1")]


def test_when_claude_is_to_end_it_is_kept_for_the_next() -> None:
    play = running()
    play.give("p2", "two", now=True)
    play.release("now")
    lifecycle(play, "p2", "cancelled")
    play.says("result", subtype="error_during_execution", terminal_reason="aborted_streaming", is_error=True)
    play.state("idle")
    play.conversation.ended(0, "", play.now)
    facts = [item for item in stated(play) if isinstance(item, TurnFinished | ClaudeExited)]
    assert [getattr(fact, "prompt", None) for fact in facts] == ["p1", None], "nothing is said of it"


def test_when_claude_dies_it_is_kept_for_the_next() -> None:
    play = running()
    play.give("p2", "two", now=True)
    play.seen()
    play.conversation.ended(-9, "", play.now)
    ended = [item.prompt for item in stated(play) if isinstance(item, TurnFinished)]
    assert ended == ["p1"]
