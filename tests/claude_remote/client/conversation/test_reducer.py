"""Conversations out of what the real claude said, whole and in pieces."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote import facts
from claude_remote.client.conversation import Conversation
from claude_remote.client.conversation.items import Change, Doing, Gone, More, Question, Words
from claude_remote.client.events import Decided, Event, Fact, Line, Reconnecting, Reset
from claude_remote.messages import Behavior, Cursor
from tests.claude_remote.client import lines as claude
from tests.claude_remote.client import recordings
from tests.claude_remote.client.conversation.transcript import fold, transcript

AT = Cursor(1, 1)
NOWHERE = "File does not exist. Note: your current working directory is /home/me/src/api."
PROMPT = "22222222-2222-4222-8222-222222222222"
APPROVAL = "33333333-3333-4333-8333-333333333333"


def read(*events: bytes | facts.Fact | Event, conversation: Conversation | None = None) -> list[Change]:
    conversation = conversation or Conversation()
    changes: list[Change] = []
    for event in events:
        match event:
            case bytes():
                changes += conversation.read(Line(event, AT))
            case facts.Fact():
                changes += conversation.read(Fact(event, AT))  # type: ignore[arg-type]
            case _:
                changes += conversation.read(event)
    return changes


def started() -> facts.Fact:
    return facts.TurnStarted(prompt=PROMPT, client="me@laptop")


def finished(outcome: str = "done", **fields: object) -> facts.Fact:
    return facts.TurnFinished(prompt=PROMPT, outcome=outcome, **fields)  # type: ignore[arg-type]


def asked(tool: str = "Bash", **given: object) -> facts.Fact:
    return facts.ApprovalOpened(
        approval=APPROVAL,
        tool=tool,
        input=facts.Raw(json.dumps(given).encode()),
        summary="",
        tool_use="toolu_1",
    )


def use(tool: str = "Bash", **given: object) -> bytes:
    return claude.assistant({"type": "tool_use", "id": "toolu_1", "name": tool, "input": given})


# --- the real claude -------------------------------------------------------------------------------------


def test_a_turn_with_tools() -> None:
    assert transcript(recordings.changes(recordings.lines("tools"))) == [
        "me@laptop> fix it",
        "answer: I look first.",
        "Read(circle.py) done: 3 lines",
        "Bash(ls) done: circle.py",
        "Bash(echo one >> log.txt; echo two; echo three) done: two (+1 line)",
        "? Bash(echo one >> log.txt; echo two; echo three) allow by me@laptop",
        "answer: Now I fix it.",
        "Edit(circle.py) done: +1 -1",
        "? Edit(circle.py) allow by me@laptop",
        "Write(other.py) denied: not that file",
        "? Write(other.py) deny by me@laptop",
        "Read(/home/me/nowhere.txt) failed: " + NOWHERE,
        "? Read(/home/me/nowhere.txt) allow by me@laptop",
        "answer: Done, except for the last.",
        "-- done",
    ]


def test_an_interrupt_keeps_what_was_written() -> None:
    assert transcript(recordings.changes(recordings.lines("interrupted"))) == [
        "me@laptop> count",
        "answer: One two three f",
        "-- interrupted: The turn was stopped.",
    ]


def test_what_broke_off_is_taken_back() -> None:
    changes = recordings.changes(recordings.lines("broken"))
    assert any(isinstance(change, Gone) for change in changes)
    assert transcript(changes) == ["me@laptop> answer", "answer: The whole answer.", "-- done"]


def test_questions_and_plans() -> None:
    changes = recordings.changes(recordings.lines("questions"))
    assert [line for line in transcript(changes) if not line.startswith("?")] == [
        "me@laptop> paint",
        "AskUserQuestion(Which colour?) done: Blue",
        "answer: I plan.",
        "EnterPlanMode() done",
        "ExitPlanMode() denied: twice, please",
        "ExitPlanMode() done",
        "answer: It is painted.",
        "-- done",
    ]
    # The plan stands in what the model wrote, not in what claude asks.
    plans = [change.plan for change in changes if isinstance(change, Question) and change.plan]
    assert list(dict.fromkeys(plans)) == ["1. Paint it.\n2. Dry it.", "1. Paint it twice."]


def test_commands() -> None:
    told = transcript(recordings.changes(recordings.lines("commands")))
    assert told[0].startswith("output: Estimated cost:        $0.0000\nTotal")
    assert told[1:] == [
        "me@laptop> /usage",
        "-- done",
        "me@laptop> /ship home",
        "answer: Shipped.",
        "-- done",
        "me@laptop> /clear",
        "-- done",
        "output: /permissions isn't available in this environment.",
        "-- done",
    ]


def test_a_subagent_in_the_background() -> None:
    assert "Task(Look around) done: in the background" in transcript(
        recordings.changes(recordings.lines("subagent"))
    )


def test_what_is_known_after_a_session() -> None:
    conversation = Conversation()
    for event in recordings.events(recordings.lines("questions")):
        conversation.read(event)
    assert (conversation.mode, conversation.cwd) == ("default", "/home/me/src/api")
    assert (conversation.ready, conversation.running, conversation.doing) == (True, False, Doing.NOTHING)
    assert conversation.cost == pytest.approx(0.01)
    ship = next(command for command in conversation.commands if command.name == "ship")
    assert (ship.description, ship.argument) == ("Ship it (project)", "where")


@pytest.mark.parametrize("name", recordings.NAMES)
@given(data=st.data())
def test_lost_and_repeated_pieces_change_nothing_in_the_end(name: str, data: st.DataObject) -> None:
    log = recordings.lines(name)
    whole = transcript(recordings.changes(log))
    damaged: list[bytes] = []
    for line in log:
        times = 1
        if line.startswith(b'{"type":"stream_event"'):
            times = data.draw(st.sampled_from((1, 1, 1, 0, 2)))
        damaged += [line] * times
    assert transcript(recordings.changes(damaged)) == whole


@pytest.mark.parametrize("name", recordings.NAMES)
@given(data=st.data())
def test_a_reader_may_begin_anywhere(name: str, data: st.DataObject) -> None:
    log = recordings.lines(name)
    begin = data.draw(st.integers(0, len(log)))
    seen = transcript(recordings.changes(log[begin:]))
    whole = transcript(recordings.changes(log))
    assert not any(line.endswith(" …") for line in seen)
    assert seen[-1:] == whole[-1:] or begin == len(log)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ("type", "subtype", "message", "event", "content", "id", "delta", "response")
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ),
    st.sampled_from(("stream_event", "assistant", "user", "system", "result", "control_response", "new")),
)
def test_a_line_of_another_shape_is_no_harm(inner: object, kind: str) -> None:
    fields = inner if isinstance(inner, dict) else {"message": inner}
    read(json.dumps({**fields, "type": kind}).encode(), b"\xff", b"{")


# --- by hand -----------------------------------------------------------------------------------------------


def test_thinking_is_apart_from_the_answer() -> None:
    thinking = {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "thinking_delta", "thinking": "Hm"},
    }
    answer = {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Yes"}}
    changes = read(
        started(),
        claude.message_start(),
        claude.line("stream_event", event=thinking),
        claude.line("stream_event", event=answer),
        claude.assistant({"type": "thinking", "thinking": "Hm, well."}),
        claude.assistant("Yes."),
    )
    assert transcript(changes) == ["thinking: Hm, well.", "answer: Yes."]


def test_the_pieces_of_a_text_are_told_once() -> None:
    changes = read(claude.message_start(), claude.delta("a"), claude.delta("b"))
    assert changes == [Words(id=1, kind="answer", text="a", done=False), More(1, "b")]
    assert transcript(changes) == ["answer: ab …"]


def test_a_prompt_that_claude_repeats_late_stands_before_the_answer_and_once() -> None:
    """As 2.1.197 does it."""
    changes = read(
        started(),
        facts.Prompted(prompt=PROMPT, text="what is it?"),
        claude.message_start(),
        claude.delta("Fine"),
        claude.line("user", message={"content": "what is it?"}, uuid=PROMPT, isReplay=True),
        claude.assistant("Fine."),
        finished(),
    )
    assert transcript(changes) == ["me@laptop> what is it?", "answer: Fine.", "-- done"]


def test_a_turn_that_ends_in_the_middle_closes_all() -> None:
    changes = read(started(), use(command="sleep"), asked(command="sleep"), claude.delta("half"), finished())
    assert transcript(changes) == [
        "Bash(sleep) stopped",
        "? Bash(sleep) void by ?",
        "answer: half",
        "-- done",
    ]


def test_another_prompt_that_was_given_up_does_not_end_the_turn() -> None:
    conversation = Conversation()
    other = facts.TurnFinished(prompt=APPROVAL, outcome="void", reason="taken back")
    changes = read(started(), claude.delta("on"), other, conversation=conversation)
    assert transcript(changes) == ["answer: on …", "-- void: taken back"]
    assert conversation.running


def test_retries_are_one_note() -> None:
    def retry(attempt: int) -> tuple[bytes, facts.Fact]:
        line = claude.line("system", subtype="api_retry", attempt=attempt)
        return line, facts.Notice(level="warning", text=f"overloaded, attempt {attempt}")

    conversation = Conversation()
    changes = read(started(), *retry(1), *retry(2), conversation=conversation)
    assert transcript(changes) == ["warning: overloaded, attempt 2 …"]
    assert conversation.doing is Doing.RETRYING
    changes += read(claude.message_start(), *retry(1), conversation=conversation)
    assert transcript(changes) == ["warning: overloaded, attempt 2", "warning: overloaded, attempt 1 …"]


def test_other_notices_stand_alone() -> None:
    notice = facts.Notice(level="info", text="hello")
    assert transcript(read(notice, notice)) == ["info: hello", "info: hello"]


def test_an_api_error_is_told_by_the_end_of_the_turn() -> None:
    failed = claude.line(
        "assistant",
        message={"id": "x", "model": "<synthetic>", "content": [{"type": "text", "text": "API Error: 401"}]},
        parent_tool_use_id=None,
        error="authentication_failed",
    )
    end = finished(error=True, reason="claude is not logged in")
    assert transcript(read(started(), failed, end)) == ["-- done: claude is not logged in"]


def test_what_a_command_prints_into_the_result_alone() -> None:
    assert transcript(read(started(), claude.result("Set model to opus"), finished())) == [
        "output: Set model to opus",
        "-- done",
    ]
    assert transcript(read(started(), claude.assistant("Hi."), claude.result("Hi."), finished())) == [
        "answer: Hi.",
        "-- done",
    ]


def test_local_output_loses_its_tags() -> None:
    line = claude.line(
        "user", message={"content": "<local-command-stdout>Set model\n</local-command-stdout>"}, isReplay=True
    )
    assert transcript(read(line)) == ["output: Set model"]


def test_the_steps_of_a_subagent() -> None:
    step = claude.assistant(claude.tool_use("Grep", pattern="x"), parent="toolu_1")
    words = claude.assistant("I am a subagent", parent="toolu_1")
    changes = read(use("Task", description="Look"), step, words, step, claude.delta("too", parent="toolu_1"))
    assert transcript(changes) == ["Task(Look) running [2: Grep x] …"]


@pytest.mark.parametrize("elsewhere", [True, False])
def test_a_question_is_settled_once(*, elsewhere: bool) -> None:
    conversation = Conversation()
    read(started(), use(command="ls"), asked(command="ls"), conversation=conversation)
    assert [question.approval for question in conversation.questions] == [APPROVAL]
    assert conversation.doing is Doing.ASKING
    told = Decided(APPROVAL, Behavior.ALLOW, "phone")
    delivered = facts.ApprovalDelivered(approval=APPROVAL, behavior=Behavior.ALLOW, by="phone")
    changes = read(told if elsewhere else delivered, delivered, conversation=conversation)
    (settled,) = fold(changes)
    assert isinstance(settled, Question)
    assert (settled.decision, settled.by) == (Behavior.ALLOW, "phone")
    assert not conversation.questions
    assert (conversation.doing, conversation.detail) == (Doing.TOOL, "Bash")


def test_a_void_question_says_why() -> None:
    changes = read(started(), asked(), facts.ApprovalVoid(approval=APPROVAL, reason="Claude took it back."))
    (question,) = fold(changes)
    assert isinstance(question, Question)
    assert (question.done, question.decision, question.message) == (True, None, "Claude took it back.")


def test_claude_that_dies_is_told_and_claude_that_parks_is_not() -> None:
    died = facts.ClaudeExited(code=1, expected=False, reason="claude ended with code 1.")
    parked = facts.ClaudeExited(code=0, expected=True, reason="Claude was parked.")
    assert transcript(read(died, parked)) == ["error: claude ended with code 1."]


def test_a_lost_part_of_the_log_drops_what_was_being_written() -> None:
    changes = read(claude.delta("half"), Reset(Cursor(2, 0)))
    assert transcript(changes) == ["warning: The server has lost a part of this session."]


def test_events_without_a_meaning_for_the_reader() -> None:
    assert read(Reconnecting("gone")) == []
