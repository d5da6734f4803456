"""Claude's own files: whose conversation is open where."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from claude_remote import conversations, processes

ONE = "c0ffee00-0000-4000-8000-000000000001"
TWO = "c0ffee00-0000-4000-8000-000000000002"


def entry(home: Path, pid: int, **fields: Any) -> None:
    folder = home / "sessions"
    folder.mkdir(exist_ok=True)
    told = {"pid": pid, "sessionId": ONE, "startedAt": 1_790_000_000_000, **fields}
    (folder / f"{pid}.json").write_text(json.dumps(told))


def own_start() -> str:
    process = processes.find_process(os.getpid())
    assert process is not None
    return str(processes.ticks(process))


def test_who_lives_owns(tmp_path: Path) -> None:
    entry(tmp_path, os.getpid(), procStart=own_start())
    (owner,) = conversations.find_owners(tmp_path)
    assert (owner.conversation, owner.process.pid, owner.since) == (ONE, os.getpid(), 1_790_000_000.0)
    assert owner.describe().startswith(f"claude with pid {os.getpid()}")


@pytest.mark.parametrize(
    "fields",
    [
        {"procStart": "1"},  # its pid has been given to somebody else since
        {"procStart": None, "pidDomain": "linux:0:pid:[1]"},  # of another pid namespace
    ],
)
def test_what_names_no_living_claude_of_ours(tmp_path: Path, fields: dict[str, Any]) -> None:
    entry(tmp_path, os.getpid(), **fields)
    assert conversations.find_owners(tmp_path) == []


def test_the_dead_own_nothing(tmp_path: Path) -> None:
    entry(tmp_path, 2**22 + 1, procStart="1")
    assert conversations.find_owners(tmp_path) == []


def test_half_an_entry_is_none(tmp_path: Path) -> None:
    assert conversations.find_owners(tmp_path) == []
    entry(tmp_path, os.getpid())
    (tmp_path / "sessions" / "1.json").write_text('{"pid": 1, "sess')
    (tmp_path / "sessions" / "2.json").write_text('{"pid": "x"}')
    assert len(conversations.find_owners(tmp_path)) == 1


def test_transcripts_by_their_beginning(tmp_path: Path) -> None:
    folder = tmp_path / "projects" / "-home-me"
    folder.mkdir(parents=True)
    for name in (ONE, TWO):
        (folder / f"{name}.jsonl").write_text("")
    assert {path.stem for path in conversations.find_transcripts(tmp_path, "C0FFEE")} == {ONE, TWO}
    assert [path.stem for path in conversations.find_transcripts(tmp_path, TWO)] == [TWO]
    for beginning in ("c0f", "*", "../c0ffee", f"{ONE}0", "c0ffee?"):
        assert conversations.find_transcripts(tmp_path, beginning) == []


def test_the_folder_is_the_first_that_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"type":"x"}\n{"cwd":"/a","type":"user"}\n{"cwd":"/b"}\n')
    assert conversations.find_folder(path) == "/a"
    path.write_text('{"type":"x"}\n{"cwd":"/a')
    assert conversations.find_folder(path) is None
