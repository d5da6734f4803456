"""The journal: in order, all or nothing, readable from any place, and still there after a SIGKILL."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import Queue
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from claude_remote.messages import PromptState, Source
from claude_remote_broker.journal import (
    AddPrompt,
    Append,
    ApprovalRow,
    Journal,
    JournalUnusable,
    LeaseRow,
    Operation,
    PromptRow,
    PutApproval,
    PutPrompt,
    PutScale,
    PutSession,
    SessionRow,
    Turn,
)
from claude_remote_broker.ports import (
    Event,
    FindApproval,
    FindPrompt,
    Found,
    Load,
    Loaded,
    Row,
    Store,
    Stored,
    StoreFailed,
    Transaction,
)
from tests.broker.disk import MemoryDisk, events_after

SESSION = SessionRow(
    id="s", name="one", cwd="/", client="c", client_name="laptop", created=1, changed=1, claude_session="x"
)
PROMPT = PromptRow(
    id="p",
    session="s",
    client="c",
    client_name="laptop",
    digest="d",
    size=4,
    start="text",
    at=1.0,
    state=PromptState.QUEUED,
)
APPROVAL = ApprovalRow(id="a", session="s", tool="Bash", summary="ls", seq=1, since=1.0)


class Opened:
    """A journal whose answers can be waited for."""

    def __init__(self, path: Path, boot_id: str = "boot") -> None:
        self.answers: Queue[Event] = Queue()
        self.journal = Journal(path, self._deliver, boot_id)
        self.recovered = self.journal.recover()
        self._ticket = 0

    def _deliver(self, events: Sequence[Event]) -> None:
        for event in events:
            self.answers.put(event)

    def ticket(self) -> int:
        self._ticket += 1
        return self._ticket

    def store(self, *operations: Operation) -> Event:
        self.journal.store(self.ticket(), operations)
        return self.answers.get(timeout=10)

    def load(self, session: str, after: int, limit: int = 1 << 20, offset: int = 0) -> tuple[Row, ...]:
        self.journal.load(self.ticket(), session, after, limit, offset)
        return cast("Loaded", self.answers.get(timeout=10)).rows

    def perform(self, job: Store | Load | FindPrompt | FindApproval) -> Event:
        self.journal.perform(job)
        return self.answers.get(timeout=10)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.sqlite"


@pytest.fixture
def opened(path: Path) -> Iterator[Opened]:
    opened = Opened(path)
    yield opened
    opened.journal.close()


def batch(first: int, *lines: bytes) -> Append:
    text = b"".join(line + b"\n" for line in lines)
    return Append("s", Row(first, len(lines), Source.CLAUDE, 1.0, text))


def test_what_was_stored_is_there_again(path: Path) -> None:
    opened = Opened(path)
    row = replace(
        SESSION,
        options=("--max-turns=3",),
        lease=LeaseRow(worker="w", token_hash="h"),
        turn=Turn(prompt="p"),
        epoch=3,
    )
    opened.store(PutSession(row), AddPrompt(PROMPT, b"text"), PutApproval(APPROVAL), batch(1, b"a", b"b"))
    opened.journal.close()
    again = Opened(path)
    (session,) = again.recovered.sessions
    assert (session.row, session.tail, session.approvals) == (row, 2, (APPROVAL,))
    assert [(prompt.row, prompt.text) for prompt in session.prompts] == [(PROMPT, b"text")]
    assert again.recovered.state_id == opened.recovered.state_id != ""
    assert again.recovered.run == opened.recovered.run + 1
    again.journal.close()


def test_a_prompt_that_has_ended_is_found_but_its_text_is_gone(opened: Opened, path: Path) -> None:
    ended = replace(PROMPT, state=PromptState.DONE)
    opened.store(PutSession(SESSION), AddPrompt(PROMPT, b"secret text"))
    opened.store(PutPrompt(ended))
    assert opened.perform(FindPrompt(9, "p")) == Found(9, ended)
    assert opened.perform(FindPrompt(9, "q")) == Found(9, None)
    assert opened.perform(FindApproval(9, "a")) == Found(9, None)
    opened.journal.close()
    again = Opened(path)
    assert again.recovered.sessions[0].prompts == ()
    again.journal.close()
    assert sqlite3.connect(path).execute("SELECT count(*) FROM texts").fetchone() == (0,)


def test_an_approval_is_found_by_a_beginning_that_only_one_has(opened: Opened) -> None:
    one, two = replace(APPROVAL, id="2914-0"), replace(APPROVAL, id="2914-1")
    opened.store(PutSession(SESSION), PutApproval(one), PutApproval(two))
    found = {key: opened.perform(FindApproval(9, key)) for key in ("2914-1", "2914", "2914-", "291", "2915")}
    assert found == {
        "2914-1": Found(9, two),
        "2914": Found(9, None),
        "2914-": Found(9, None),
        "291": Found(9, None),
        "2915": Found(9, None),
    }
    assert opened.perform(FindApproval(9, "2914-0")) == Found(9, one)


def test_a_store_is_all_or_nothing_and_harms_no_other(opened: Opened) -> None:
    opened.store(PutSession(SESSION), batch(1, b"a"))
    transactions = (
        Transaction(101, (batch(2, b"b"),)),
        Transaction(102, (batch(3, b"c"), batch(9, b"gap"))),
        Transaction(103, (AddPrompt(PROMPT, b"t"), AddPrompt(PROMPT, b"t"))),
        Transaction(104, (Append("nobody", Row(1, 1, Source.CLAUDE, 1.0, b"\n")),)),
        Transaction(105, (batch(3, b"c"),)),
        Transaction(106, (batch(4, b"d"),)),
    )
    opened.journal.perform(Store(transactions))
    answers = [opened.answers.get(timeout=10) for _ in range(5)]
    assert answers[0] == Stored((101,))
    assert [getattr(answer, "ticket", 0) for answer in answers[1:4]] == [102, 103, 104]
    assert answers[4] == Stored((105, 106))
    assert events_after(list(opened.load("s", 0)), 0) == [b"a", b"b", b"c", b"d"]
    assert opened.perform(FindPrompt(9, "p")) == Found(9, None)


def test_a_defect_fails_what_it_meets_and_nothing_else(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that dies of it would leave everybody waiting, and nobody told."""
    writer, reader = opened.journal._writer, opened.journal._reader
    assert writer is not None
    assert reader is not None

    def fails(*_: object) -> None:
        raise RuntimeError("a defect")

    with monkeypatch.context() as patch:
        patch.setattr(writer._tables, "perform", fails)
        patch.setattr(reader, "_load", fails)
        assert isinstance(opened.store(PutSession(SESSION)), StoreFailed)
        assert list(opened.load("s", 0)) == []
    assert isinstance(opened.store(PutSession(SESSION), batch(1, b"a")), Stored)
    assert events_after(list(opened.load("s", 0)), 0) == [b"a"]


