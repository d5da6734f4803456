"""One turn: what is due, and what came of it."""

from __future__ import annotations

from claude_remote_workers.stream_json import Result
from claude_remote_workers.turn import DROPPED, STOP_STEPS, STOPPED, UNHEARD, Outcome, Step, Turn


def test_a_prompt_that_is_not_begun_with_is_remarked_on_once() -> None:
    turn = Turn("p", "c", began=100.0)
    assert turn.due == (100.0 + UNHEARD, Step.REMARK)
    turn.remarked_on = True
    assert turn.due is None


def test_an_echo_without_a_turn_is_the_end() -> None:
    turn = Turn("p", "c", began=100.0, echoed=101.0)
    assert turn.due == (101.0 + DROPPED, Step.FINISH)
    assert turn.outcome(None, "host") == Outcome(
        "interrupted", error=True, reason="Claude had been given this prompt before."
    )


def test_a_turn_that_runs_may_take_its_time_until_it_is_to_stop() -> None:
    turn = Turn("p", "c", began=100.0, runs=True)
    assert turn.due is None
    turn.stopping = 200.0
    for step, after in enumerate(STOP_STEPS):
        turn.stop_step = step
        assert turn.due == (200.0 + after, Step.PRESS)
    turn.stop_step = len(STOP_STEPS)
    assert turn.due is None
    assert turn.outcome(None, "host") == Outcome("interrupted", error=False, reason=STOPPED)


def test_a_result_is_settled_before_anything_else() -> None:
    turn = Turn("p", "c", began=100.0, runs=True, stopping=150.0, idle_since=150.0)
    turn.settle(Result(result="Four.", total_cost_usd=0.25), 151.0)
    assert turn.due == (152.0, Step.FINISH)
    assert turn.outcome(None, "host") == Outcome("done", error=False, reason="")
    assert (turn.answer, turn.total) == ("Four.", 0.25)


def test_who_is_meant() -> None:
    turn = Turn("p", "c", began=100.0, steered={"q"})
    assert [name for name in (None, "p", "q", "r") if turn.is_meant(name)] == [None, "p", "q"]
