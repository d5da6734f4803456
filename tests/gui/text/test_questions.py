"""What one decides by: a change against the file as it is, and words for what is not shown."""

from __future__ import annotations

import msgspec
import pytest
from msgspec import structs

from claude_remote import facts
from claude_remote.client.approving import File
from claude_remote_gui.text import questions
from claude_remote_gui.text.questions import MOST_LINES, show


def asked(tool: str, /, **given: object) -> facts.ApprovalOpened:
    return facts.ApprovalOpened(
        approval="0123456789",
        tool=tool,
        input=msgspec.Raw(msgspec.json.encode(given)),
        summary="",
        tool_use="",
    )


def told(fact: facts.ApprovalOpened, file: File | None = None) -> list[str]:
    return [f"{each.style}|{each.text}" for each in show(fact, file).paragraphs]


EDIT = asked("Edit", file_path="/a.py", old_string="two", new_string="<b>2</b>")


def test_a_change_against_the_file_with_what_stands_around_it() -> None:
    lines = b"".join(b"%d\n" % number for number in range(1, 5)) + b"two\nsix\n"
    assert told(EDIT, File(path="/a.py", content=lines)) == [
        "text|file_path: /a.py",
        "code|@@ -2,5 +2,5 @@",
        "code| 2",
        "code| 3",
        "code| 4",
        "removed|-two",
        "added|+<b>2</b>",
        "code| six",
    ]


def test_a_file_that_is_overwritten_and_a_new_one() -> None:
    write = asked("Write", file_path="/a", content="new\n")
    assert told(write, File(path="/a", content=b"old\n"))[1:] == [
        "code|@@ -1,1 +1,1 @@",
        "removed|-old",
        "added|+new",
    ]
    assert told(write, File(path="/a", content=None)) == [
        "text|file_path: /a",
        "info|A new file.",
        "code|@@ -1,0 +1,1 @@",
        "added|+new",
    ]


def test_the_ends_of_lines_make_a_difference() -> None:
    write = asked("Write", file_path="/a", content="same\n")
    assert "removed|-same\\u{d}" in told(write, File(path="/a", content=b"same\r\n"))
    assert "code|\\ No newline at the end" in told(write, File(path="/a", content=b"same"))
    same = told(write, File(path="/a", content=b"same\n"))
    assert same[1] == "warning|Nothing in the file would be different."
    # Edit reads a file with \r\n as if it had \n.
    edit = asked("Edit", file_path="/a", old_string="a\nb", new_string="c")
    assert "removed|-b" in told(edit, File(path="/a", content=b"a\r\nb\r\n"))


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (
            File(path="/a.py", content=None, refused="it is larger than 1024 KiB"),
            "it is larger than 1024 KiB",
        ),
        (File(path="/a.py", content=b"other\n"), "what is to be replaced is not in it as it is now"),
    ],
)
def test_what_cannot_be_compared_is_said_and_the_question_is_shown_itself(file: File, why: str) -> None:
    lines = told(EDIT, file)
    assert lines[1] == f"warning|Not compared with the file: {why}."
    assert "removed|-two" in lines
    assert "added|+<b>2</b>" in lines


def test_where_a_name_leads_is_said() -> None:
    assert told(EDIT, File(path="/etc/passwd", content=b"two\n"))[1] == "warning|This leads to /etc/passwd"
    evil = File(path="/etc/\u202ex\nAllow: yes", content=b"two\n")
    assert told(EDIT, evil)[1] == "warning|This leads to /etc/\\u{202e}x\\u{a}Allow: yes"


def test_a_notebook_is_not_compared() -> None:
    fact = asked("NotebookEdit", notebook_path="/a.ipynb", new_source="x = 1")
    lines = told(fact, File(path="/a.ipynb", content=b"{}"))
    assert "Not compared" in lines[1]
    assert "text|new_source: x = 1" in lines


def test_what_is_too_long_to_be_shown_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = show(asked("Bash", command="x\n" * MOST_LINES))
    assert len(shown.paragraphs) == MOST_LINES + 1
    assert shown.left_out.startswith("1 more line: too long to be shown here")
    assert "claude-remote show 01234567" in shown.paragraphs[-1].text
    assert not show(asked("Bash", command="x\n" * (MOST_LINES - 1))).left_out
    monkeypatch.setattr(questions, "MOST_LETTERS", 10)
    assert show(asked("Bash", command="x" * 11)).left_out


def test_what_claude_says_of_a_file_by_its_name_is_not_said_twice() -> None:
    write = structs.replace(asked("Write", file_path="/src/a.md", content="x"), description="a.md")
    assert told(write) == ["text|file_path: /src/a.md", "added|x"]
