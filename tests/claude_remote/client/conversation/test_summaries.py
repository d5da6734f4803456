from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote.client.conversation import frames
from claude_remote.client.conversation.summaries import (
    LONGEST,
    count,
    describe_result,
    one_line,
    shorten,
    summarize,
)


@pytest.mark.parametrize(
    ("given_", "told"),
    [
        ({"command": "pytest\n  -x", "description": "Run"}, "pytest -x"),
        ({"file_path": "/p/src/a.py", "content": "x"}, "src/a.py"),
        ({"file_path": "/pq/a.py"}, "/pq/a.py"),
        ({"pattern": "x", "path": "/p"}, "x"),
        ({"url": "https://example.org"}, "https://example.org"),
        ({"questions": [{"question": "Which?"}]}, "Which?"),
        ({"plan": "long"}, ""),
        ({"n": 1}, '{"n":1}'),
        ({}, ""),
        ([1], ""),
    ],
)
def test_what_a_tool_is_used_on(given_: object, told: str) -> None:
    assert summarize(json.dumps(given_).encode(), "/p") == told


def test_input_that_is_no_json() -> None:
    assert summarize(b"{") == ""


@pytest.mark.parametrize(
    ("tool", "text", "details", "error", "told"),
    [
        ("Bash", "one\n\ntwo\n", {}, False, "one (+3 lines)"),
        ("Bash", "", {}, False, ""),
        ("Bash", "exit 1\nmore", {}, True, "exit 1 (+1 line)"),
        ("Grep", "<tool_use_error>No such tool</tool_use_error>", {}, True, "No such tool"),
        ("Read", "1\tx", {"file": {"numLines": 1}}, False, "1 line"),
        ("Edit", "ok", {"structuredPatch": [{"lines": ["-a", "+b", "+c", " d"]}]}, False, "+2 -1"),
        ("Write", "ok", {"structuredPatch": []}, False, ""),
        ("AskUserQuestion", "…", {"answers": {"a": "x", "b": "y"}}, False, "x, y"),
        ("ExitPlanMode", "You may begin", {}, False, ""),
        ("Task", "Async agent launched successfully. agentId: 7", {}, False, "in the background"),
    ],
)
def test_what_came_of_it(tool: str, text: str, details: object, error: bool, told: str) -> None:
    read = frames.read_details(frames.Raw(json.dumps(details).encode()))
    assert describe_result(tool, text, read, error=error) == told


def test_details_of_another_shape_are_none() -> None:
    assert frames.read_details(frames.Raw(b'"Error: no"')) == frames.Details()


def test_paths_from_the_folder() -> None:
    assert shorten("/p/a", "/p") == "a"
    assert shorten("/p", "/p") == "/p"
    assert shorten("/p/a", "") == "/p/a"


@given(st.text())
def test_a_line_is_a_line(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert len(line) <= LONGEST


def test_counting() -> None:
    assert (count(1, "line"), count(0, "line")) == ("1 line", "0 lines")
