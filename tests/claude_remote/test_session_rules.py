"""What is remembered for a session, and what is said of it."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote.session_rules import Rule, in_words, session_rules, to_claude

FOLDER = "/home/me/src"
WHOLE_MODE = {"type": "setMode", "mode": "acceptEdits", "destination": "session"}


def add(*rules: object, behavior: str = "allow") -> dict[str, object]:
    return {"type": "addRules", "rules": list(rules), "behavior": behavior, "destination": "localSettings"}


PYTEST = {"toolName": "Bash", "ruleContent": "pytest *"}


@pytest.mark.parametrize(
    ("suggested", "remembered"),
    [
        ([add(PYTEST)], [Rule("Bash", "pytest *")]),
        ([add({"toolName": "WebSearch"}), WHOLE_MODE], [Rule("WebSearch")]),
        ([add(PYTEST, behavior="deny")], []),
        ([{"type": "addDirectories", "directories": ["/etc"]}], []),
        ([], []),
        ([{"type": "addRules", "rules": "all"}, 7, None], []),
    ],
)
def test_of_what_claude_suggests_rules_that_allow_are_taken(
    suggested: list[object], remembered: list[Rule]
) -> None:
    assert session_rules("Bash", b"{}", suggested, FOLDER) == remembered
    assert session_rules("Bash", b"{}", msgspec.json.encode(suggested), FOLDER) == remembered


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("/home/me/src/a/b.py", "editing every file below /home/me/src"),
        ("/etc/hosts", "editing every file below /etc"),
        ("/hosts", "editing every file below /"),
        ("/home/me/src/../x", None),
        ("relative", None),
    ],
)
def test_for_files_a_rule_for_the_folder_stands_in_for_the_mode(file: str, words: str | None) -> None:
    rules = session_rules("Write", msgspec.json.encode({"file_path": file}), [WHOLE_MODE], FOLDER)
    assert [in_words(rule) for rule in rules] == ([] if words is None else [words])


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Rule("Bash", "git push *"), "commands that begin with `git push`"),
        (Rule("Bash", "git push:*"), "commands that begin with `git push`"),
        (Rule("Bash", "make test"), "the command `make test`"),
        (Rule("Bash", "make * test"), "commands like `make * test`"),
        (Rule("Bash", "*"), "every use of Bash"),
        (Rule("Bash"), "every use of Bash"),
        (Rule("Read", "//etc/**"), "reading every file below /etc"),
        (Rule("Read", "//etc/hosts"), "reading /etc/hosts"),
        (Rule("WebFetch", "domain:example.com"), "fetching anything from example.com"),
        (Rule("mcp__home__lamp"), "every use of mcp__home__lamp"),
        (Rule("Skill", "commit"), "Skill(commit)"),
    ],
)
def test_a_rule_in_words(rule: Rule, words: str) -> None:
    assert in_words(rule) == words


def test_what_claude_is_given() -> None:
    assert to_claude([]) == []
    assert to_claude([Rule("Bash", "pytest *"), Rule("WebSearch")]) == [
        {
            "type": "addRules",
            "rules": [PYTEST, {"toolName": "WebSearch"}],
            "behavior": "allow",
            "destination": "session",
        }
    ]


@given(st.binary(), st.binary(), st.text())
def test_whatever_claude_sends_is_read(given_input: bytes, suggestions: bytes, folder: str) -> None:
    for rule in session_rules("Edit", given_input, suggestions, folder):
        assert in_words(rule)
