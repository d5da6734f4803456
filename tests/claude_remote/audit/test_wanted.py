from __future__ import annotations

import time
from datetime import datetime

import pytest

from claude_remote.audit import AuditRecord, Wanted, since

LAPTOP = "SHA256:" + "L" * 43
RECORD = AuditRecord(
    seq=1,
    at="2026-01-31T12:00:00.000000Z",
    kind="client-approved",
    client=LAPTOP,
    name="laptop",
    address="10.0.0.1",
    session="0000abcd",
    session_name="fix-tests",
    outcome="done",
    detail={"of": "SHA256:" + "P" * 43, "of_name": "phone"},
    prev="",
)


@pytest.mark.parametrize("which", ["laptop", LAPTOP, "LLLLLLL", "phone", "SHA256:PPPPPP"])
def test_by_client(which: str) -> None:
    assert Wanted(client=which).takes(RECORD)


@pytest.mark.parametrize("session", ["", "fix-tests", "0000abcd", "0000"])
def test_by_session(session: str) -> None:
    assert Wanted(session=session).takes(RECORD)


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(client="lap"),
        Wanted(client="LLL"),
        Wanted(session="fix"),
        Wanted(since="2026-01-31T12:00:00.000001Z"),
        Wanted(client="laptop", session="other"),
    ],
)
def test_others_are_not_taken(wanted: Wanted) -> None:
    assert not wanted.takes(RECORD)


def test_since() -> None:
    assert abs(since("2d") - (time.time() - 2 * 86400)) < 60
    assert since("2026-01-31 10:00") == datetime(2026, 1, 31, 10).astimezone().timestamp()
    assert since("2026-01-31T10:00:00+00:00") == 1769853600.0
    for wrong in ("", "yesterday", "2x", "2026-13-01"):
        with pytest.raises(ValueError, match="neither"):
            since(wrong)