def test_a_full_disk_fails_the_store_and_nothing_else(opened: Opened) -> None:
    opened.store(PutSession(SESSION), batch(1, b"a"))
    connection = opened.journal._writer._connection  # type: ignore[union-attr]
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    failed = opened.store(batch(2, b"x" * 100_000))
    assert isinstance(failed, StoreFailed)
    assert "full" in failed.reason
    connection.execute("PRAGMA max_page_count = 1000000")
    assert isinstance(opened.store(batch(2, b"b")), Stored)
    assert events_after(list(opened.load("s", 0)), 0) == [b"a", b"b"]


def test_a_line_of_64_mib(opened: Opened) -> None:
    line = os.urandom(1 << 20).replace(b"\n", b"x") * 64
    opened.store(PutSession(SESSION), batch(1, b"a"), batch(2, line), batch(3, b"c"))
    (row,) = opened.load("s", 1, 1 << 20)
    assert (row.first, row.count, row.more, len(row.lines)) == (2, 1, True, 1 << 20)
    (row,) = opened.load("s", 1, 1 << 20, 64 << 20)
    assert (row.lines, row.more) == (b"\n", False)
    (row,) = opened.load("s", 1, 1 << 20, (63 << 20) + 5)
    assert row.lines == line[(63 << 20) + 5 :] + b"\n" or row.more
    assert [row.first for row in opened.load("s", 0)] == [1]
    assert [row.first for row in opened.load("s", 2)] == [3]
    (whole,) = opened.load("s", 1, 65 << 20)[:1]
    assert whole.lines == line + b"\n"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(st.lists(st.sampled_from([b"", b"ab", b"x" * 50]), min_size=1, max_size=4), max_size=12),
    limit=st.integers(1, 200),
    after=st.integers(0, 20),
    offset=st.integers(0, 60),
)
def test_it_reads_as_the_model_does(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[bytes]], limit: int, after: int, offset: int
) -> None:
    opened = Opened(tmp_path_factory.mktemp("journal") / "journal.sqlite")
    model = MemoryDisk()
    first = 1
    for number in (1, 2):
        made = Transaction(number, (PutSession(SESSION),))
        assert opened.perform(Store((made,))) == model.store(made)
    for lines in batches:
        said = Transaction(3, (batch(first, *lines),))
        assert opened.perform(Store((said,))) == model.store(said)
        first += len(lines)
    load = Load(4, "s", after, limit, offset)
    assert opened.perform(load) == model.perform(load)
    opened.journal.close()


# --- lives of the machine and of the program -----------------------------------------------------------


@pytest.mark.parametrize(
    ("clean", "boot_id", "generation"),
    [(True, "boot", 1), (True, "later", 1), (False, "boot", 1), (False, "later", 2)],
)
def test_only_a_loss_of_power_begins_a_new_generation(
    path: Path, clean: bool, boot_id: str, generation: int
) -> None:
    opened = Opened(path, "boot")
    opened.store(PutSession(SESSION))
    opened.journal.close()
    if not clean:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("UPDATE meta SET value = 'no' WHERE key = 'clean'")
        connection.close()
    again = Opened(path, boot_id)
    assert [session.row.generation for session in again.recovered.sessions] == [generation]
    again.journal.close()


