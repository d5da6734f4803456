"""What Claude asks people with AskUserQuestion, and how it is answered; and the words of a no to a plan.

As observed with Claude Code 2.1.197 to 2.1.330: the answers are part of the input with which the tool is
allowed, the text of each question with the label (several divided by commas) or the words that were chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from claude_remote.client.conversation.summaries import read_input

MOST_OPTIONS = 9
NO_ANSWER = "The user does not want to answer these questions."
KEEP_PLANNING = "Keep planning; do not begin yet."
# With a plan: the mode in which edits pass without asking.
ACCEPT_EDITS = "acceptEdits"


class Option(NamedTuple):
    """One of the answers that Claude offers."""

    label: str
    description: str


class Asked(NamedTuple):
    """One of the questions of AskUserQuestion. `several`: more than one answer may be chosen."""

    text: str
    options: tuple[Option, ...]
    several: bool


def read_asked(given: bytes) -> list[Asked]:
    """The questions in the tool's input, JSON; empty when they are not of the shape that is known, or two are
    the same.
    """
    questions: Any = read_input(given).get("questions")
    asked: dict[str, Asked] = {}
    for each in questions if isinstance(questions, list) else []:
        match each:
            case {"question": str(text), "options": list(options)} if text not in asked:
                known = tuple(
                    Option(str(option["label"]), str(option.get("description", "")))
                    for option in options
                    if isinstance(option, dict) and "label" in option
                )
                asked[text] = Asked(text, known[:MOST_OPTIONS], bool(each.get("multiSelect")))
            case _:
                return []
    return list(asked.values())


def with_answers(given: bytes, answers: Mapping[str, str]) -> bytes:
    """The tool's input, JSON, with an answer for the text of each question."""
    return msgspec.json.encode({**read_input(given), "answers": dict(answers)})


def joined(chosen: list[str]) -> str:
    """Several answers as one."""
    return ", ".join(chosen)


def read_typed(asked: Asked, typed: str) -> str:
    """What was typed as an answer, as Claude is told it: an option by its number or label, or own words.

    Where several may be chosen they are divided by commas; what is no option stays as it was typed. Raises
    ValueError, in words, for an answer that is empty or a number that no option has.
    """
    text = typed.strip()
    if not text:
        raise ValueError("an answer is an option's number or label, or your own words")
    words = [word.strip() for word in text.split(",")] if asked.several else [text]
    for chosen in ([_find(asked, text)], [_find(asked, word) for word in words]):
        if None not in chosen:
            return joined([option.label for option in asked.options if option.label in chosen])
    if text.isdecimal():
        raise ValueError(f"there is no option {text}")
    return text


def _find(asked: Asked, word: str) -> str | None:
    if word.isdecimal() and 0 < int(word) <= len(asked.options):
        return asked.options[int(word) - 1].label
    return next((each.label for each in asked.options if each.label.lower() == word.lower()), None)
