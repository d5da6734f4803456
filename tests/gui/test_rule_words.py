"""Rules in words, and what cannot be one."""

from __future__ import annotations

import msgspec
import pytest

from claude_remote import facts
from claude_remote.errors import BadOption
from claude_remote.messages import RuleInfo, Scope
from claude_remote_gui import rule_words
from claude_remote_gui.rule_words import UNLIMITED, Wish, read_wish


def test_what_is_written_becomes_a_wish() -> None:
    assert read_wish(" Bash(pytest:*) ", Scope.SESSION, "/ignored", "8h") == Wish(
        "Bash(pytest *)", Scope.SESSION, "", 28_800
    )
    assert read_wish("Edit(src/**)", Scope.FOLDER, " api ", UNLIMITED) == Wish(
        "Edit(src/**)", Scope.FOLDER, "api", None
    )
    assert read_wish("Edit", Scope.CLIENT, "", "").seconds is None


@pytest.mark.parametrize(
    ("rule", "scope", "folder", "lasts", "words"),
    [
        ("rm -rf /", Scope.SESSION, "", "8h", "That cannot be a rule: "),
        ("AskUserQuestion", Scope.SESSION, "", "8h", "asks a person; no rule answers it"),
        ("Bash(pytest *)", Scope.FOLDER, " ", "8h", "Write the folder"),
        ("Bash(pytest *)", Scope.SESSION, "", "for long", "is no duration: write 30s"),
        ("Bash(pytest *)", Scope.SESSION, "", "999999w", "too long"),
    ],
)
def test_what_cannot_be_is_said(rule: str, scope: Scope, folder: str, lasts: str, words: str) -> None:
    with pytest.raises(BadOption, match=words):
        read_wish(rule, scope, folder, lasts)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (
            Wish("Bash(pytest *)", Scope.SESSION, "", 28_800),
            "commands that begin with `pytest`; in the session fix, for 8 h.",
        ),
        (
            Wish("Edit(src/**)", Scope.FOLDER, "/api", 7 * 86_400),
            "below src, in the session's folder; in sessions that work in /api or below, for 7 days.",
        ),
        (Wish("Bash", Scope.CLIENT), "every use of Bash; in turns that you prompt from here, until it is"),
        (Wish("mcp__db__*", Scope.EVERYWHERE), "every tool of the server db; in every session on home"),
    ],
)
def test_what_would_pass_is_said(wish: Wish, words: str) -> None:
    told = rule_words.describe(wish, "fix", "home")
    assert told.startswith("From the next question on, without asking: ")
    assert words in told
    assert ("as good as no asking" in told) == (wish.rule == "Bash")


def test_a_rule_that_would_not_have_answered_is_doubted() -> None:
    fact = facts.ApprovalOpened(
        approval="a",
        tool="Bash",
        input=msgspec.Raw(b'{"command":"pytest -x"}'),
        summary="",
        tool_use="t",
    )
    assert not rule_words.doubt(Wish("Bash(pytest *)", Scope.SESSION), fact, "/api")
    assert "would not have answered" in rule_words.doubt(Wish("Bash(make *)", Scope.SESSION), fact, "/api")


def test_where_and_until_when() -> None:
    def rule(scope: Scope, **more: object) -> RuleInfo:
        return RuleInfo(id="1", rule="Bash", scope=scope, by="me@laptop", created=0.0, **more)  # type: ignore[arg-type]

    assert rule_words.where(rule(Scope.SESSION, session_name="fix")) == "in session fix"
    assert rule_words.where(rule(Scope.FOLDER, folder="/api")) == "in /api"
    assert rule_words.where(rule(Scope.CLIENT)) == "in turns of me@laptop"
    assert rule_words.where(rule(Scope.EVERYWHERE)) == "everywhere"
    assert rule_words.ends(rule(Scope.CLIENT), 5.0) == "never"
    assert rule_words.ends(rule(Scope.CLIENT, expires=65.0), 5.0) == "in 1 min"
    assert rule_words.ends(rule(Scope.CLIENT, expires=4.0), 5.0) == "now"
    assert rule_words.passes("Something(of a later server)") == "Something(of a later server)"


@pytest.mark.parametrize(
    ("command", "rules"),
    [
        ("mkdir -p a", ["Bash(mkdir *)"]),
        ("git push origin", ["Bash(git push *)", "Bash(git *)"]),
        ("make", ["Bash(make *)"]),
        ("python -c x", []),  # that would be anything at all
        ("rm $HOME", []),  # no rule would answer it
        ("touch a && make b", []),
        ("./run it", []),
        ("", []),
    ],
)
def test_what_is_offered_would_have_answered(command: str, rules: list[str]) -> None:
    given = msgspec.Raw(msgspec.json.encode({"command": command}))
    fact = facts.ApprovalOpened(approval="a", tool="Bash", input=given, summary="", tool_use="t")
    assert rule_words.offers(fact, "/api") == rules
