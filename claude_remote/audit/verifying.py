"""Whether a chain is whole: nothing in it was changed, removed, put in or put elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from claude_remote.audit.chain import BEGINNING, Link, canonical, decode, digest


class Broken(Exception):
    """The chain is not whole. `seq` is the first record that is not what it was."""

    def __init__(self, seq: int, reason: str) -> None:
        super().__init__(f"record {seq} {reason}")
        self.seq = seq


class Verified(Struct, frozen=True):
    """A whole chain: how many records, and its head (None: it is empty)."""

    count: int
    head: Link | None
    began: str
    ended: str


def verify(records: Iterable[tuple[str, bytes]], witnesses: Iterable[Link] = ()) -> Verified:
    """Look at all of a chain: each record's hash and bytes, in the order in which they are kept.

    `witnesses` are heads that somebody saw: they must be in it. Without one a chain that was cut at its
    end, or written anew from some record on, looks whole. Raises Broken.
    """
    seen = {witness.seq: witness.hash for witness in witnesses}
    head: Link | None = None
    began = ended = ""
    for hash_, body in records:
        seq = 1 if head is None else head.seq + 1
        try:
            record = decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Broken(seq, f"cannot be read: {error}") from None
        if record.seq != seq:
            raise Broken(seq, f"is missing: in its place is record {record.seq}")
        if digest(body) != hash_:
            raise Broken(seq, "was changed: its hash is another")
        if canonical(record) != body:
            raise Broken(seq, "was changed: it is not written as records are")
        before = BEGINNING if head is None else head.hash
        if record.prev != before:
            what = (
                "was put in" if head is None else f"does not follow record {seq - 1}: one of them was changed"
            )
            raise Broken(seq, what)
        if seen.pop(seq, hash_) != hash_:
            raise Broken(seq, "is not the one that was seen: the chain was written anew, here or before")
        began, ended = began or record.at, record.at
        head = Link(seq, hash_)
    if seen:
        first = 1 if head is None else head.seq + 1
        raise Broken(first, f"is cut off, with all after it: record {max(seen)} was seen")
    return Verified(0 if head is None else head.seq, head, began, ended)
