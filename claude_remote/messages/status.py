"""How every hop fares, from the door to claude: measured, never assumed. What was not measured is None.

Times are seconds; "ago" is the time since then on the server's clock.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta

from claude_remote.messages.base import Count, Line, Message, Record, Uuid, Word
from claude_remote.messages.sessions import SessionState

Ago: TypeAlias = Annotated[float, Meta(ge=0, le=1e11)]


class ShowStatus(Message, frozen=True, kw_only=True, tag="show-status"):
    """Answered by Status, any number of SessionVitals (of what this client may see), and Done.

    `session`: that one alone; else those that run, wait, or are read.
    """

    session: Line | None = None


class JournalStatus(Record, frozen=True, kw_only=True, omit_defaults=True):
    """The journal. Sizes in bytes; a limit of 0 is none. `failing` says why nothing can be stored."""

    used: Count
    free: Count  # of its file: used again, or given back
    log: Count  # of its write-ahead log
    room: Count  # that the disk has left
    keep_size: Count
    keep_days: Ago
    commit: Ago | None = None  # how long the last transaction took
    commit_ago: Ago | None = None
    worst_commit: Ago | None = None  # of the last minute
    failing: Line = ""
    trimming: bool = False  # room of trimmed sessions is still being given back


class Status(Message, frozen=True, kw_only=True, tag="status"):
    """The server as a whole. What is counted of sessions is what this client may see."""

    host: Line
    version: Word
    pid: Count
    uptime: Ago
    memory: Count | None = None  # resident, bytes
    connections: Count
    lag: Ago | None = None  # of the loop, when it was measured last
    worst_lag: Ago | None = None  # of the last minute
    turn: Ago | None = None  # the loop's longest of the last minute with something large in it
    turn_work: Ago | None = None  # how much of one was its own work
    launcher: Count = 0  # the pid of what starts workers; 0: there is none just now
    workers: Count
    workers_most: Count
    waiting: Count  # sessions that wait for a worker
    sessions: Count
    prompts: Count  # that wait or run
    approvals: Count  # that are open
    journal: JournalStatus | None = None
    # A shutdown to come; with the audit, with notices.
    problems: Annotated[tuple[Line, ...], Meta(max_length=64)] = ()


class SessionVitals(Record, frozen=True, kw_only=True, omit_defaults=True):
    """The hops behind the broker, for one session."""

    id: Uuid
    name: Line
    state: SessionState
    running: Line = ""  # whose prompt runs
    queued: Count = 0
    approvals: Count = 0
    tail: Count = 0  # of its log
    worker: Word = ""
    pid: Count = 0  # of the worker
    worker_ago: Ago | None = None  # when it was heard last
    beat: Ago | None = None  # the round trip of its last beat
    claude: Count = 0  # its pid
    claude_ago: Ago | None = None  # when it wrote something last
    unacknowledged: Count | None = None  # bytes that the worker keeps until they are stored
    unstored: Count = 0  # bytes that the broker has, and that are not yet on disk
    readers: Count = 0
    behind: Count = 0  # events that the slowest of them lacks


class Vitals(Message, frozen=True, kw_only=True, tag="vitals"):
    """Some of the sessions."""

    sessions: tuple[SessionVitals, ...]
