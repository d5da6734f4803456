"""Claude's questions, from their opening to their decision, and what those to the user ask (AskUserQuestion).

The answers go back as the tool's input, with `answers` beside what Claude asked: the text of each question
and the label that was chosen, or the user's own words; several are divided by commas (Claude Code 2.1.330).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import structs

from claude_remote import facts
from claude_remote.client.conversation.items import Change, Question, ToolUse
from claude_remote.client.conversation.summaries import read_input, summarize
from claude_remote.messages import Behavior

_MOST = 1000
MOST_OPTIONS = 9
_MOST_QUESTIONS = 16


class Questions:
    """The questions that wait. `number` numbers a new item."""

    def __init__(self, number: Callable[[], int]) -> None:
        self._number = number
        self._open: OrderedDict[str, Question] = OrderedDict()

    @property
    def waiting(self) -> tuple[Question, ...]:
        """Oldest first."""
        return tuple(self._open.values())

    def get(self, approval: str) -> Question | None:
        """A question that waits."""
        return self._open.get(approval)

    def ask(self, fact: facts.ApprovalOpened, use: ToolUse | None, cwd: str) -> Question:
        """Claude asks; `use` is the tool that it asks for, if it is known."""
        given = bytes(fact.input)
        plan = ""
        if fact.tool == "ExitPlanMode":
            # Claude leaves the plan out of the question's input when the model did not write it to a file.
            plan = _plan(given) or fact.plan or (_plan(use.input) if use is not None else "")
        question = Question(
            id=self._number(),
            done=False,
            approval=fact.approval,
            tool=fact.tool,
            input=given,
            summary=summarize(given, cwd) or facts.what_it_does(fact.tool, fact.summary),
            tool_use=fact.tool_use,
            description=fact.description,
            reason=fact.reason,
            agent=fact.agent,
            plan=plan,
            may_remember=bytes(fact.suggestions).strip() not in {b"[]", b"null", b""},
        )
        self._open[fact.approval] = question
        while len(self._open) > _MOST:
            self._open.popitem(last=False)
        return question

    def settle(
        self,
        approval: str,
        *,
        decision: Behavior | None = None,
        by: str = "",
        message: str = "",
        for_session: bool = False,
    ) -> list[Change]:
        """It is decided, or (without a decision) void. Nothing if it was settled before."""
        question = self._open.pop(approval, None)
        if question is None:
            return []
        return [
            structs.replace(
                question, done=True, decision=decision, by=by, message=message, for_session=for_session
            )
        ]

    def close(self) -> list[Change]:
        """The turn has ended."""
        return [
            change
            for approval in list(self._open)
            for change in self.settle(approval, message="The turn has ended.")
        ]


class Option(NamedTuple):
    """One of the answers that Claude proposes."""

    label: str
    description: str = ""


class AskedQuestion(NamedTuple):
    """One question. `several`: more than one option may be chosen."""

    text: str
    header: str
    options: tuple[Option, ...]
    several: bool

    def read(self, answer: str) -> str:
        """What was typed, as Claude is told it: an option by its number or label, or own words.

        Where several may be chosen they are divided by commas; what is no option stays as it was typed.
        Raises ValueError, in words, for an answer that is empty or a number that no option has.
        """
        text = answer.strip()
        if not text:
            raise ValueError("an answer is an option's number or label, or your own words")
        whole = self._find(text)
        if whole is not None:
            return whole
        words = [word.strip() for word in text.split(",")]
        if self.several and len(words) > 1:
            found = [self._find(word) for word in words]
            if all(label is not None for label in found):
                return self.join([label for label in found if label is not None])
        if text.isdecimal():
            raise ValueError(f"there is no option {text}")
        return text

    def join(self, labels: list[str]) -> str:
        """Several options, in the order in which Claude named them."""
        return ", ".join(option.label for option in self.options if option.label in labels)

    def _find(self, word: str) -> str | None:
        if word.isdecimal() and 0 < int(word) <= len(self.options):
            return self.options[int(word) - 1].label
        return next((each.label for each in self.options if each.label.lower() == word.lower()), None)


def read_questions(given: bytes) -> list[AskedQuestion]:
    """The questions of a tool's input; empty when their shape is not known, or two are the same."""
    found: Any = read_input(given).get("questions")
    asked: dict[str, AskedQuestion] = {}
    for each in found if isinstance(found, list) else []:
        match each:
            case {"question": str(text), "options": list(options)} if text not in asked:
                known = tuple(
                    Option(str(option["label"]), str(option.get("description", "")))
                    for option in options
                    if isinstance(option, dict) and "label" in option
                )
                header = str(each.get("header", ""))
                several = bool(each.get("multiSelect"))
                asked[text] = AskedQuestion(text, header, known[:MOST_OPTIONS], several)
            case _:
                return []
    return list(asked.values()) if len(asked) <= _MOST_QUESTIONS else []


def answered_input(given: bytes, answers: Mapping[str, str]) -> bytes:
    """The tool's input with the answers."""
    return msgspec.json.encode({**read_input(given), "answers": dict(answers)})


def _plan(given: bytes) -> str:
    plan = read_input(given).get("plan")
    return plan if isinstance(plan, str) else ""
