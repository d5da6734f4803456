"""What one decides by: all of the input, and nothing in it can hide."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from claude_remote_gui.text.inputs import MOST_LINES, describe, shortened


def shown(tool: str, /, **given: object) -> list[str]:
    return [f"{each.style}|{each.text}" for each in describe(tool, json.dumps(given).encode())]


def test_a_command() -> None:
    assert shown("Bash", command="make test\nmake lint", description="Check it") == [
        "code|make test",
        "code|make lint",
        "text|description: Check it",
    ]


def test_an_edit_is_a_diff() -> None:
    words = {"old_string": "one\ntwo", "new_string": "one\nthree", "replace_all": False}  # as Claude sends it
    assert shown("Edit", file_path="/a.py", **words) == [
        "text|file_path: /a.py",
        "code|@@ -1,2 +1,2 @@",
        "code| one",
        "removed|-two",
        "added|+three",
    ]


def test_a_new_file_is_all_added() -> None:
    assert shown("Write", file_path="/a", content="x\ny") == ["text|file_path: /a", "added|x", "added|y"]


def test_what_is_not_known_is_shown_too() -> None:
    edit = {"old_string": "a", "new_string": "b", "surprise": 1}
    assert any("surprise" in line for line in shown("MultiEdit", edits=[edit]))
    assert shown("Odd", deep={"a": [1]}) == ['text|deep: {"a":[1]}']
    assert [each.text for each in describe("Odd", b"not json")] == ["not json"]


def test_what_turns_or_hides_letters_is_written_out() -> None:
    assert shown("Bash", command="echo \u202etxt.exe\u200b\x1b[2K") == [
        "code|echo \\u{202e}txt.exe\\u{200b}\\u{1b}[2K"
    ]
    assert shown("Bash", command="echo 'ä 漢'") == ["code|echo 'ä 漢'"]


def test_what_is_cut_off_says_so() -> None:
    whole = describe("Bash", json.dumps({"command": "x\n" * (MOST_LINES + 5)}).encode())
    lines = shortened(whole)
    assert len(lines) == MOST_LINES + 1
    assert (lines[-1].style, lines[-1].text) == ("warning", "… and 6 more lines")
    assert shortened(whole[:MOST_LINES]) == whole[:MOST_LINES]


def test_a_difference_stands_in_the_place_of_what_it_says() -> None:
    edit = {"file_path": "/a", "old_string": "a", "new_string": "b", "replace_all": True, "content": "odd"}
    told = [f"{each.style}|{each.text}" for each in describe("Edit", json.dumps(edit).encode(), ["-a", "+b"])]
    assert told == [
        "text|file_path: /a",
        "removed|-a",
        "added|+b",
        "text|replace_all: true",
        "text|content: odd",
    ]


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=5))
def test_every_value_is_there(values: dict[str, str]) -> None:
    letters = "".join(shown("Other", **values))
    for value in values.values():
        if value.isascii() and value.isalnum():
            assert value in letters
