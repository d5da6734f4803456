"""What was allowed for a session: from claude's permission updates to the words of its settings, and back.

A resumed claude has forgotten the rules of its session. They are given again by `apply_flag_settings`, before
any prompt: there a rule is a JSON string and is read as a whole. (As values of --allowedTools, claude 2.1.330
divides rules at an escaped bracket.) It replaces what an earlier request of that kind has allowed, and leaves
--settings and everything else alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from claude_remote_workers import stream_json

RULES = "claude-remote-rules"
_ESCAPED = str.maketrans({"\\": "\\\\", "(": "\\(", ")": "\\)"})


def in_words(updates: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The rules of permission updates as settings write them: `Bash(git push *)`, `WebSearch`."""
    found = (rule for update in updates for rule in update.get("rules") or ())
    words = (_words(rule) for rule in found if isinstance(rule, dict))
    return tuple(dict.fromkeys(rule for rule in words if rule))


def _words(rule: Mapping[str, Any]) -> str:
    content = rule.get("ruleContent")
    tool = str(rule.get("toolName") or "")
    return f"{tool}({content.translate(_ESCAPED)})" if isinstance(content, str) and content else tool


def allow(rules: Iterable[str]) -> bytes:
    """The request that gives them to a claude."""
    return stream_json.request(
        RULES, "apply_flag_settings", {"settings": {"permissions": {"allow": [*rules]}}}
    )
