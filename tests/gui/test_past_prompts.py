"""What was written in the window before, also before its last start."""

from __future__ import annotations

import os
from pathlib import Path

from claude_remote_gui.past_prompts import MOST, PastPrompts


def test_they_are_there_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "state" / "prompts"
    past = PastPrompts(path)
    for text in ("one", "two\nlines", "two\nlines", "lone \udc80"):
        past.add(text)
    assert PastPrompts(path).texts == ["one", "two\nlines", "lone ?"]
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600


def test_they_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "prompts"
    past = PastPrompts(path)
    past.add("x" * 20_000)
    for number in range(MOST + 5):
        past.add(f"{number} " + "y" * 5_000)
    assert len(past.texts) == MOST
    before = path.stat().st_size
    assert before < 1024 * 1024 + 16 * 1024
    again = PastPrompts(path)
    assert len(again.texts) <= MOST
    assert again.texts[-1] == past.texts[-1]
    assert path.stat().st_size < before


def test_what_is_damaged_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "prompts"
    path.write_bytes(b'"half\n\xff\n17\n"whole"\n"tor')
    assert PastPrompts(path).texts == ["whole"]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    past = PastPrompts(tmp_path / "file" / "prompts")
    past.add("still here")
    assert past.texts == ["still here"]
