"""Rules as they are written."""

from __future__ import annotations

import pytest

from claude_remote.rules import BadRule, Rule, parse


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Bash", Rule("Bash")),
        ("Bash(*)", Rule("Bash")),
        ("Bash(pytest *)", Rule("Bash", "pytest *")),
        ("Bash(pytest:*)", Rule("Bash", "pytest *")),
        (" Bash(git status) ", Rule("Bash", "git status")),
        ("Bash(echo (a))", Rule("Bash", "echo (a)")),
        ("Edit(src/**)", Rule("Edit", "src/**")),
        ("Edit(./src/**)", Rule("Edit", "src/**")),
        ("Read(//etc/**)", Rule("Read", "//etc/**")),
        ("Write", Rule("Write")),
        ("WebFetch(domain:Example.com)", Rule("WebFetch", "domain:example.com")),
        ("mcp__x__y", Rule("mcp__x__y")),
        ("mcp__x__*", Rule("mcp__x__*")),
    ],
)
def test_what_is_a_rule(text: str, rule: Rule) -> None:
    assert parse(text) == rule
    assert parse(str(rule)) == rule


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no rule"),
        ("Bash(", "is no rule"),
        ("Bash()", "says which"),
        ("Bash(* a)", "begins with the command"),
        ("Bash(a\nb)", "printable"),
        ("B*", "MCP server"),
        ("Edit(/src/**)", r"Edit\(//etc/\*\*\)"),
        ("Edit(~/x)", "below the session's folder"),
        ("Edit(src/../x)", "is a path"),
        ("Edit(src/[a-z])", "is a path"),
        ("Write(src/**)", r"are written Edit\(src/\*\*\)"),
        ("WebFetch(example.com)", "names a host"),
        ("Task(x)", "without brackets"),
        ("mcp__x__y(z)", "no brackets"),
        ("mcp__*__y", "all tools of a server"),
        ("AskUserQuestion", "asks a person"),
        ("ExitPlanMode", "asks a person"),
        ("Bash(" + "a" * 600 + ")", "at most 512"),
    ],
)
def test_what_is_none_says_what_to_write(text: str, words: str) -> None:
    with pytest.raises(BadRule, match=words):
        parse(text)
