"""What is proposed as a rule would have answered the question."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from claude_remote.facts import ApprovalOpened
from claude_remote.uses import proposed_rule


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
