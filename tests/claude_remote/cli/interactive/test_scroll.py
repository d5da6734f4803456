"""What is printed for good, and what still changes below it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from claude_remote.cli.interactive.drawing import PROMPT
from claude_remote.cli.interactive.painter import Painter
from claude_remote.cli.interactive.scroll import Scroll
from claude_remote.client.conversation.items import (
    Change,
    Ended,
    Gone,
    More,
    Note,
    Question,
    Said,
    ToolState,
    ToolUse,
    Words,
)
from claude_remote.messages import Behavior
from tests.claude_remote.client import recordings
from tests.claude_remote.client.record import ANSWER

MINE = "mine"
SGR = re.compile(r"\x1b\[[0-9;]*m")


def scroll(width: int = 60, *, colours: bool = False) -> Scroll:
    painter = Painter(width, "standard" if colours else None)
    return Scroll(painter, lambda identity: identity == MINE, "me@laptop")


def printed(changes: Iterable[Change], width: int = 60) -> str:
    screen = scroll(width)
    out = []
    for change in changes:
        screen.take(change)
        out.append(screen.take_printed())
    return "".join(out)


def answer(text: str, *, number: int = 1, done: bool = True) -> Words:
    return Words(id=number, kind="answer", text=text, done=done)


def tool(state: ToolState = ToolState.RUNNING, *, number: int = 1, **fields: str) -> ToolUse:
    given_ = {"tool_use": f"toolu_{number}", "tool": "Bash", "summary": "pytest -x", **fields}
    return ToolUse(id=number, done=state is not ToolState.RUNNING, state=state, input=b"{}", **given_)  # type: ignore[arg-type]


def test_a_session_from_beginning_to_end() -> None:
    assert printed(recordings.changes(recordings.lines("tools"))) == (
        f"{PROMPT}fix it\n"
        "\n"
        "I look first.\n"
        "\n"
        "✓ Read circle.py · 3 lines\n"
        "✓ Bash ls · circle.py\n"
        "  ✓ allowed by me@laptop\n"
        "✓ Bash echo one >> log.txt; echo two; echo three · two (+1 …\n"
        "\n"
        "Now I fix it.\n"
        "\n"
        "  ✓ allowed by me@laptop\n"
        "✓ Edit circle.py · +1 -1\n"
        "  ⊘ denied by me@laptop: not that file\n"
        "⊘ Write other.py · denied: not that file\n"
        "  ✓ allowed by me@laptop\n"
        "✗ Read /home/me/nowhere.txt · File does not exist. Note: yo…\n"
        "\n"
        "Done, except for the last.\n"
        "  1.5 s · $0.01\n"
    )


def test_markdown() -> None:
    assert printed([answer(ANSWER)]) == (
        "Two ways\n"
        "\n"
        "There are two ways:\n"
        "\n"
        " 1 First, sort it.\n"
        " 2 Then search.\n"
        "\n"
        "  def f(x):\n"
        "      return x + 1\n"
        "\n"
        " a  b\n"
        "────────\n"
        " 1  two\n"
        "\n"
        "That is all.\n"
    )


@given(st.lists(st.integers(0, len(ANSWER)), max_size=10))
def test_however_a_text_comes_the_same_is_printed(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(ANSWER)]
    pieces = [ANSWER[a:b] for a, b in pairwise(places)]
    streamed = [answer(pieces[0], done=False), *(More(1, piece) for piece in pieces[1:])]
    assert printed([*streamed, answer(ANSWER)]) == printed([answer(ANSWER)])


def test_finished_blocks_are_printed_and_the_last_is_live() -> None:
    screen = scroll()
    screen.take(answer("One.\n\nTwo", done=False))
    assert screen.take_printed() == ""
    screen.take(More(1, ".\n\nThr"))
    assert screen.take_printed() == "One.\n"
    assert screen.live(10, "⠋") == ["", "Two.", "", "Thr"]
    screen.take(More(1, "ee.\n"))
    assert screen.take_printed() == "\nTwo.\n"
    assert screen.live(10, "⠋") == ["", "Three."]
    screen.take(answer("One.\n\nTwo.\n\nThree.\n"))
    assert screen.take_printed() == "\nThree.\n"
    assert screen.live(10, "⠋") == []


def test_of_a_long_block_the_end_is_live() -> None:
    screen = scroll()
    screen.take(answer("```python\n" + "".join(f"x{n} = 1\n" for n in range(1000)), done=False))
    assert screen.live(3, "⠋") == ["  x997 = 1", "  x998 = 1", "  x999 = 1"]
    assert screen.live(0, "⠋") == []


def test_what_was_printed_and_does_not_hold_is_said() -> None:
    shown = answer("One.\n\nTwo.\n\n", done=False)
    more = More(1, "Three\n")
    assert printed([shown, more, Gone(1), answer("New.", number=2)]) == (
        "One.\n\nTwo.\n\n· What Claude wrote broke off here; it begins anew.\n\nNew.\n"
    )
    assert (
        printed([shown, more, answer("New.")]) == "One.\n\nTwo.\n\n· Claude has written this anew:\n\nNew.\n"
    )


def test_what_was_only_live_goes_without_a_word() -> None:
    assert printed([answer("Hal", done=False), Gone(1), answer("Whole.", number=2)]) == "Whole.\n"
    assert printed([answer("Hal", done=False), answer("Whole.")]) == "Whole.\n"


def test_order_is_kept_while_a_tool_runs() -> None:
    screen = scroll()
    screen.take(tool(number=1))
    screen.take(tool(ToolState.DONE, number=2, summary="ls"))
    assert screen.take_printed() == ""
    assert screen.live(10, "⠋") == ["⠋ Bash pytest -x", "✓ Bash ls"]
    screen.take(tool(ToolState.FAILED, number=1, outcome="exit 1"))
    assert screen.take_printed() == "✗ Bash pytest -x · exit 1\n✓ Bash ls\n"


def test_a_tool_that_is_asked_about_is_not_shown_beside_its_question() -> None:
    screen = scroll()
    question = Question(
        id=2, done=False, approval="a", tool="Bash", input=b"{}", summary="", tool_use="toolu_1"
    )
    screen.take(tool())
    screen.take(question)
    assert screen.live(10, "⠋") == []
    screen.take(
        Question(**{name: getattr(question, name) for name in question.__struct_fields__} | {"done": True})
    )
    assert screen.live(10, "⠋") == ["⠋ Bash pytest -x"]


@pytest.mark.parametrize(
    ("approval", "decision", "fields", "told"),
    [
        ("x", Behavior.ALLOW, {"by": "phone"}, "  ✓ allowed by phone\n"),
        ("x", Behavior.DENY, {"by": "phone", "message": "no"}, "  ⊘ denied by phone: no\n"),
        (MINE, Behavior.ALLOW, {"by": "me"}, ""),
        (MINE, Behavior.DENY, {"by": "me", "message": "no"}, ""),
        (MINE, Behavior.ALLOW, {"for_session": True}, "  ✓ allowed for this session\n"),
        (MINE, None, {"message": "The turn has ended."}, "  ○ no longer asked: The turn has ended.\n"),
    ],
)
def test_what_became_of_a_question(
    approval: str, decision: Behavior | None, fields: dict[str, object], told: str
) -> None:
    question = Question(
        id=1,
        approval=approval,
        tool="Bash",
        input=b"{}",
        summary="",
        tool_use="t",
        decision=decision,
        **fields,  # type: ignore[arg-type]
    )
    assert printed([question]) == told


def test_thinking_is_folded() -> None:
    screen = scroll()
    screen.take(Words(id=1, kind="thinking", text="First\nthen", done=False))
    screen.take(More(1, " that"))
    assert screen.live(5, "⠋") == ["✻ then that"]
    screen.take(Words(id=1, kind="thinking", text="First\nthen that\nand so on"))
    assert screen.take_printed() == "✻ First\n"


def test_ends_of_turns() -> None:
    def ended(**fields: object) -> Ended:
        values = {
            "prompt": None,
            "outcome": "done",
            "error": False,
            "reason": "",
            "cost": 0.0,
            "duration": 75.0,
        }
        return Ended(id=1, **(values | fields))  # type: ignore[arg-type]

    assert printed([ended()]) == "  1 min 15 s\n"
    assert printed([ended(cost=1.234, duration=12.3)]) == "  12 s · $1.23\n"
    assert printed([ended(cost=0.001, duration=0.5)]) == "  0.5 s\n"
    assert printed([ended(outcome="interrupted", reason="The turn was stopped.")]) == (
        "■ The turn was stopped. 1 min 15 s\n"
    )
    assert printed([ended(error=True, reason="claude is not logged in on home: run it there.")]) == (
        "✗ claude is not logged in on home: run it there.\n"
    )


def test_a_remark_that_is_still_true_is_live() -> None:
    screen = scroll()
    screen.take(Note(id=1, level="warning", text="overloaded, attempt 1", done=False))
    screen.take(Note(id=1, level="warning", text="overloaded, attempt 2", done=False))
    assert (screen.take_printed(), screen.live(5, "⠋")) == ("", ["▲ overloaded, attempt 2"])
    screen.take(Note(id=1, level="warning", text="overloaded, attempt 2"))
    assert screen.take_printed() == "▲ overloaded, attempt 2\n"


def test_prompts_of_others_are_named_and_own_ones_are_not_repeated() -> None:
    assert printed([Said(id=1, text="hello", prompt="x", client="phone")]) == PROMPT + "hello  phone\n"
    assert printed([Said(id=1, text="hello", prompt="x", client="me@laptop")]) == PROMPT + "hello\n"
    assert printed([Said(id=1, text="hello", prompt=MINE, client="me@laptop")]) == ""
    lines = "\n".join(str(number) for number in range(50))
    assert printed([Said(id=1, text=lines)]).endswith("  39\n  … 10 more lines\n")


JOINERS = {"\u200c", "\u200d"}
HOSTILE = "\x1b[2J\x1b]0;t\x07\x9b1m\u202e\u2066[bold]x[/bold] :smile: <b>\x00\x7f\ud800"


@pytest.mark.parametrize("colours", [True, False])
@given(
    text=st.text(
        alphabet=st.sampled_from("ab *_`#|>-1.\n\t\r[](){}<>!\\~")
        | st.sampled_from(HOSTILE)
        | st.characters(exclude_categories=()),
        max_size=60,
    ),
    width=st.integers(20, 60),
)
def test_nothing_that_others_write_is_carried_out(text: str, width: int, *, colours: bool) -> None:
    screen = scroll(width, colours=colours)
    changes: list[Change] = [
        Said(id=1, text=text, client=text),
        answer(text, number=2, done=False),
        More(2, text),
        Words(id=3, kind="output", text=text),
        Words(id=4, kind="thinking", text=text),
        tool(ToolState.FAILED, number=5, tool=text, summary=text, outcome=text),
        Note(id=6, level="info", text=text),
        Ended(id=7, prompt=None, outcome="done", error=True, reason=text, cost=0, duration=0),
    ]
    shown = []
    for change in changes:
        screen.take(change)
        shown += screen.live(50, "⠋")
    screen.take(answer(text + text, number=2))
    shown += screen.take_printed().split("\n")
    for line in shown:
        plain = SGR.sub("", line) if colours else line
        assert not {letter for letter in plain if category(letter) in {"Cc", "Cf", "Cs"}} - JOINERS
        line.encode()
        assert cell_len(plain) <= width


def test_markup_of_rich_is_text() -> None:
    assert "[bold]x[/bold] :smile:" in printed([answer("[bold]x[/bold] :smile:")])
    assert printed([answer("Vec<T> is <b>html</b>")]) == "Vec<T> is <b>html</b>\n"


def test_a_link_shows_where_it_leads() -> None:
    assert printed([answer("[docs](http://evil.example)")]) == "docs (http://evil.example)\n"


def test_wide_letters_are_wrapped_in_time() -> None:
    out = printed([answer("日本語" * 20)], 30)
    assert max(cell_len(line) for line in out.splitlines()) <= 30
    assert out.replace("\n", "") == "日本語" * 20
