"""The audit as the server keeps it: on a real disk, and when the disk does not take it."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from claude_remote.audit import Broken, Verified, verify
from claude_remote.audit.chain import decode
from claude_remote_broker.audit import database
from claude_remote_broker.audit import log as module
from claude_remote_broker.audit.entry import Entry
from claude_remote_broker.audit.log import AuditLog
from claude_remote_broker.audit.reading import AuditReader
from claude_remote_broker.audit.scribe import TEXT_KEPT, Scribe
from claude_remote_broker.failure import Failure
from claude_remote_broker.ports import AuditRead, Event, LookAtAudit

SERVER = "SHA256:" + "S" * 43


def entry(kind: str = "prompt", text: bytes | None = None, **detail: str) -> Entry:
    return Entry(kind=kind, at=time.time(), client="c", name="laptop", text=text, detail=detail)


def opened(path: Path, *, keep_texts: bool = True) -> AuditLog:
    log = AuditLog(path, SERVER, Scribe(keep_texts=keep_texts))
    log.open()
    return log


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def kinds(path: Path) -> list[str]:
    with closing(database.open_to_read(path)) as connection:
        return [decode(body).kind for _, _, body in database.records(connection)]


def whole(path: Path) -> Verified:
    with closing(database.open_to_read(path)) as connection:
        return verify((hash_, body) for _, hash_, body in database.records(connection))


def test_the_chain_goes_on_from_one_server_to_the_next(tmp_path: Path) -> None:
    path = tmp_path / "state/audit.sqlite"
    for _ in range(3):
        log = opened(path)
        for number in range(700):
            log.record(entry(number=str(number)))
        log.close()
        assert log.state.lost == log.state.waiting == 0
    assert kinds(path) == ["audit-began"] + ["prompt"] * 2100
    assert whole(path).head == log.head
    assert path.stat().st_mode & 0o077 == 0


def test_texts_are_kept_or_only_their_hashes(tmp_path: Path) -> None:
    text = "ä".encode() * TEXT_KEPT
    for keep in (True, False):
        path = tmp_path / f"{keep}.sqlite"
        log = opened(path, keep_texts=keep)
        log.record(entry(text=text))
        log.close()
        with closing(database.open_to_read(path)) as connection:
            *_, (_, _, body) = database.records(connection)
        detail = decode(body).detail
        assert detail["text_bytes"] == str(len(text))
        assert len(detail["text_sha256"]) == 64
        assert detail.get("text", "") == ("ä" * (TEXT_KEPT // 2) if keep else "")


def test_whatever_is_recorded_becomes_unicode(tmp_path: Path) -> None:
    path = tmp_path / "audit.sqlite"
    log = opened(path)
    log.record(entry("odd", b"\xff\0\x1b[2J", name="\ud800\0", other="x" * 100_000))
    log.close()
    assert whole(path).count == 2


def test_a_full_disk_loses_nothing_as_long_as_it_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_PAUSES", (0.01,))
    path = tmp_path / "audit.sqlite"
    log = opened(path)
    grown = threading.Event()
    log.grown = lambda _head: grown.set()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        (pages,) = other.execute("PRAGMA page_count").fetchone()
    connection = log._connection
    assert connection is not None
    connection.execute(f"PRAGMA max_page_count = {pages}")
    for _ in range(50):
        log.record(entry(text=b"x" * 1000))
    until(lambda: bool(log.state.failing))
    assert "full" in log.state.failing
    assert "cannot be written" in log.state.problems()[0]
    connection.execute("PRAGMA max_page_count = 1000000")
    grown.clear()
    assert grown.wait(30)
    log.close()
    assert whole(path).count == 51
    assert log.state.failing == ""
    assert "cannot be written" in caplog.text


def test_what_does_not_fit_is_counted_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 5)
    path = tmp_path / "audit.sqlite"
    log = AuditLog(path, SERVER, Scribe())
    for _ in range(8):
        log.record(entry())
    assert (log.state.waiting, log.state.lost) == (5, 3)
    log.open()
    log.close()
    assert kinds(path)[0] == "audit-lost"
    assert whole(path).count == 6


def test_a_chain_that_somebody_else_has_cut_is_noted_in_the_chain(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "audit.sqlite"
    log = opened(path)
    grown = threading.Event()
    log.grown = lambda _head: grown.set()
    log.record(entry())
    assert grown.wait(30)
    until(lambda: not log.state.waiting)
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("DELETE FROM records WHERE seq > 1")
    log.record(entry())
    log.close()
    assert kinds(path) == ["audit-began", "audit-changed", "prompt"]
    assert "somebody else has changed the audit" in caplog.text


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE records SET body = replace(body, 'laptop', 'laptob') WHERE seq = 4", 4),
        ("UPDATE records SET body = 7 WHERE seq = 2", 2),
        ("UPDATE records SET hash = 'x' WHERE seq = 3", 3),
        ("DELETE FROM records WHERE seq = 5", 5),
        ("UPDATE records SET seq = seq + 100 WHERE seq = 2", 2),
    ],
)
def test_a_change_of_the_file_is_found(tmp_path: Path, change: str, named: int) -> None:
    path = tmp_path / "audit.sqlite"
    log = opened(path)
    for _ in range(9):
        log.record(entry())
    log.close()
    with closing(sqlite3.connect(path)) as other, other:
        other.execute(change)
    with pytest.raises(Broken) as caught:
        whole(path)
    assert caught.value.seq == named


def test_what_is_no_audit_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "audit.sqlite"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE mine (x)")
    with pytest.raises(Failure, match="no audit that this version can write"):
        opened(path)
    with pytest.raises(Failure, match="no audit yet"):
        database.open_to_read(tmp_path / "nothing")
    (tmp_path / "text").write_text("hello, hello, hello, hello")
    with pytest.raises(Failure, match="cannot be kept"):
        opened(tmp_path / "text")


def test_it_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("claude_remote_broker.audit.reading.MOST_BYTES", 1500)
    path = tmp_path / "audit.sqlite"
    log = opened(path)
    for _ in range(9):
        log.record(entry())
    log.close()
    answers: list[Event] = []
    reader = AuditReader(path, answers.append)
    after, lines = 0, b""
    for ticket in range(20):
        reader.look(LookAtAudit(ticket, after))
        until(lambda: len(answers) > ticket)  # noqa: B023  called before the next round
        answer = answers[ticket]
        assert isinstance(answer, AuditRead)
        lines += answer.lines
        after = answer.last
        if not answer.more:
            break
    reader.look(LookAtAudit(99, 3, most=1))
    reader.close()
    assert (after, lines.count(b"\n")) == (10, 10)
    last = answers[-1]
    assert isinstance(last, AuditRead)
    assert (last.lines.count(b"\n"), last.last) == (1, 4)
