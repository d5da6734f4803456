"""What one is asked to allow, as it is shown."""

from __future__ import annotations

import pytest

from claude_remote.cli.interactive.painter import Painter
from claude_remote.cli.interactive.proposals import MOST_LINES, propose, propose_plan
from tests.claude_remote.cli.interactive.asked import question


def shown(tool: str, **given: object) -> str:
    return Painter(60, None).paint(propose(question(tool, **given), "/p"))  # type: ignore[arg-type]


def test_a_command_is_shown_whole() -> None:
    command = "cd src && \\\n\tpytest -x " + "--option " * 20 + "&& rm -rf /"
    out = shown("Bash", command=command, description="Run tests", run_in_background=True)
    assert out.startswith("? Claude asks: Bash\n  cd src && \\\n")
    assert out.endswith("&& rm -rf /\n  Run tests\n  in the background")
    assert out.count("--option") == 20


def test_a_long_command_is_shown_whole() -> None:
    out = shown("Bash", command="\n".join(f"echo {number}" for number in range(200)))
    assert "  echo 199" in out


def test_an_edit_is_a_difference() -> None:
    out = shown("Edit", file_path="/p/a.py", old_string="a\nb\nc", new_string="a\nB\nc", replace_all=False)
    assert out == "? Claude asks: Edit\n  a.py\n    a\n  - b\n  + B\n    c"
    out = shown("Edit", file_path="/q/a.py", old_string="a", new_string="", replace_all=True)
    assert out == "? Claude asks: Edit\n  /q/a.py  every occurrence\n  - a\n  +"


def test_several_edits() -> None:
    edits = [{"old_string": "a", "new_string": "b"}, {"old_string": "c", "new_string": "d"}, 7]
    assert shown("MultiEdit", file_path="/p/a", edits=edits) == (
        "? Claude asks: MultiEdit\n  a  3 edits\n  - a\n  + b\n  - c\n  + d\n  7"
    )


def test_a_new_file() -> None:
    assert shown("Write", file_path="/p/a", content="x\ny\n") == (
        "? Claude asks: Write\n  a  the whole file, 2 lines\n  + x\n  + y"
    )


def test_a_large_file_is_cut_and_says_so() -> None:
    out = shown("Write", file_path="/p/a", content="x\n" * 1000)
    assert out.endswith(f"  … {1000 - MOST_LINES} more lines")
    assert len(out.splitlines()) == MOST_LINES + 3


def test_others() -> None:
    assert shown("Read", file_path="/etc/passwd", reason="Path is outside\nthe folder") == (
        "? Claude asks: Read\n  /etc/passwd\n  Path is outside\n  the folder"
    )
    assert shown("WebFetch", url="https://example.org", prompt="x") == (
        "? Claude asks: WebFetch\n  https://example.org"
    )
    assert shown("mcp__x__y", a=[1]) == '? Claude asks: mcp__x__y\n  {\n    "a": [\n      1\n    ]\n  }'


@pytest.mark.parametrize("tool", ["Bash", "Edit", "Write", "MultiEdit", "WebFetch", "x\x1b"])
def test_input_of_another_shape_is_shown_as_it_is(tool: str) -> None:
    out = shown(tool, command=1, file_path=["a"], url=None)
    assert "command" in out
    assert "\x1b" not in out


def test_what_could_deceive_is_visible() -> None:
    out = shown("Bash", command="ls \x1b[8m; rm -rf ~ \x1b[0m\r\u202ekcab")
    assert "  ls \\x1b[8m; rm -rf ~ \\x1b[0m\\r\\u202ekcab" in out


def test_a_plan() -> None:
    plan = Painter(60, None).paint(propose_plan("1. Paint it.\n2. Dry it.\x1b"))
    assert plan == "? Claude has a plan\n\n   1 Paint it.\n   2 Dry it.\\x1b"
    assert Painter(60, None).paint(propose_plan(" ")).endswith("(It did not write it down.)")
