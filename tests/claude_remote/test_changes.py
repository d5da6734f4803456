"""What a tool would change in a file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote.changes import NO_NEWLINE, apply, compare, read

LINES = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=12).map(
    lambda lines: "".join(f"{x}\n" for x in lines)
)


def patched(old: str, difference: list[str]) -> str:
    """What `patch` would make of it."""
    lines, made, at = old.splitlines(), [], 0
    for line in difference:
        if line.startswith("@@"):
            start = int(line.split()[1][1:].split(",")[0]) - 1
            made += lines[at:start]
            at = start
        elif line.startswith("+"):
            made.append(line[1:])
        else:
            assert lines[at] == line[1:]
            at += 1
            made += [] if line.startswith("-") else [line[1:]]
    return "".join(f"{line}\n" for line in made + lines[at:])


@given(LINES, LINES)
def test_a_difference_makes_one_of_the_other(old: str, new: str) -> None:
    assert patched(old, list(compare(old, new))) == new


def test_only_what_is_around_a_change_is_shown() -> None:
    old = "".join(f"{number}\n" for number in range(10_000))
    difference = list(compare(old, old.replace("5000\n", "five\n")))
    assert difference == [
        "@@ -4998,7 +4998,7 @@",
        " 4997",
        " 4998",
        " 4999",
        "-5000",
        "+five",
        " 5001",
        " 5002",
        " 5003",
    ]


def test_what_is_wholly_different_is_not_compared_for_ever() -> None:
    difference = list(compare("a\n" * 10_000, "b\n" * 10_000))
    assert len(difference) == 20_001


@pytest.mark.parametrize(
    ("tool", "given_", "content", "after"),
    [
        ("Write", {"content": "new"}, "old", "new"),
        ("Edit", {"old_string": "a", "new_string": "b"}, "a a", "b a"),
        ("Edit", {"old_string": "a", "new_string": "b", "replace_all": True}, "a a", "b b"),
        ("Edit", {"old_string": "x", "new_string": "b"}, "a", None),
        ("Edit", {"old_string": "", "new_string": "b"}, "", "b"),
        ("Edit", {"old_string": "", "new_string": "b"}, "a", None),
        ("Edit", {"old_string": 1}, "a", None),
        (
            "MultiEdit",
            {"edits": [{"old_string": "a", "new_string": "b"}, {"old_string": "b", "new_string": "c"}]},
            "a",
            "c",
        ),
        ("MultiEdit", {"edits": [{"old_string": "x", "new_string": "b"}, 7]}, "a", None),
        ("NotebookEdit", {"new_source": "x"}, "a", None),
    ],
)
def test_the_file_after_it(tool: str, given_: dict[str, object], content: str, after: str | None) -> None:
    assert apply(tool, given_, content) == after


def test_a_last_line_without_its_end_is_another_line() -> None:
    assert list(compare("a\nb", "a\nb\n")) == ["@@ -1,2 +1,2 @@", " a", "-b", NO_NEWLINE, "+b"]
    assert list(compare("a\r\n", "a\n")) == ["@@ -1,1 +1,1 @@", "-a\r", "+a"]
    assert list(compare("a\u2028b", "a\u2028b")) == []


def test_tools_that_edit_read_every_end_of_a_line_as_one_letter() -> None:
    assert read("Edit", b"a\r\nb\xff") == "a\nb\ufffd"
    assert read("Write", b"a\r\n") == "a\r\n"
