"""The questions at the bottom of the screen, as small state machines: keys go in, verdicts come out.

A form is shown below what it is about. Keys are single characters, or "enter"; while `wants_text` is set the
user writes a line instead.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeAlias

from claude_remote.cli.terminal import escape
from claude_remote.client.conversation.asked import (
    ACCEPT_EDITS,
    KEEP_PLANNING,
    NO_ANSWER,
    Asked,
    joined,
    read_asked,
    with_answers,
)
from claude_remote.client.conversation.items import Question
from claude_remote.client.turn import Verdict
from claude_remote.messages import Behavior

Styled: TypeAlias = tuple[str, str]  # a style of prompt_toolkit's, and text
ALLOW = Verdict(behavior=Behavior.ALLOW)


class Form(ABC):
    """A question at the bottom of the screen."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.wants_text = False
        self.text_prompt = ""
        self.behind = 0  # questions that wait behind this one

    @abstractmethod
    def lines(self) -> list[list[Styled]]:
        """What is shown."""

    @abstractmethod
    def press(self, key: str) -> Verdict | None:
        """A key. What it decides, if it does."""

    @abstractmethod
    def write(self, text: str) -> Verdict | None:
        """The line that was asked for."""

    def cancel_text(self) -> None:
        """Back from the line to the keys."""
        self.wants_text = False

    def _ask_for_text(self, prompt: str) -> None:
        self.wants_text = True
        self.text_prompt = prompt


def make_form(question: Question) -> Form:
    """The form for a question."""
    if question.tool == "ExitPlanMode":
        return PlanForm(question)
    if question.tool == "AskUserQuestion" and (asked := read_asked(question.input)):
        return ChoiceForm(question, asked)
    return ToolForm(question)


class ToolForm(Form):
    """May this tool be used?"""

    def lines(self) -> list[list[Styled]]:
        keys = [*_key("y", "es")]
        if self.question.may_remember:
            keys += _key("s", "ession: the like of it, too")
        return [[*keys, *_key("n", "o")]]

    def press(self, key: str) -> Verdict | None:
        match key:
            case "y":
                return ALLOW
            case "s" if self.question.may_remember:
                return Verdict(behavior=Behavior.ALLOW, for_session=True)
            case "n":
                self._ask_for_text("Why not? (Enter: no reason) ")
        return None

    def write(self, text: str) -> Verdict | None:
        return Verdict(behavior=Behavior.DENY, message=text.strip())


class PlanForm(Form):
    """Shall Claude carry out its plan?"""

    def lines(self) -> list[list[Styled]]:
        return [
            [*_key("y", "es"), *_key("e", "dits pass without asking"), *_key("k", "eep planning")],
        ]

    def press(self, key: str) -> Verdict | None:
        match key:
            case "y":
                return ALLOW
            case "e":
                return Verdict(behavior=Behavior.ALLOW, mode=ACCEPT_EDITS)
            case "k" | "n":
                self._ask_for_text("What should be different? ")
        return None

    def write(self, text: str) -> Verdict | None:
        return Verdict(behavior=Behavior.DENY, message=text.strip() or KEEP_PLANNING)


class ChoiceForm(Form):
    """Claude's own questions to the user, one after the other."""

    def __init__(self, question: Question, asked: list[Asked]) -> None:
        super().__init__(question)
        self._asked = asked
        self._answers: dict[str, str] = {}
        self._chosen: list[str] = []

    @property
    def _now(self) -> Asked:
        return self._asked[len(self._answers)]

    def lines(self) -> list[list[Styled]]:
        now = self._now
        place = f" ({len(self._answers) + 1} of {len(self._asked)})" if len(self._asked) > 1 else ""
        lines: list[list[Styled]] = [[("class:question", escape(now.text)), ("class:hint", place)]]
        for number, (label, description) in enumerate(now.options, start=1):
            mark = ("[x] " if label in self._chosen else "[ ] ") if now.several else ""
            line = [*_key(str(number), f" {mark}{escape(label)}")]
            lines.append([*line, ("class:hint", escape(description))])
        done = _key("Enter", " done") if now.several else []
        lines.append([*done, *_key("o", "ther, in your own words"), *_key("n", "o answer")])
        return lines

    def press(self, key: str) -> Verdict | None:
        now = self._now
        if key.isdigit() and 0 < int(key) <= len(now.options):
            label = now.options[int(key) - 1].label
            if not now.several:
                return self._answer(label)
            if label in self._chosen:
                self._chosen.remove(label)
            else:
                self._chosen.append(label)
        elif key == "enter" and now.several and self._chosen:
            return self._answer(joined([label for label, _ in now.options if label in self._chosen]))
        elif key == "o":
            self._ask_for_text("Your answer: ")
        elif key == "n":
            return Verdict(behavior=Behavior.DENY, message=NO_ANSWER)
        return None

    def write(self, text: str) -> Verdict | None:
        if not text.strip():
            self.cancel_text()
            return None
        return self._answer(joined([*self._chosen, text.strip()]))

    def _answer(self, words: str) -> Verdict | None:
        self.wants_text = False
        self._answers[self._now.text] = words
        self._chosen = []
        if len(self._answers) < len(self._asked):
            return None
        given = with_answers(self.question.input, self._answers)
        return Verdict(behavior=Behavior.ALLOW, input=given)


def _key(key: str, rest: str) -> list[Styled]:
    return [("class:key", f"[{key}]"), ("", f"{rest}  ")]
