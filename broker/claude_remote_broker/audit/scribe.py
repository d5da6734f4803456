"""How an entry becomes a record: in words, as long as the settings allow, chained to the one before."""

from __future__ import annotations

from hashlib import sha256

from claude_remote.audit import AuditRecord, Link, canonical, digest
from claude_remote.audit.chain import written
from claude_remote_broker.audit.entry import Entry

TEXT_KEPT = 16 * 1024  # bytes of a text; its hash is of the whole
_LONGEST = 4 * 1024  # of any other word that came from outside
_MOST_DETAILS = 32


class Scribe:
    """With `keep_texts` False, prompts and the like are told by their hash and size alone."""

    def __init__(self, *, keep_texts: bool = True) -> None:
        self._keep_texts = keep_texts

    def write(self, entry: Entry, before: Link) -> tuple[Link, bytes]:
        """The next record after `before`: its place and its bytes."""
        detail = {key: _plain(value) for key, value in [*entry.detail.items()][:_MOST_DETAILS]}
        if entry.text is not None:
            detail["text_sha256"] = sha256(entry.text).hexdigest()
            detail["text_bytes"] = str(len(entry.text))
            if self._keep_texts:
                detail["text"] = entry.text[:TEXT_KEPT].decode("utf-8", "ignore")
        record = AuditRecord(
            seq=before.seq + 1,
            at=written(entry.at),
            kind=entry.kind,
            client=_plain(entry.client),
            name=_plain(entry.name),
            address=_plain(entry.address),
            session=_plain(entry.session),
            session_name=_plain(entry.session_name),
            outcome=_plain(entry.outcome),
            detail=detail,
            prev=before.hash,
        )
        body = canonical(record)
        return Link(record.seq, digest(body)), body


def _plain(text: str) -> str:
    """Short enough, and Unicode."""
    return text[:_LONGEST].encode("utf-8", "replace").decode()
