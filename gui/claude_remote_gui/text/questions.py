"""A question of Claude's as paragraphs, each thing said once; and what a yes for the session remembers."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from claude_remote import facts
from claude_remote.client.conversation.asked import read_asked
from claude_remote.session_rules import in_words, session_rules
from claude_remote_gui.text import inputs
from claude_remote_gui.text.markdown import plain, render
from claude_remote_gui.text.paragraphs import Paragraph, Span

FETCHING = Paragraph((Span("The rest is being fetched …", tone="faint"),), "info")


def describe(fact: facts.ApprovalOpened) -> list[Paragraph]:
    """Everything that there is to decide by."""
    given = bytes(fact.input)
    said = set(_strings(given))
    about = [
        words
        for words in dict.fromkeys([fact.description, fact.reason])
        if words.strip() and words.strip() not in said
    ]
    if fact.agent:
        about.append(f"a subagent asks ({fact.agent})")
    head = plain(" — ".join(about)) if about else []
    if fact.tool == "ExitPlanMode" and fact.plan:
        return [*head, *render(fact.plan)]
    if fact.tool == "AskUserQuestion" and (asked := read_asked(given)):
        return [*head, *(line for each in asked for line in plain(each.text))]
    return [*head, *inputs.describe(fact.tool, given)]


def remembered(fact: facts.ApprovalOpened, folder: str) -> list[str]:
    """What a yes for the session lets pass from then on; empty: nothing."""
    rules = session_rules(fact.tool, bytes(fact.input), bytes(fact.suggestions), folder)
    return [in_words(rule) for rule in rules]


def _strings(given: bytes) -> Iterator[str]:
    try:
        read = msgspec.json.decode(given)
    except (msgspec.DecodeError, RecursionError):
        return
    if isinstance(read, dict):
        yield from (value.strip() for value in read.values() if isinstance(value, str))
