"""The chain: its bytes, and that no change of it stays unseen."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from claude_remote.audit import (
    BEGINNING,
    AuditRecord,
    Broken,
    Link,
    canonical,
    digest,
    join,
    split,
    verify,
)
from claude_remote.audit.chain import decode

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
Pair = tuple[str, bytes]


@st.composite
def chains(draw: st.DrawFn, smallest: int = 1) -> list[Pair]:
    """Any log of up to eight records."""
    chain: list[Pair] = []
    before = BEGINNING
    for seq in range(1, draw(st.integers(smallest, 8)) + 1):
        body = canonical(
            AuditRecord(
                seq=seq,
                at=draw(st.sampled_from(["2026-01-31T23:59:59.000001Z", "2026-02-01T00:00:00.000000Z"])),
                kind=draw(st.sampled_from(["prompt", "decision"])),
                client=draw(_TEXT),
                name=draw(_TEXT),
                address="",
                session=draw(_TEXT),
                session_name="",
                outcome="done",
                detail=draw(st.dictionaries(_TEXT, _TEXT, max_size=3)),
                prev=before,
            )
        )
        before = digest(body)
        chain.append((before, body))
    return chain


def head(chain: list[Pair]) -> Link:
    return Link(len(chain), chain[-1][0])


def broken(chain: list[Pair], *witnesses: Link) -> int:
    with pytest.raises(Broken) as caught:
        verify(chain, witnesses)
    return caught.value.seq


@given(chains())
def test_a_chain_is_whole_and_others_can_see_that(chain: list[Pair]) -> None:
    assert verify(chain, [head(chain)]).head == head(chain)
    # As the document says it, without this program.
    before = "0" * 64
    for line in [join(*pair) for pair in chain]:
        told = json.loads(line)
        text = json.dumps(told["record"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(text.encode()).hexdigest() == told["hash"]
        assert told["record"]["prev"] == before
        before = told["hash"]
    assert [split(join(*pair)) for pair in chain] == chain


@given(chains(), st.data())
def test_every_changed_byte_is_found_and_named(chain: list[Pair], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(chain) - 1))
    hash_, body = chain[place]
    at = data.draw(st.integers(0, len(body) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != body[at]))
    changed = body[:at] + bytes([byte]) + body[at + 1 :]
    assert broken([*chain[:place], (hash_, changed), *chain[place + 1 :]]) == place + 1


@given(chains(), st.data(), _TEXT)
def test_a_record_that_was_changed_with_its_hash_is_found(
    chain: list[Pair], data: st.DataObject, name: str
) -> None:
    place = data.draw(st.integers(0, len(chain) - 1))
    record = decode(chain[place][1])
    body = canonical(replace(record, name=name + record.name + "!"))
    forged = [*chain[:place], (digest(body), body), *chain[place + 1 :]]
    # By the one after it, or, at the end, by who has seen it.
    assert broken(forged, head(chain)) in {place + 1, place + 2}


@given(chains(), st.data())
def test_a_log_that_was_written_anew_is_found_by_its_witness(chain: list[Pair], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(chain) - 1))
    seen = data.draw(st.integers(place, len(chain) - 1))
    forged, before = chain[:place], BEGINNING if place == 0 else chain[place - 1][0]
    for _, body in chain[place:]:
        anew = canonical(replace(decode(body), outcome="other", prev=before))
        before = digest(anew)
        forged.append((before, anew))
    assert verify(forged).count == len(chain)  # it looks whole
    assert broken(forged, Link(seen + 1, chain[seen][0])) == seen + 1


@given(chains(), st.data())
def test_every_removed_record_is_found_and_named(chain: list[Pair], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(chain) - 1))
    after = data.draw(st.integers(first + 1, len(chain)))
    assert broken([*chain[:first], *chain[after:]], head(chain)) == first + 1


@given(chains(2), st.data())
def test_every_exchange_of_two_records_is_found(chain: list[Pair], data: st.DataObject) -> None:
    one, other = sorted(
        data.draw(st.lists(st.integers(0, len(chain) - 1), min_size=2, max_size=2, unique=True))
    )
    moved = [*chain]
    moved[one], moved[other] = chain[other], chain[one]
    assert broken(moved) == one + 1


@given(chains(), st.data())
def test_every_record_that_was_put_in_is_found(chain: list[Pair], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(chain) - 1))
    assert broken([*chain[: place + 1], chain[place], *chain[place + 1 :]]) == place + 2


def test_an_empty_chain_is_whole_unless_somebody_has_seen_more() -> None:
    assert verify([]).head is None
    assert broken([], Link(3, "a" * 64)) == 1


@pytest.mark.parametrize("line", [b"", b"{}\n", b'{"hash":"x","record":{}}\n', join("a" * 64, b"{}")[:-2]])
def test_what_is_no_export(line: bytes) -> None:
    with pytest.raises(ValueError, match="no record"):
        split(line)
