"""The audit and the notices: what is recorded for good, and what people are told who do not look."""

from __future__ import annotations

from claude_remote.audit import Wanted
from claude_remote_broker.audit.entry import Entry
from claude_remote_broker.notices.notice import Notice
from claude_remote_broker.ports.base import Command, Event, Ticket


class Record(Command, frozen=True):
    """Add this to the audit's chain. Nothing waits for it; see Context.record."""

    entry: Entry


class Notify(Command, frozen=True):
    """Tell people who do not look. Nothing waits for it."""

    notice: Notice


class AuditGrown(Event, frozen=True):
    """There are records that were not there before."""

    last: int


class LookAtAudit(Command, frozen=True):
    """Read the audit after record `after`: at most `most` records that are `wanted`. AuditRead."""

    ticket: Ticket
    after: int
    wanted: Wanted = Wanted()
    most: int = 1_000_000


class AuditRead(Event, frozen=True):
    """Records as `audit export` writes them; `last`: as far as was looked. Or why it could not be read."""

    ticket: Ticket
    lines: bytes = b""
    last: int = 0
    more: bool = False  # perhaps
    failure: str = ""
