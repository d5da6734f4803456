"""Approvals as transcripts: a step is recorded when there is evidence for it, and only then."""

from __future__ import annotations

import msgspec
import pytest

from claude_remote.facts import (
    ApprovalDelivered,
    ApprovalOpened,
    ApprovalTaken,
    ApprovalVoid,
    Notice,
    RulesAdded,
    ToolFinished,
    TurnFinished,
)
from claude_remote.messages import Behavior
from tests.workers.recorder import Play, answered, names

A = "aaaaaaaa-0000-4000-8000-000000000001"
B = "bbbbbbbb-0000-4000-8000-000000000002"
RULE = {
    "type": "addRules",
    "rules": [{"toolName": "Bash", "ruleContent": "pytest *"}],
    "behavior": "allow",
    "destination": "localSettings",
}
WHOLE_MODE = {"type": "setMode", "mode": "acceptEdits", "destination": "session"}


def asking(*approvals: str) -> Play:
    play = Play()
    play.give("p1")
    play.state("running")
    for approval in approvals:
        play.asks_for(approval, permission_suggestions=[RULE, WHOLE_MODE], description="Run tests")
    return play


def fence(approval: str) -> str:
    return f"claude-remote-fence:{approval}"


def test_the_whole_way_of_a_decision() -> None:
    play = asking(A)
    opened = play.seen()[-1]
    assert isinstance(opened, ApprovalOpened)
    assert (opened.approval, opened.tool, opened.summary, opened.description) == (
        A,
        "Bash",
        "Bash: pytest",
        "Run tests",
    )
    assert msgspec.json.decode(opened.input) == {"command": "pytest"}
    play.outside.pipe_is_full = True
    play.decide(A, "allow")
    assert play.seen() == [
        ("answer", A, {"behavior": "allow", "updatedInput": {"command": "pytest"}}),
        ("request", "get_binary_version", fence(A)),
    ]
    play.outside.pipe_drains()
    assert play.seen() == [ApprovalDelivered(approval=A, behavior=Behavior.ALLOW, by="me")]
    play.says("control_response", response=answered(A, behavior="allow"))
    assert play.seen()[1:] == [ApprovalTaken(approval=A)]
    play.says("control_response", response=answered(fence(A), version="1"))
    assert len(play.seen()) == 1, "the second sign says nothing new"
    play.tool_result(A, error=True)
    assert play.seen()[1:] == [ToolFinished(approval=A, error=True)]


@pytest.mark.parametrize("sign", ["fence", "tool"])
def test_a_claude_that_does_not_echo(sign: str) -> None:
    play = asking(A)
    play.decide(A, "allow")
    play.seen()
    if sign == "fence":
        play.says("control_response", response=answered(fence(A)))
        assert names(play.seen())[1:] == [ApprovalTaken]
    else:
        play.tool_result(A)
        assert names(play.seen())[1:] == [ApprovalTaken, ToolFinished]


def test_the_first_decision_wins_and_comes_once() -> None:
    play = asking(A)
    play.decide(A, "allow", b'{"command":"pytest -x"}')
    play.seen()
    play.decide(A, "deny")
    play.decide(A, "allow")
    assert play.seen() == []
    assert play.conversation.decisions == (A,)


def test_changed_input() -> None:
    play = asking(A)
    play.seen()
    play.decide(A, "allow", b'{"command":"pytest -x"}')
    assert play.seen()[0] == (
        "answer",
        A,
        {"behavior": "allow", "updatedInput": {"command": "pytest -x"}},
    )


def test_deny() -> None:
    play = asking(A, B)
    play.seen()
    play.decide(A, "deny")
    assert play.seen()[0] == (
        "answer",
        A,
        {"behavior": "deny", "message": "The user does not want this tool to be used."},
    )
    play.decide(B, "deny", message="Not on Fridays.", stop=True)
    assert play.seen()[0] == (
        "answer",
        B,
        {"behavior": "deny", "message": "Not on Fridays.", "interrupt": True},
    )


def test_for_this_session_takes_claudes_rules_and_not_its_other_suggestions() -> None:
    play = asking(A)
    play.seen()
    play.decide(A, "allow", for_session=True)
    _, _, response = play.seen()[0]
    assert response["updatedPermissions"] == [{**RULE, "destination": "session"}]
    # It is one when claude has taken it; then it is in the log, for the next claude of the session.
    play.says("control_response", response=answered(A))
    _, taken, added = play.seen()
    assert isinstance(taken, ApprovalTaken)
    assert added == RulesAdded(approval=A, rules=("Bash(pytest *)",))


def test_once_is_no_rule() -> None:
    play = asking(A)
    play.decide(A, "allow")
    play.seen()
    play.says("control_response", response=answered(A))
    assert names(play.seen()) == [("line", "control_response"), ApprovalTaken]


