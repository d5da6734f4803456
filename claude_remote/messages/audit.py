"""The audit: its head, reading it, and whether what was seen is still in it."""

from __future__ import annotations

from claude_remote.messages.base import AuditHead, Count, Line, Message, Time


class ReadAudit(Message, frozen=True, kw_only=True, tag="read-audit"):
    """Read the audit after record `after`. Answered by AuditRecords; with `follow` for ever.

    `client` and `session`: only what they did or what concerns them; see claude_remote.audit.Wanted.
    """

    after: Count = 0
    since: Time = 0.0
    client: Line = ""
    session: Line = ""
    follow: bool = False


class AuditRecords(Message, frozen=True, kw_only=True, tag="audit-records"):
    """Payload: records as `audit export` writes them, a line each. `last`: as far as was looked."""

    last: Count


class CheckAudit(Message, frozen=True, kw_only=True, tag="check-audit"):
    """Which hash has this record now? Answered by AuditSeen."""

    seq: Count


class AuditSeen(Message, frozen=True, kw_only=True, tag="audit-seen"):
    """The record as it is now; None: there is none."""

    head: AuditHead | None = None
