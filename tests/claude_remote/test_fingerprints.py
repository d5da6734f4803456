from __future__ import annotations

import base64
import hashlib

from hypothesis import given
from hypothesis import strategies as st

from claude_remote import fingerprints


def test_is_written_as_ssh_writes_it() -> None:
    digest = base64.b64encode(hashlib.sha256(b"x").digest()).decode().rstrip("=")
    assert fingerprints.of(b"x") == f"SHA256:{digest}"


@given(st.binary(), st.integers(6, 43))
def test_a_beginning_matches_with_and_without_the_prefix(der: bytes, length: int) -> None:
    full = fingerprints.of(der)
    body = full.removeprefix("SHA256:")
    assert fingerprints.matches(full, full)
    assert fingerprints.matches(full, body + "=")
    assert fingerprints.matches(full, body[:length])
    assert fingerprints.matches(full, f"SHA256:{body[:length]}")


def test_short_or_other_beginnings_match_nothing() -> None:
    full = fingerprints.of(b"x")
    body = full.removeprefix("SHA256:")
    for beginning in (
        "",
        "SHA256:",
        body[:5],
        "SHA256:" + body[:5],
        body[1:10],
        body + "A",
        "sha256:" + body,
    ):
        assert not fingerprints.matches(full, beginning)
