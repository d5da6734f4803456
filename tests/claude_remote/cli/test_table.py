"""Columns that fit a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote.cli.sessions import make_table
from claude_remote.cli.table import Column, columns, cut, duration, fit, width
from claude_remote.messages import SessionState
from tests.claude_remote.client.scripted import session_info


@given(
    st.text(alphabet="abc漢字é\u0301/", max_size=30), st.integers(1, 40), st.sampled_from(["left", "right"])
)
def test_what_is_cut_fits(text: str, wide: int, end: str) -> None:
    shown = cut(text, wide, end)  # type: ignore[arg-type]
    assert width(shown) <= wide
    assert shown == text or "…" in shown


def test_where_it_is_cut() -> None:
    assert cut("/home/me/src/api", 8, "left") == "…src/api"
    assert cut("a long story", 7) == "a long…"


def test_columns_give_way_one_after_the_other() -> None:
    table = [
        Column("NAME", ["fix-test"], least=4),
        Column("EMPTY", [""]),
        Column("ID", ["0123"], drop=1),
        Column("WORDS", ["some last words"], least=5, drop=2),
    ]
    assert columns(fit(table, None)).splitlines()[1] == "fix-test  0123  some last words"
    assert columns(fit(table, 25)).splitlines()[1] == "fix-test  0123  some las…"
    assert columns(fit(table, 19)).splitlines()[1] == "fix-t…  0123  some…"
    assert columns(fit(table, 12)).splitlines()[1] == "fix-…  some…"
    assert columns(fit(table, 5)).splitlines()[1] == "fix-…"


@pytest.mark.parametrize("wide", [80, 100, 120, 200])
def test_sessions_fit(wide: int) -> None:
    busy = session_info(
        name="refactor-the-whole-of-the-parser",
        state=SessionState.WAITING,
        cwd="/home/somebody/projects/a-long-name/src/api",
        model="claude-opus-5-5",
        approvals=2,
        queued=1,
        prompting="somebody@else",
        turns=120,
        cost=12.5,
        last_words="Fixed: the fixture closed the database before the last assertion.",
    )
    table = make_table([("", busy), ("", session_info(client="me@laptop"))], "me@laptop", 3605.0)
    lines = columns(fit(table, wide)).splitlines()
    assert max(map(width, lines)) <= wide
    for title in ("NAME", "STATE", "ASKS", "QUEUE", "AGE", "FOLDER", "LAST WORDS"):
        assert title in lines[0]
    assert lines[1].split()[1:6] == ["waiting", "2", "1", "1", "h"]
    assert ("WHO" in lines[0]) == (wide > 100)
    if wide > 100:
        assert "somebody@else" in lines[1]
        assert " you" in lines[2]


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.44, "0.4 s"), (12.3, "12 s"), (185, "3 min 5 s"), (7800, "2 h 10 min")]
)
def test_durations(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown
