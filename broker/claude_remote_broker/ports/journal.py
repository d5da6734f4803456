"""The journal: transactions, logs that are read back, and how it fares."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from claude_remote import messages
from claude_remote_broker.ports.base import Command, Event, Ticket


class Transaction(Struct, frozen=True):
    """All of it is stored, or nothing. `operations` are of claude_remote_broker.journal."""

    ticket: Ticket
    operations: tuple[Any, ...]


class Store(Command, frozen=True):
    """What one turn of the core wants on disk: each transaction by itself, in this order.

    Each ticket is named by one Stored or one StoreFailed, and one that fails is no matter of the others.
    """

    transactions: tuple[Transaction, ...]


class Stored(Event, frozen=True):
    """These are on disk."""

    tickets: tuple[Ticket, ...]


class StoreFailed(Event, frozen=True):
    """This one is not on disk, and nothing of it is."""

    ticket: Ticket
    reason: str


class Load(Command, frozen=True):
    """Read a session's log after `after`, up to `limit` bytes but at least one row. Loaded.

    A row of one line that is longer than `limit` comes in pieces: at most `limit` bytes of it, from `offset`
    on, alone, with `more` set while it goes on. `offset` says how much is known of the row after `after`.
    """

    ticket: Ticket
    session: str
    after: int
    limit: int
    offset: int = 0


class Row(Struct, frozen=True):
    """One batch of a session's log as it is stored."""

    first: int
    count: int
    source: messages.Source
    at: float
    lines: bytes
    more: bool = False  # a piece of a long row, and not its last


class Loaded(Event, frozen=True):
    """Rows in their order; none when there is nothing after the cursor."""

    ticket: Ticket
    rows: tuple[Row, ...]


class FindPrompt(Command, frozen=True):
    """Find a prompt by its id, however long ago it was. Found."""

    ticket: Ticket
    prompt: str


class FindApproval(Command, frozen=True):
    """Find an approval by its id or a beginning that only one has, however long ago it was. Found."""

    ticket: Ticket
    approval: str


class Found(Event, frozen=True):
    """The PromptRow or ApprovalRow of claude_remote_broker.journal, or None when there is none."""

    ticket: Ticket
    row: Any = None


class Measure(Command, frozen=True):
    """How large the journal is, and how it fares. Measured."""

    ticket: Ticket


class JournalFigures(Struct, frozen=True, kw_only=True):
    """Bytes and seconds; a commit of 0 seconds never was."""

    used: int  # by what is in it
    free: int  # of its file, to be used again or given back
    log: int  # of its write-ahead log
    room: int  # that the disk has left for this user
    commit: float  # how long the last transaction took
    commit_at: float  # when that was
    worst_commit: float | None  # of the last minute
    failing: str  # why the last transaction failed; empty when it did not
    sweeping: bool  # what was trimmed is still being removed


class Measured(Event, frozen=True):
    """None: it could not be measured."""

    ticket: Ticket
    figures: JournalFigures | None = None
