"""What was allowed for a session, as claude's settings write it."""

from __future__ import annotations

import json

from claude_remote.facts import Notice
from claude_remote.session_rules import Rule
from claude_remote_workers import rules
from tests.workers.recorder import Play, answered, names


def test_as_settings() -> None:
    given = [
        Rule("Bash", "git push *"),
        Rule("WebSearch"),
        Rule("Bash", r"echo (a, b) \ x"),
        Rule("WebSearch", ""),
        Rule("", "nothing"),
    ]
    assert rules.as_settings(given) == ("Bash(git push *)", "WebSearch", r"Bash(echo \(a, b\) \\ x)")


def test_given_again() -> None:
    line = json.loads(rules.allow(["WebSearch"]))
    assert line["request_id"] == rules.RULES
    assert line["request"] == {
        "subtype": "apply_flag_settings",
        "settings": {"permissions": {"allow": ["WebSearch"]}},
    }


def test_a_resumed_claude_is_told_before_anything_else() -> None:
    play = Play(ready=False, rules=("WebSearch",))
    play.give("p1")
    requests = [item[1:] for item in play.seen() if isinstance(item, tuple)]
    assert requests[:2] == [
        ("initialize", "claude-remote-initialize"),
        ("apply_flag_settings", rules.RULES),
    ]
    assert requests[2][0] == "p1"
    play.says("control_response", response=answered(rules.RULES))
    assert play.seen() == [("line", "control_response")]


def test_a_claude_that_does_not_know_how() -> None:
    play = Play(rules=("WebSearch",))
    response = {"subtype": "error", "request_id": rules.RULES, "error": "unknown request"}
    play.says("control_response", response=response)
    _, notice = play.seen()
    assert isinstance(notice, Notice)
    assert notice.text == "What was allowed for this session is asked again: unknown request."
    assert names([notice]) == [Notice]
