from __future__ import annotations

from pathlib import Path

import pytest
from prompt_toolkit.history import InMemoryHistory

from claude_remote.cli.interactive import history
from claude_remote.cli.interactive.history import open_history


def test_its_owner_alone_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "history"
    open_history(path).append_string("one\ntwo")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list(open_history(path).load_history_strings()) == ["one\ntwo"]


def test_a_history_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "history"
    path.touch(mode=0o644)
    open_history(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_is_cut_between_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_LARGEST", 2000)
    monkeypatch.setattr(history, "_KEPT", 1000)
    path = tmp_path / "history"
    kept = open_history(path)
    for number in range(100):
        kept.append_string(f"prompt {number}\nsecond line")
    entries = list(open_history(path).load_history_strings())
    assert path.stat().st_size <= 1000
    assert entries == [f"prompt {99 - number}\nsecond line" for number in range(len(entries))]
    assert len(entries) > 5


def test_without_a_place_it_is_kept_in_memory(tmp_path: Path) -> None:
    assert isinstance(open_history(None), InMemoryHistory)
    file = tmp_path / "file"
    file.touch()
    assert isinstance(open_history(file / "below"), InMemoryHistory)
