"""The pool of a server: its workers, who waits for one, and how many there may be (right: admin)."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from claude_remote.messages.base import Count, Line, Message, Record, Time, Uuid, Word

MOST_WORKERS = 1024
Size = Annotated[int, Meta(ge=0, le=MOST_WORKERS)]
# warming, warm: its claude is kept for the next new session; ending: it is being parked or closed.
WorkerState = Literal["starting", "idle", "working", "waiting", "lost", "ending", "warming", "warm"]


class WorkerInfo(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A worker and its claude. Memory: bytes that are theirs alone; 0 where it could not be looked at."""

    worker: Word
    state: WorkerState
    since: Time  # in this state
    pid: Count = 0
    memory: Count = 0
    claude: Count = 0  # its pid
    claude_memory: Count = 0
    session: Uuid | None = None
    name: Line = ""  # of the session
    client: Line = ""  # whose prompt runs
    background: Count = 0  # claude's tasks in the background


class InLine(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A session that waits for a worker."""

    session: Uuid
    name: Line
    client: Line = ""  # whose prompt waits; without one somebody opened the session
    since: Time = 0.0


class ListWorkers(Message, frozen=True, kw_only=True, tag="list-workers"):
    """Answered by any number of Workers."""


class ScaleWorkers(Message, frozen=True, kw_only=True, tag="scale-workers"):
    """From now on at most `most` claudes at once, and `least` of the idle ones are kept. Answered by Workers.

    It holds until somebody says otherwise, also when the server is started again.
    """

    least: Size
    most: Annotated[int, Meta(ge=1, le=MOST_WORKERS)]


class Workers(Message, frozen=True, kw_only=True, tag="workers", omit_defaults=True):
    """Some of the workers, and of the line; the numbers are the same in each."""

    least: Count
    most: Count
    counted: Count  # workers that count towards `most`: those that wait for an approval do not
    idle: Time = 0.0  # seconds after which idle claudes are parked; 0: never
    warm: Count = 0  # claudes that are kept for new sessions
    workers: tuple[WorkerInfo, ...] = ()
    line: tuple[InLine, ...] = ()  # in its order
