"""The audit in words that the server's own command and a client with the right admin share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import DecodeError

from claude_remote.audit import AuditRecord, Link, Verified, split, verify
from claude_remote.audit.chain import decode
from claude_remote.client.witness import WitnessFile
from claude_remote.errors import BadOption

SINCE_HELP = "From then on: 30m, 12h, 2d, or a date with or without a time."
CLIENT_HELP = "What this client did, or what was done about it: a name or a fingerprint."
SESSION_HELP = "What happened in this session: a name or an id."
FOLLOW_HELP = "Go on with what happens from now on."
# Told by those that hold no more than the chain itself.
NO_WITNESS = "nobody here has seen a head of it: that it was not cut at its end, only others can say"

_SHOWN = 160
_HIDDEN = {"text_sha256", "text_bytes", "of", "of_name", "approval", "prompt"}


def lines_of(path: Path) -> Iterator[bytes]:
    """An export, line by line. Raises BadOption when it cannot be read."""
    try:
        with path.open("rb") as file:
            yield from file
    except OSError as error:
        raise BadOption(f"{path} cannot be read: {error.strerror}") from None


def witnesses_of(path: Path, file: WitnessFile) -> list[Link]:
    """What was seen here of the audit whose export this is, by the server that its first record names."""
    try:
        _, body = split(next(lines_of(path), b""))
        seen = file.all().get(decode(body).detail.get("server", ""))
    except (ValueError, DecodeError):
        return []  # what is wrong with it is told when it is verified
    return [] if seen is None else [Link(seen.seq, seen.hash)]


def verified(lines: Iterable[bytes], witnesses: Iterable[Link]) -> Verified:
    """Verify an export. Raises Broken, and BadOption for what is no export."""

    def records() -> Iterator[tuple[str, bytes]]:
        for number, line in enumerate(lines, 1):
            try:
                yield split(line)
            except ValueError as error:
                raise BadOption(f"line {number}: {error}") from None

    return verify(records(), witnesses)


def whole(found: Verified, witnesses: Iterable[Link]) -> str:
    """That the chain is whole, and who says so."""
    seen = [*witnesses]
    if found.head is None:
        return "✓ the audit is empty"
    says = f"record {max(seen).seq}, which was seen here, is among them" if seen else NO_WITNESS
    return (
        f"✓ {found.count} records from {found.began} to {found.ended} are whole; {says}\n  head {found.head}"
    )


def told(line: bytes) -> str:
    """A record on one line for people; not fit for a terminal yet."""
    _, body = split(line)
    return describe(decode(body))


def describe(record: AuditRecord) -> str:
    """Likewise."""
    at = record.at[:19].replace("T", " ")
    who = (record.name or record.client or "the server") + (f" ({record.address})" if record.address else "")
    about = record.detail.get("of_name", "")
    words = [f"{key}={_cut(value)}" for key, value in record.detail.items() if key not in _HIDDEN]
    if "text" not in record.detail and "text_sha256" in record.detail:
        words.append(f"{record.detail['text_bytes']} bytes, sha256 {record.detail['text_sha256'][:12]}…")
    parts = [f"{record.seq}", at, record.kind, who, record.session_name, about, record.outcome, *words]
    return "  ".join(part for part in parts if part)


def _cut(value: str) -> str:
    line = " ".join(value.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
