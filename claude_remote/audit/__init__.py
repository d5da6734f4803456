"""The audit's records and their chain: what both sides know of it. See docs/protocol.md."""

from claude_remote.audit.chain import (
    BEGINNING,
    AuditRecord,
    Link,
    canonical,
    digest,
    join,
    split,
)
from claude_remote.audit.verifying import Broken, Verified, verify
from claude_remote.audit.wanted import Wanted, since

__all__ = [
    "BEGINNING",
    "AuditRecord",
    "Broken",
    "Link",
    "Verified",
    "Wanted",
    "canonical",
    "digest",
    "join",
    "since",
    "split",
    "verify",
]