WRITER = """
import sys
from pathlib import Path
from threading import Semaphore
from claude_remote.messages import Source
from claude_remote_broker.journal import Append, Journal, PutSession
from claude_remote_broker.ports import Row, Stored
from tests.broker.test_journal import SESSION

# A loop that never waits leaves the writer's thread hardly a moment of the interpreter.
room = Semaphore(300)

def deliver(events):
    for event in events:
        assert isinstance(event, Stored), event
        for ticket in event.tickets:
            sys.stdout.write(f"{ticket}\\n")
            sys.stdout.flush()
            room.release()

journal = Journal(Path(sys.argv[1]), deliver, "boot")
journal.recover()
journal.store(0, (PutSession(SESSION),))
for number in range(1, 1_000_000):
    room.acquire()
    journal.store(number, (Append("s", Row(number, 1, Source.CLAUDE, 1.0, b"%d" % number * 20 + b"\\n")),))
"""


@pytest.mark.e2e
def test_what_was_acknowledged_survives_a_sigkill_in_the_middle_of_writing(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    ) as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            if int(line) >= 200:
                break
        else:
            pytest.fail("the writer ended by itself")
        writer.send_signal(signal.SIGKILL)
        last = [int(line) for line in writer.stdout.read().splitlines()[:-1]]
    acknowledged = max([200, *last])
    opened = Opened(path)
    (session,) = opened.recovered.sessions
    assert session.tail >= acknowledged
    assert session.row.generation == 1
    seen = 0
    while rows := opened.load("s", seen):
        for row in rows:
            assert row.first == seen + 1
            assert row.lines == b"%d" % row.first * 20 + b"\n"
            seen = row.first
    assert seen == session.tail
    assert isinstance(opened.store(batch(seen + 1, b"on")), Stored)
    opened.journal.close()


def test_a_newer_schema_is_refused(path: Path) -> None:
    Opened(path).journal.close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(JournalUnusable, match="newer version"):
        Opened(path)


def test_the_database_of_another_program_is_refused(path: Path) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (a)")
    connection.close()
    with pytest.raises(JournalUnusable, match="another program"):
        Opened(path)


def test_rubbish_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(JournalUnusable, match="damaged"):
        Opened(path)


def test_a_database_in_use_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Opened(path).journal.close()
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **{**k, "timeout": 0.01}))
    other = connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(JournalUnusable, match="in use"):
        Opened(path)
    other.close()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").mkdir()
    with pytest.raises(JournalUnusable, match="cannot be written"):
        Opened(tmp_path / "journal.sqlite")


def test_how_many_workers_the_owner_wants_is_kept(path: Path) -> None:
    for words in ("1:2 ", "3:4 0:8"):
        opened = Opened(path)
        assert isinstance(opened.store(PutScale(words)), Stored)
        opened.journal.close()
    opened = Opened(path)
    assert opened.recovered.scale == "3:4 0:8"
    opened.journal.close()


def test_it_is_ours_alone(opened: Opened, path: Path) -> None:
    opened.store(PutSession(SESSION))
    assert {file.stat().st_mode & 0o077 for file in path.parent.iterdir()} == {0}


def test_of_many_that_are_written_together_only_what_is_wrong_fails(path: Path) -> None:
    opened = Opened(path)
    opened.store(PutSession(SESSION))
    for number in (1, 2, 9, 3, 4):
        opened.journal.store(100 + number, (Append("s", Row(number, 1, Source.CLAUDE, 1.0, b"{}\n")),))
    told: list[tuple[type[Event], int]] = []
    while len(told) < 5:
        match opened.answers.get(timeout=30):
            case Stored(tickets=tickets):
                told += [(Stored, ticket) for ticket in tickets]
            case StoreFailed(ticket=ticket):
                told.append((StoreFailed, ticket))
    assert told == [(Stored, 101), (Stored, 102), (StoreFailed, 109), (Stored, 103), (Stored, 104)]
    opened.journal.close()


def test_the_words_of_many_sessions_are_written_together_and_told_in_portions(opened: Opened) -> None:
    sessions = [replace(SESSION, id=f"s{number}", name=f"n{number}") for number in range(150)]
    opened.store(*(PutSession(session) for session in sessions))
    for turn in (1, 2):
        opened.journal.perform(
            Store(
                tuple(
                    Transaction(
                        1000 * turn + number,
                        (Append(each.id, Row(turn, 1, Source.CLAUDE, 1.0, b"%d\n" % number)),),
                    )
                    for number, each in enumerate(sessions)
                )
            )
        )
        told: list[int] = []
        while len(told) < len(sessions):
            answer = opened.answers.get(timeout=30)
            assert isinstance(answer, Stored)
            assert len(answer.tickets) <= 64  # between them others have their turn
            told += answer.tickets
        assert told == [1000 * turn + number for number in range(len(sessions))]
    for number in (0, 63, 64, 65, 149):
        rows = opened.load(f"s{number}", 0)
        assert [(row.first, row.lines) for row in rows] == [
            (1, b"%d\n" % number),
            (2, b"%d\n" % number),
        ]
