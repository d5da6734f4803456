"""Questions asked line by line, and answers as they are typed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from claude_remote.cli.approving import lines
from claude_remote.cli.terminal import Terminal
from claude_remote.client.turn import Verdict
from claude_remote.errors import BadOption
from claude_remote.facts import ApprovalOpened
from claude_remote.messages import Behavior

QUESTIONS: list[dict[str, Any]] = [
    {"question": "Which one?", "options": [{"label": "Red"}, {"label": "Blue", "description": "dark"}]},
    {
        "question": "Which ones?",
        "multiSelect": True,
        "options": [{"label": "A, B"}, {"label": "C"}, {"label": "D"}],
    },
]


def asked(tool: str = "Bash", plan: str = "", **given: object) -> ApprovalOpened:
    return ApprovalOpened(
        approval="x", tool=tool, input=Raw(json.dumps(given).encode()), summary="", tool_use="t", plan=plan
    )


def answered(fact: ApprovalOpened, *typed: str | None) -> Verdict | None:
    """What comes of these lines, all of which are read."""
    left = list(typed)
    verdict = lines.ask(fact, Terminal(), lambda _: left.pop(0))
    assert left == []
    return verdict


def answers(verdict: Verdict | None) -> Any:
    assert verdict is not None
    assert verdict.behavior is Behavior.ALLOW
    return json.loads(verdict.input or b"")["answers"]


def test_a_tool() -> None:
    assert answered(asked(), "y") == lines.ALLOW
    assert answered(asked(), "what?", "s") == Verdict(behavior=Behavior.ALLOW, for_session=True)
    assert answered(asked(), "n use a copy") == lines.deny("use a copy")
    assert answered(asked(), "n", "") == lines.deny("")
    assert answered(asked(), None) is None


@pytest.mark.parametrize(("tool", "keys"), [("Bash", "y, s "), ("ExitPlanMode", "y, e ")])
def test_a_wrong_key_is_told_what_the_keys_are(
    tool: str, keys: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answered(asked(tool, plan="1. Do it."), "q", "", "y") == lines.ALLOW
    told = [line for line in capsys.readouterr().err.splitlines() if keys in line]
    assert told[0].startswith("  'q' is no answer here: ")
    assert told[1].startswith(f"  {keys}")


def test_a_plan() -> None:
    fact = asked("ExitPlanMode", plan="1. Do it.")
    assert lines.plan_of(fact) == "1. Do it."
    assert answered(fact, "y") == lines.ALLOW
    assert answered(fact, "e") == Verdict(behavior=Behavior.ALLOW, mode="acceptEdits")
    assert answered(fact, "k", "smaller") == lines.deny("smaller")
    assert answered(fact, "k smaller steps") == lines.deny("smaller steps")
    assert answered(fact, "k", "") == lines.deny("Keep planning; do not begin yet.")


def test_questions() -> None:
    fact = asked("AskUserQuestion", questions=QUESTIONS)
    assert answers(answered(fact, "2", "3,2")) == {"Which one?": "Blue", "Which ones?": "C, D"}
    assert answers(answered(fact, "red", "a, b")) == {"Which one?": "Red", "Which ones?": "A, B"}
    assert answers(answered(fact, "", "9", "neither", "C, or none")) == {
        "Which one?": "neither",
        "Which ones?": "C, or none",
    }
    verdict = answered(fact, "n")
    assert verdict is not None
    assert verdict.behavior is Behavior.DENY


def test_all_answers_at_once() -> None:
    fact = asked("AskUserQuestion", questions=QUESTIONS)
    assert answers(lines.answer_all(fact, ["1", "1,3"])) == {"Which one?": "Red", "Which ones?": "A, B, D"}
    with pytest.raises(BadOption, match="2 questions, and 1 answers"):
        lines.answer_all(fact, ["1"])
    with pytest.raises(BadOption, match="no option 7"):
        lines.answer_all(fact, ["7", "1"])
    with pytest.raises(BadOption, match="not known"):
        lines.answer_all(asked("AskUserQuestion", questions=3), ["1"])


def test_questions_of_an_unknown_shape_are_asked_as_a_tool() -> None:
    assert answered(asked("AskUserQuestion", questions=[{"question": 7}]), "y") == lines.ALLOW
