"""The journal loses trimmed sessions, and their room, without losing anything else."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import cast

import pytest
from msgspec.structs import replace

from claude_remote.messages import Source
from claude_remote_broker.journal import AddPrompt, Append, PutApproval, PutSession, Tombstone, Trim
from claude_remote_broker.ports import FindPrompt, Found, JournalFigures, Measure, Measured, Row, Stored
from tests.broker.test_journal import APPROVAL, PROMPT, SESSION, Opened

MIB = 1024 * 1024
TOMBSTONE = Tombstone(
    id="s", name="one", cwd="/", client="c", claude_session="x", changed=1.0, trimmed=2.0, why="age"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.sqlite"


def fill(opened: Opened, session: str, mib: int) -> None:
    line = b"x" * (MIB // 2 - 1) + b"\n"
    for number in range(2 * mib):
        stored = opened.store(Append(session, Row(number + 1, 1, Source.CLAUDE, 1.0, line)))
        assert isinstance(stored, Stored)


def measure(opened: Opened) -> JournalFigures:
    opened.journal.perform(Measure(opened.ticket()))
    figures = cast("Measured", opened.answers.get(timeout=10)).figures
    assert figures is not None
    return figures


def wait_until_swept(opened: Opened) -> JournalFigures:
    deadline = time.monotonic() + 30
    while (figures := measure(opened)).sweeping:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return figures


def test_a_trimmed_session_gives_its_room_back(path: Path) -> None:
    opened = Opened(path)
    other = replace(SESSION, id="o", name="other")
    opened.store(PutSession(SESSION), AddPrompt(PROMPT, b"text"), PutApproval(APPROVAL))
    opened.store(PutSession(other))
    fill(opened, "s", 20)
    fill(opened, "o", 1)
    before = measure(opened)
    assert before.used > 20 * MIB
    assert before.room > 0
    assert (before.worst_commit or 0) >= before.commit > 0
    assert isinstance(opened.store(Trim(TOMBSTONE)), Stored)
    after = wait_until_swept(opened)
    assert after.used < 2 * MIB
    assert opened.load("s", 0) == ()
    assert len(opened.load("o", 0, limit=4 * MIB)) == 2
    # The id of a prompt outlives its session.
    found = cast("Found", opened.perform(FindPrompt(opened.ticket(), "p")))
    assert found.row == replace(PROMPT, start="")
    # Nothing more is written to it, and nobody gets its place.
    assert not isinstance(opened.store(Append("s", Row(1, 1, Source.CLAUDE, 1.0, b"{}\n"))), Stored)
    opened.journal.close()
    assert path.stat().st_size < 3 * MIB
    again = Opened(path)
    assert [session.row.id for session in again.recovered.sessions] == ["o"]
    assert again.recovered.tombstones == (TOMBSTONE,)
    again.journal.close()


def test_what_was_not_swept_is_swept_by_the_next_life(path: Path) -> None:
    opened = Opened(path)
    opened.store(PutSession(SESSION))
    fill(opened, "s", 12)
    opened.journal.store(opened.ticket(), (Trim(TOMBSTONE),))
    opened.journal.close()  # at once
    again = Opened(path)
    assert wait_until_swept(again).used < MIB
    again.journal.close()


def test_stores_go_on_while_it_is_swept(path: Path) -> None:
    opened = Opened(path)
    opened.store(PutSession(SESSION), PutSession(replace(SESSION, id="o", name="other")))
    fill(opened, "s", 20)
    opened.store(Trim(TOMBSTONE))
    fill(opened, "o", 5)
    assert wait_until_swept(opened).used < 7 * MIB
    assert len(opened.load("o", 0, limit=8 * MIB)) == 10
    opened.journal.close()


def test_a_journal_of_the_first_version_is_brought_up_to_date(path: Path) -> None:
    opened = Opened(path)
    opened.store(PutSession(SESSION))
    opened.journal.close()
    connection = sqlite3.connect(path, isolation_level=None)
    for index in ("sessions_trimmed", "prompts_of_session", "approvals_of_session"):
        connection.execute(f"DROP INDEX {index}")
    connection.execute("ALTER TABLE sessions DROP COLUMN trimmed")
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    again = Opened(path)
    assert [session.row for session in again.recovered.sessions] == [SESSION]
    assert isinstance(again.store(Trim(TOMBSTONE)), Stored)
    again.journal.close()