@pytest.mark.parametrize(
    ("file", "rule"),
    [
        ("/home/me/src/a/b.py", "//home/me/src/**"),
        ("/etc/hosts", "//etc/**"),
        ("/home/me/src/../x", None),
        ("relative", None),
    ],
)
def test_for_this_session_where_claude_suggests_another_mode(file: str, rule: str | None) -> None:
    play = Play()
    play.asks_for(A, "Write", input={"file_path": file}, permission_suggestions=[WHOLE_MODE])
    play.seen()
    play.decide(A, "allow", for_session=True)
    *notice, (_, _, response), _, _ = play.seen()
    if rule is None:
        assert names(notice) == [Notice]
        assert "updatedPermissions" not in response
    else:
        [given] = response["updatedPermissions"]
        assert given["rules"] == [{"toolName": "Edit", "ruleContent": rule}]
        assert given["destination"] == "session"


def test_what_claude_calls_unsafe_is_never_made_a_rule() -> None:
    play = Play()
    play.asks_for(A, permission_suggestions=[], decision_reason_type="safetyCheck")
    assert play.seen()[-1].reason_type == "safetyCheck"
    play.decide(A, "allow", for_session=True)
    notice, (_, _, response), *_ = play.seen()
    assert isinstance(notice, Notice)
    assert "updatedPermissions" not in response


def test_a_question_taken_back_while_its_answer_was_under_way() -> None:
    play = asking(A)
    play.decide(A, "allow")
    play.seen()
    play.says("control_cancel_request", request_id=A)
    assert play.seen()[1:] == [ApprovalVoid(approval=A, reason="Claude took the question back.")]
    play.says("control_response", response=answered(fence(A)))
    assert names(play.seen()) == [("line", "control_response")], "read, but not taken"


def test_a_decision_that_comes_too_late() -> None:
    play = asking(A)
    play.stop()
    play.says("control_cancel_request", request_id=A)
    assert play.seen()[-1] == ApprovalVoid(approval=A, reason="The turn was stopped.")
    play.decide(A, "allow")
    play.decide(B, "allow")
    assert play.seen() == []


def test_two_at_once_answered_in_the_other_order() -> None:
    play = asking(A, B)
    play.seen()
    play.decide(B, "allow")
    play.decide(A, "deny")
    play.says("control_response", response=answered(A))
    play.says("control_response", response=answered(B))
    play.tool_result(B)
    play.tool_result(A, error=True)
    assert [fact for fact in play.seen() if isinstance(fact, ApprovalTaken | ToolFinished)] == [
        ApprovalTaken(approval=A),
        ApprovalTaken(approval=B),
        ToolFinished(approval=B, error=False),
        ToolFinished(approval=A, error=True),
    ]


def test_the_end_of_a_turn_voids_what_is_open_but_not_what_a_background_agent_asks() -> None:
    play = asking(A)
    play.asks_for(B, agent_id="agent-1")
    play.says("result", subtype="success")
    play.seen()
    play.state("idle")
    assert names(play.seen())[1:] == [ApprovalVoid, TurnFinished]
    play.decide(B, "allow")
    assert ApprovalDelivered in names(play.seen())


def test_the_end_of_claude_voids_everything() -> None:
    play = asking(A, B)
    play.decide(A, "allow")
    play.seen()
    play.conversation.ended(-9, "", play.now)
    voided = [fact for fact in play.seen() if isinstance(fact, ApprovalVoid)]
    assert [fact.approval for fact in voided] == [A, B]


def test_a_question_that_is_not_understood_is_not_left_waiting() -> None:
    play = Play()
    play.says("control_request", request_id="x", request={"subtype": "can_use_tool", "tool_name": 5})
    assert names(play.seen())[-2:] == [Notice, ("answer", "x", "claude-remote does not understand this")]
    play.says("control_request", request_id="y", request={"subtype": "hook_callback"})
    assert play.seen()[-1] == ("answer", "y", "claude-remote does not serve 'hook_callback'")


def test_a_changed_input_that_would_break_claudes_input() -> None:
    play = asking(A)
    play.seen()
    for broken in (b"{", b"[]", b'{"a":1}\n{"type":"user"}', b'{"a":' + b"[" * 5000):
        play.decide(A, "allow", broken)
        assert names(play.seen()) == [Notice]
    play.decide(A, "allow", b'{\n "command":\r\n "a\\nb"\n}')
    assert play.seen()[0] == ("answer", A, {"behavior": "allow", "updatedInput": {"command": "a\nb"}})


def test_a_question_nested_too_deeply_is_not_left_waiting() -> None:
    play = Play()
    deep = b'{"type":"control_request","request_id":"x","request":' + b"[" * 5000 + b"]" * 5000 + b"}\n"
    play.outside.keep = lambda line: None  # type: ignore[method-assign]
    play.conversation.read(deep, play.now)
    assert names(play.seen()) == [Notice, ("answer", "x", "claude-remote does not understand this")]
