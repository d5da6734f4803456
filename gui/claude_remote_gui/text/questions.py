"""A question of Claude's as paragraphs, each thing said once; and what a yes for the session remembers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from claude_remote import changes, facts
from claude_remote.client.approving import File
from claude_remote.client.conversation.asked import read_asked
from claude_remote.messages import ApprovalInfo
from claude_remote.session_rules import in_words, session_rules
from claude_remote_gui.text import inputs
from claude_remote_gui.text.harmless import harmless
from claude_remote_gui.text.markdown import plain, render
from claude_remote_gui.text.paragraphs import Paragraph, Span
from claude_remote_gui.words import count

FETCHING = Paragraph((Span("The rest is being fetched …", tone="faint"),), "info")
# More is not laid out: nobody reads it here, and the window would stand still.
MOST_LINES = 20_000
MOST_LETTERS = 2_000_000


@dataclass(frozen=True)
class Shown:
    """A question as it is shown. `left_out`: words for what is not; then it cannot be allowed here.

    `file`: the file that its change was compared with.
    """

    fact: facts.ApprovalOpened
    paragraphs: tuple[Paragraph, ...]
    left_out: str = ""
    file: File | None = None


def show(fact: facts.ApprovalOpened, file: File | None = None) -> Shown:
    """Everything that there is to decide by; as much of it as can be laid out."""
    whole = describe(fact, file)
    fits = letters = 0
    for paragraph in whole:
        letters += len(paragraph.text)
        if fits == MOST_LINES or letters > MOST_LETTERS:
            break
        fits += 1
    rest = len(whole) - fits
    if not rest:
        return Shown(fact, tuple(whole), file=file)
    words = (
        f"{count(rest, 'more line')}: too long to be shown here, and what is not seen whole is not allowed"
        f" here. On the command line: claude-remote show {fact.approval[:8]}"
    )
    return Shown(fact, (*whole[:fits], _warning(f"… and {words}")), words, file)


def describe(fact: facts.ApprovalOpened, file: File | None = None) -> list[Paragraph]:
    """A question in paragraphs; a change to a file against that file, if it is given."""
    given = bytes(fact.input)
    said = set(_strings(given))
    about = [
        words
        for words in dict.fromkeys([fact.description, fact.reason])
        if words.strip() and not any(_says(value, words.strip()) for value in said)
    ]
    if fact.agent:
        about.append(f"a subagent asks ({fact.agent})")
    head = plain(" — ".join(about)) if about else []
    if fact.tool == "ExitPlanMode" and fact.plan:
        return [*head, *render(fact.plan)]
    if fact.tool == "AskUserQuestion" and (asked := read_asked(given)):
        return [*head, *(line for each in asked for line in plain(each.text))]
    if file is None:
        return [*head, *inputs.describe(fact.tool, given)]
    notes, difference = _against(fact, file)
    shown = inputs.describe(fact.tool, given, difference)
    named = 1 if shown and _name_of(_read(given)) else 0
    return [*head, *shown[:named], *notes, *shown[named:]]


def title(info: ApprovalInfo) -> str:
    """What Claude does with such a question: the rest of a sentence about it."""
    wants = {"AskUserQuestion": "asks you", "ExitPlanMode": "has a plan"}
    return wants.get(info.tool, f"asks to use {info.tool}")


def remembered(fact: facts.ApprovalOpened, folder: str) -> list[str]:
    """What a yes for the session lets pass from then on; empty: nothing."""
    rules = session_rules(fact.tool, bytes(fact.input), bytes(fact.suggestions), folder)
    return [in_words(rule) for rule in rules]


def _against(fact: facts.ApprovalOpened, file: File) -> tuple[list[Paragraph], Sequence[str] | None]:
    """What is to be said of the file, and the difference; None where there is nothing to compare."""
    given = _read(bytes(fact.input))
    notes = []
    if file.path and file.path != _name_of(given):
        notes.append(_warning(f"This leads to {file.path}"))
    if file.refused:
        return [*notes, _warning(f"Not compared with the file: {file.refused}.")], None
    if file.content is None:
        notes.append(Paragraph((Span("A new file.", tone="faint"),), "info"))
    before = changes.read(fact.tool, file.content or b"")
    after = changes.apply(fact.tool, given, before)
    if after is None:
        why = "what is to be replaced is not in it as it is now"
        return [*notes, _warning(f"Not compared with the file: {why}.")], None
    difference = [*changes.compare(before, after)]
    if not difference:
        notes.append(_warning("Nothing in the file would be different."))
    return notes, difference


def _warning(words: str) -> Paragraph:
    return Paragraph((Span(harmless(words)),), "warning")


def _name_of(given: dict[str, Any]) -> str:
    """The file that a tool is for, as it is written in its input, and at the head of it."""
    found = (given.get(name) for name in ("file_path", "notebook_path"))
    return next((name for name in found if isinstance(name, str) and name), "")


def _says(value: str, words: str) -> bool:
    """Whether a value of the input says these words of claude's: all of them, or a path that ends so."""
    return value == words or value.endswith(f"/{words}")


def _read(given: bytes) -> dict[str, Any]:
    try:
        read = msgspec.json.decode(given)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _strings(given: bytes) -> Iterator[str]:
    yield from (value.strip() for value in _read(given).values() if isinstance(value, str))
