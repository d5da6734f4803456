"""The conversation on the screen is what its items say, in whatever order they come and change."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs
from pytestqt.qtbot import QtBot

from claude_remote.client.conversation.items import (
    Change,
    Ended,
    Gone,
    More,
    Note,
    Said,
    ToolState,
    ToolUse,
    Words,
)
from claude_remote_gui.text import items as texts
from claude_remote_gui.views import transcript as module
from claude_remote_gui.views.transcript import Transcript


@pytest.fixture
def transcript(qtbot: QtBot) -> Transcript:
    transcript = Transcript()
    qtbot.addWidget(transcript)
    transcript.reset()
    transcript.resize(500, 300)
    transcript.show()
    return transcript


def tool(number: int, state: ToolState = ToolState.RUNNING, outcome: str = "") -> ToolUse:
    return ToolUse(
        id=number,
        done=state is not ToolState.RUNNING,
        tool_use=f"t{number}",
        tool="Bash",
        summary="make",
        input=b'{"command": "make all"}',
        state=state,
        outcome=outcome,
    )


def lines(transcript: Transcript) -> list[str]:
    return transcript.toPlainText().split("\n")


def expected(transcript: Transcript) -> list[str]:
    return [
        paragraph.text
        for item in transcript.items()
        for paragraph in texts.describe(item, unfolded=item.id in transcript._unfolded)
    ]


def test_a_turn(transcript: Transcript) -> None:
    transcript.apply([Said(id=1, text="Build it.", client="mia"), tool(2)])
    transcript.apply([Words(id=3, kind="answer", text="It ", done=False), More(3, "**works**.")])
    assert lines(transcript) == ["mia", "Build it.", "▸ Bash  make", "It works."]
    transcript.apply([tool(2, ToolState.FAILED, "no rule"), Words(id=3, kind="answer", text="It *failed*.")])
    transcript.apply([Ended(id=4, prompt=None, outcome="done", error=False, reason="", cost=0.5, duration=9)])
    assert lines(transcript) == [
        "mia",
        "Build it.",
        "▸ Bash  make  failed",
        "→ no rule",
        "It failed.",
        "— 9 s, $0.50",
    ]


def test_folding(transcript: Transcript) -> None:
    transcript.apply([tool(1), Note(id=2, level="info", text="after")])
    transcript.toggle(1)
    assert lines(transcript) == ["▾ Bash  make", "make all", "after"]
    transcript.toggle(1)
    assert lines(transcript) == ["▸ Bash  make", "after"]
    transcript.unfold_all(True)
    assert "make all" in lines(transcript)


def test_what_claude_took_back_is_gone(transcript: Transcript) -> None:
    words = [Words(id=n, kind="answer", text=f"text {n}", done=False) for n in (1, 2, 3)]
    transcript.apply(words)
    transcript.apply([Gone(2)])
    assert lines(transcript) == ["text 1", "text 3"]
    transcript.apply([Gone(3)])
    transcript.apply([Gone(1)])
    transcript.apply([Words(id=4, kind="answer", text="anew")])
    assert [line for line in lines(transcript) if line] == ["anew"]


def test_nothing_is_read_as_rich_text(transcript: Transcript) -> None:
    evil = "<b>Allowed</b> <img src='file:///etc/passwd'> [x](javascript:alert)"
    transcript.apply([Said(id=1, text=evil), Words(id=2, kind="answer", text=evil)])
    assert "<b>Allowed</b> <img src='file:///etc/passwd'>" in lines(transcript)[0]
    assert "<b>Allowed</b> <img src='file:///etc/passwd'>" in lines(transcript)[1]
    assert "href" not in transcript.toHtml().replace("</a", "")


def test_errors_are_found(qtbot: QtBot, transcript: Transcript) -> None:
    assert not transcript.go_to_error()
    with qtbot.waitSignal(transcript.failed):
        transcript.apply(
            [tool(1, ToolState.FAILED), Note(id=2, level="info", text="x"), tool(3, ToolState.FAILED)]
        )
    assert transcript.go_to_error()
    assert transcript.textCursor().block().userState() == 3
    assert transcript.go_to_error()
    assert transcript.textCursor().block().userState() == 1


def test_it_stays_at_the_end_unless_somebody_reads_above(qtbot: QtBot, transcript: Transcript) -> None:
    bar = transcript.verticalScrollBar()
    assert bar is not None
    transcript.apply([Note(id=n, level="info", text=f"line {n}") for n in range(1, 60)])
    qtbot.waitUntil(lambda: bar.maximum() > 0 and bar.value() == bar.maximum())
    bar.setValue(0)
    transcript.apply([Note(id=n, level="info", text=f"line {n}") for n in range(60, 90)])
    assert bar.value() == 0


def test_only_the_last_are_laid_out_until_all_are_asked_for(
    qtbot: QtBot, transcript: Transcript, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHOWN", 10)
    monkeypatch.setattr(module, "_SLACK", 2)
    with qtbot.waitSignal(transcript.earlier) as earlier:
        transcript.apply([Note(id=n, level="info", text=f"line {n}") for n in range(1, 51)])
    assert earlier.args == [40]
    assert lines(transcript)[0] == "line 41"
    transcript.show_earlier()
    assert len(lines(transcript)) == 50


def test_a_long_text_grows_while_it_is_written(transcript: Transcript) -> None:
    text = "word " * 3_000
    transcript.apply([Words(id=1, kind="answer", text=text, done=False)])
    transcript.apply([More(1, "and\nmore")])
    assert lines(transcript)[-1] == "more"
    transcript.apply([Words(id=1, kind="answer", text="All of it.")])
    assert lines(transcript) == ["All of it."]


number = st.integers(1, 5)
text = st.sampled_from(["a", "b\n\nc", "# d", "", "```\ne\nf\n```", "- g\n- h"])
changes: st.SearchStrategy[Change] = st.one_of(
    st.builds(lambda n, t, d: Words(id=n, kind="answer", text=t, done=d), number, text, st.booleans()),
    st.builds(lambda n, t: Words(id=n, kind="thinking", text=t), number, text),
    st.builds(More, number, text),
    st.builds(Gone, number),
    st.builds(tool, number, st.sampled_from(ToolState), st.sampled_from(["", "x"])),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.lists(changes, max_size=4), number), max_size=10))
def test_any_changes(qtbot: QtBot, history: list[list[Change] | int]) -> None:
    transcript = Transcript()
    transcript.reset()
    for step in history:
        if isinstance(step, int):
            transcript.toggle(step)
        else:
            transcript.apply(step)
        assert [*filter(None, lines(transcript))] == [*filter(None, expected(transcript))]


def test_the_whole_result_of_a_tool_when_it_is_unfolded(transcript: Transcript) -> None:
    done = structs.replace(tool(1, ToolState.DONE, "first"), result="first\nsecond\n" + "x\n" * 600)
    transcript.apply([done])
    assert lines(transcript) == ["▸ Bash  make", "→ first"]
    transcript.toggle(1)
    shown = lines(transcript)
    assert shown[:5] == ["▾ Bash  make", "make all", "→ first", "first", "second"]
    assert shown[-1] == "… 102 more lines"
