"""What is proposed as a rule would have answered the question."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from claude_remote.facts import ApprovalOpened
from claude_remote.rules import parse
from claude_remote.uses import in_words, proposed_rule, proposed_rules


def asked(tool: str, given: dict[str, Any], *rules: dict[str, str], **change: Any) -> ApprovalOpened:
    suggestions = [{"type": "addRules", "behavior": "allow", "rules": [*rules]}] if rules else []
    return ApprovalOpened(
        approval="x",
        tool=tool,
        input=Raw(json.dumps(given).encode()),
        summary="",
        tool_use="t",
        suggestions=Raw(json.dumps(suggestions).encode()),
        **change,
    )


PUSH = {"toolName": "Bash", "ruleContent": "git push *"}


@pytest.mark.parametrize(
    ("fact", "rule"),
    [
        (asked("Bash", {"command": "git push origin"}, PUSH), "Bash(git push *)"),
        (asked("Bash", {"command": "git push $X"}, PUSH), ""),
        (asked("Bash", {"command": "git push"}, PUSH, guarded=True), ""),
        (asked("Bash", {"command": "git push"}), ""),
        (
            asked("Bash", {"command": "git push"}, {"toolName": "Skill", "ruleContent": "x"}, PUSH),
            "Bash(git push *)",
        ),
        (
            asked(
                "WebFetch",
                {"url": "https://example.com/"},
                {"toolName": "WebFetch", "ruleContent": "domain:example.com"},
            ),
            "WebFetch(domain:example.com)",
        ),
    ],
)
def test_what_is_proposed(fact: ApprovalOpened, rule: str) -> None:
    assert proposed_rule(fact, "/work") == rule


def test_all_that_would_have_answered_are_proposed_in_claudes_order() -> None:
    wide = {"toolName": "Bash", "ruleContent": "git *"}
    other = {"toolName": "Bash", "ruleContent": "make *"}
    fact = asked("Bash", {"command": "git push origin"}, PUSH, other, wide, PUSH)
    assert proposed_rules(fact, "/src") == ["Bash(git push *)", "Bash(git *)"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("Bash(git push *)", "commands that begin with `git push`"),
        ("Edit(src/**)", "editing every file below src, in the session's folder"),
        ("Edit(*.py)", "editing *.py, at any depth of the session's folder"),
        ("Edit(//etc/**)", "editing every file below /etc"),
        ("Read", "every use of Read"),
        ("mcp__db", "every tool of the server db"),
        ("mcp__db__*", "every tool of the server db"),
        ("mcp__db__query", "every use of mcp__db__query"),
    ],
)
def test_in_words(rule: str, words: str) -> None:
    assert in_words(parse(rule)) == words
