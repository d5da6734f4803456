from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.utils import get_cwidth

from claude_remote.cli.interactive.status import (
    Place,
    Styled,
    activity,
    describe_doing,
    describe_waiting,
    place_line,
)
from claude_remote.client.conversation.items import Doing

HOME = Place("home", "/home/me/src/api", "fix-test", "default", 0.0, connected=True)


def words(line: Sequence[Styled]) -> str:
    return "".join(text for _, text in line)


def test_the_line_at_the_bottom() -> None:
    assert words(place_line(HOME, 80)) == "home:/home/me/src/api · fix-test · asks first · ● connected"
    busy = HOME._replace(mode="plan", cost=1.234, connected=False)
    assert (
        words(place_line(busy, 80)) == "home:/home/me/src/api · fix-test · plan mode · $1.23 · ◌ reconnecting"
    )


def test_a_mode_that_was_asked_for() -> None:
    assert "· → edits pass ·" in words(place_line(HOME._replace(wanted_mode="acceptEdits"), 80))
    assert "· asks first ·" in words(place_line(HOME._replace(wanted_mode="default"), 80))
    assert "· new\\x1b ·" in words(place_line(HOME._replace(mode="new\x1b"), 80))


@pytest.mark.parametrize(
    ("width", "left"),
    [
        (60, "home:/home/me/src/api · fix-test"),
        (59, "home:…/me/src/api · fix-test"),
        (50, "home:…/api · fix-test"),
        (44, "home · fix-test"),
        (40, "home · fix-…"),
    ],
)
def test_a_narrow_terminal_shows_less_of_the_folder(width: int, left: str) -> None:
    assert words(place_line(HOME, width)) == f"{left} · asks first · ● connected"


@given(st.text(max_size=30), st.text(max_size=60), st.text(max_size=30), st.integers(40, 120))
def test_it_never_wraps(host: str, cwd: str, session: str, width: int) -> None:
    line = words(place_line(Place(host, cwd, session, "default", 2.0, connected=True), width))
    assert get_cwidth(line) < width
    assert "\n" not in line
    assert "\x1b" not in line


def test_what_goes_on() -> None:
    line = words(activity("Writing", 12.3, 0.25, hint="Ctrl-C interrupts"))
    assert line == "⠹ Writing · 12 s · Ctrl-C interrupts"
    assert words(activity("Writing", None, 0.0)) == "⠋ Writing · Ctrl-C interrupts"


def test_words_for_everything() -> None:
    assert describe_doing(Doing.TOOL, "Bash") == "Using Bash"
    assert describe_doing(Doing.TOOL, "") == "Working"
    assert all(describe_doing(doing, "x") for doing in Doing)
    assert describe_waiting("worker", 2) == "No worker is free, 2 prompts before it"
    assert describe_waiting("turn", 0) == "Another turn runs"
    assert describe_waiting("start", 0) == "Claude is starting"
    assert describe_waiting("", 0) == "Sending"
