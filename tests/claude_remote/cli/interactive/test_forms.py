"""Questions at the bottom of the screen: which keys decide what."""

from __future__ import annotations

import json

import pytest

from claude_remote.cli.interactive.forms import ChoiceForm, Form, PlanForm, ToolForm, make_form
from claude_remote.client.turn import Verdict
from claude_remote.messages import Behavior
from tests.claude_remote.cli.interactive.asked import question

RED = {"label": "Red", "description": "warm"}
BLUE = {"label": "Blue", "description": "cold"}
COLOUR = {"question": "Which colour?", "options": [RED, BLUE], "multiSelect": False}
SIZES = {"question": "Which sizes?", "options": [{"label": "Small"}, {"label": "Large"}], "multiSelect": True}


def shown(form: Form) -> list[str]:
    return ["".join(text for _, text in line).rstrip() for line in form.lines()]


def press(form: Form, *keys: str) -> Verdict | None:
    """Press keys until one decides; a key of several letters but `enter` is a line that is written."""
    answer = None
    for key in keys:
        assert answer is None
        writes = form.wants_text
        answer = form.write(key) if writes else form.press(key)
    return answer


def answers(answer: Verdict | None) -> object:
    assert answer is not None
    assert answer.input is not None
    assert answer.behavior is Behavior.ALLOW
    return json.loads(answer.input)["answers"]


def deny(message: str) -> Verdict:
    return Verdict(behavior=Behavior.DENY, message=message)


def test_a_tool() -> None:
    form = make_form(question("Bash", may_remember=True, command="ls"))
    assert isinstance(form, ToolForm)
    assert shown(form) == ["[y]es  [s]ession: the like of it, too  [n]o"]
    assert press(form, "y") == Verdict(behavior=Behavior.ALLOW)
    assert press(form, "s") == Verdict(behavior=Behavior.ALLOW, for_session=True)
    assert press(form, "n", " not now ") == deny("not now")


def test_a_tool_for_which_claude_offers_no_rule() -> None:
    form = make_form(question("Bash", command="rm -rf /"))
    assert shown(form) == ["[y]es  [n]o"]
    assert press(form, "s") is None


@pytest.mark.parametrize("key", ["Y", "enter", "x", "1", "\x1b", " "])
def test_no_other_key_decides(key: str) -> None:
    for form in (make_form(question("Bash")), make_form(question("ExitPlanMode", plan="x"))):
        assert form.press(key) is None
        assert not form.wants_text


def test_a_denial_can_be_thought_over() -> None:
    form = make_form(question("Bash"))
    press(form, "n")
    assert (form.wants_text, form.text_prompt) == (True, "Why not? (Enter: no reason) ")
    form.cancel_text()
    assert press(form, "y") == Verdict(behavior=Behavior.ALLOW)


def test_a_plan() -> None:
    form = make_form(question("ExitPlanMode", plan="1. Do it"))
    assert isinstance(form, PlanForm)
    assert shown(form) == ["[y]es  [e]dits pass without asking  [k]eep planning"]
    assert press(form, "y") == Verdict(behavior=Behavior.ALLOW)
    assert press(form, "e") == Verdict(behavior=Behavior.ALLOW, mode="acceptEdits")
    assert press(form, "k", "twice") == deny("twice")


def test_a_plan_that_is_sent_back_without_words() -> None:
    form = make_form(question("ExitPlanMode"))
    assert press(form, "k", "") == deny("Keep planning; do not begin yet.")


def test_one_of_several() -> None:
    form = make_form(question("AskUserQuestion", questions=[COLOUR]))
    assert isinstance(form, ChoiceForm)
    assert shown(form) == [
        "Which colour?",
        "[1] Red  warm",
        "[2] Blue  cold",
        "[o]ther, in your own words  [n]o answer",
    ]
    assert press(form, "3") is None
    assert answers(press(form, "2")) == {"Which colour?": "Blue"}


def test_two_questions_one_of_them_with_several_answers() -> None:
    form = make_form(question("AskUserQuestion", questions=[COLOUR, SIZES]))
    assert shown(form)[0] == "Which colour? (1 of 2)"
    assert press(form, "1", "2", "1") is None
    assert shown(form) == [
        "Which sizes? (2 of 2)",
        "[1] [x] Small",
        "[2] [x] Large",
        "[Enter] done  [o]ther, in your own words  [n]o answer",
    ]
    assert answers(press(form, "enter")) == {"Which colour?": "Red", "Which sizes?": "Small, Large"}


def test_choosing_is_taken_back_by_the_same_key() -> None:
    form = make_form(question("AskUserQuestion", questions=[SIZES]))
    assert press(form, "1", "1", "enter") is None
    assert answers(press(form, "2", "enter")) == {"Which sizes?": "Large"}


def test_own_words() -> None:
    form = make_form(question("AskUserQuestion", questions=[COLOUR]))
    assert press(form, "o", "  ") is None
    assert answers(press(form, "o", "Green")) == {"Which colour?": "Green"}


def test_no_answer() -> None:
    form = make_form(question("AskUserQuestion", questions=[COLOUR]))
    assert press(form, "n") == deny("The user does not want to answer these questions.")


@pytest.mark.parametrize(
    "questions",
    [None, [], "x", [1], [{"question": "a"}], [COLOUR, COLOUR], [{"question": 1, "options": []}]],
)
def test_questions_of_another_shape_are_asked_as_a_tool(questions: object) -> None:
    assert isinstance(make_form(question("AskUserQuestion", questions=questions)), ToolForm)


def test_what_claude_writes_is_harmless() -> None:
    evil = {"question": "a\x1b[2J", "options": [{"label": "b\x1b", "description": "c\x07"}]}
    form = make_form(question("AskUserQuestion", questions=[evil]))
    assert not {"\x1b", "\x07"} & set("".join(shown(form)))
    assert answers(press(form, "1")) == {"a\x1b[2J": "b\x1b"}
