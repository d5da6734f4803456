"""What was allowed for a session: from claude's rules to the words of its settings, and back.

A resumed claude has forgotten the rules of its session. They are given again by `apply_flag_settings`, before
any prompt: there a rule is a JSON string and is read as a whole. (As values of --allowedTools, claude 2.1.330
divides rules at an escaped bracket.) It replaces what an earlier request of that kind has allowed, and leaves
--settings and everything else alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from claude_remote.session_rules import Rule
from claude_remote_workers import stream_json

RULES = "claude-remote-rules"
_ESCAPED = str.maketrans({"\\": "\\\\", "(": "\\(", ")": "\\)"})


def as_settings(given: Iterable[Rule]) -> tuple[str, ...]:
    """The rules as settings write them: `Bash(git push *)`, `WebSearch`."""
    return tuple(dict.fromkeys(_as_settings(rule) for rule in given if rule.tool_name))


def _as_settings(rule: Rule) -> str:
    content = rule.rule_content
    return f"{rule.tool_name}({content.translate(_ESCAPED)})" if content else rule.tool_name


def allow(rules: Iterable[str]) -> bytes:
    """The request that gives them to a claude."""
    return stream_json.request(
        RULES, "apply_flag_settings", {"settings": {"permissions": {"allow": [*rules]}}}
    )
