"""Sentences that people read."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote_workers.stream_json import Result, System
from claude_remote_workers.words import describe_exit, describe_retry, explain, last_words, summarize


@pytest.mark.parametrize(
    ("tool", "given_input", "said"),
    [
        ("Bash", {"command": "pytest -x", "description": "Run tests"}, "Bash: pytest -x"),
        ("Bash", {"command": "cat <<E\n1\nE"}, "Bash: cat <<E 1 E"),
        ("Edit", {"file_path": "/a/b.py", "old_string": "x"}, "Edit: /a/b.py"),
        ("WebFetch", {"url": "https://a.b", "prompt": "read"}, "WebFetch: https://a.b"),
        ("AskUserQuestion", {"questions": [{"question": "Which?"}]}, "AskUserQuestion: Which?"),
        ("mcp__x__y", {"n": 1}, 'mcp__x__y: {"n":1}'),
        ("ExitPlanMode", {}, "ExitPlanMode"),
        ("Bash", {"command": "echo \x1b[31mred\u202e"}, "Bash: echo �[31mred�"),
    ],
)
def test_what_a_tool_is_about_to_do(tool: str, given_input: dict[str, object], said: str) -> None:
    assert summarize(tool, msgspec.json.encode(given_input)) == said


@given(st.text(), st.binary())
def test_a_summary_is_one_short_printable_line(tool: str, given_input: bytes) -> None:
    line = summarize(tool, given_input)
    assert len(line) <= 200
    assert line.isprintable()


def test_last_words() -> None:
    assert last_words("All done.\n\nTwo files\tchanged.") == "All done. Two files changed."
    assert last_words("x" * 20_000_000 + " the end").endswith("x the end")
    assert len(last_words("x" * 1000)) == 200


@pytest.mark.parametrize(
    ("result", "retry", "said"),
    [
        (Result(subtype="success", result="fine"), None, ""),
        (
            Result(subtype="success", is_error=True, result="Not logged in · Please run /login"),
            None,
            "claude is not logged in on den: run claude-remote-server login there.",
        ),
        (
            Result(subtype="success", is_error=True, result="API Error", api_error_status=401),
            None,
            (
                "Claude's API refused the credentials on den (401): "
                "run claude-remote-server login there, or correct its API key."
            ),
        ),
        (
            Result(subtype="success", is_error=True, result="API Error: Repeated 529"),
            System(error_status=529),
            "Claude's API is overloaded (529).",
        ),
        (
            Result(subtype="success", is_error=True, result="API Error: Connection error."),
            None,
            (
                "claude cannot reach its API from den: check the network and proxy there "
                "(API Error: Connection error.)."
            ),
        ),
        (
            Result(subtype="error_max_turns", is_error=True),
            None,
            "Claude stopped at the limit of turns that it was given; prompt again to go on.",
        ),
        (
            Result(subtype="success", is_error=True, result="Prompt is too long"),
            None,
            "Prompt is too long",
        ),
        (
            Result(subtype="error_during_execution", terminal_reason="aborted_tools"),
            None,
            "The turn was stopped.",
        ),
    ],
)
def test_why_a_turn_ended(result: Result, retry: System | None, said: str) -> None:
    assert explain(result, retry, "den") == said


def test_a_retry() -> None:
    retry = System(attempt=3, max_retries=10, retry_delay_ms=4123.0, error_status=529, error="overloaded")
    assert describe_retry(retry, "den") == "Claude's API is overloaded (529); attempt 3 of 10, next in 4.1 s."


def test_why_claude_ended() -> None:
    assert describe_exit(1, "hm\nerror: unknown option '--x'\n", "", None) == (
        "claude ended with code 1: error: unknown option '--x'"
    )
    assert describe_exit(-9, "", "", None) == "claude ended with signal 9."
    assert "not its protocol ('Usage: ls')" in describe_exit(2, "", "Usage: ls", None)
    assert describe_exit(1, "", "", Result(errors=["No conversation found"])) == (
        "claude ended: No conversation found"
    )
