"""A lease as it lives: which worker owns a session, how it is reached, and what it has been told."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Literal

from claude_remote import bus


class Phase(Enum):
    """Where a lease is in its life."""

    STARTING = auto()  # its worker is being launched
    AWAITED = auto()  # of the broker before: its worker has not spoken to this one yet
    LIVE = auto()  # its worker has said Ready
    LEAVING = auto()  # its claude has ended, or was told to: it gets nothing more to do


@dataclass
class Lease:
    """Not stored; made from the session's LeaseRow, and brought up to date by what the worker says."""

    session: str
    epoch: int
    worker: str
    token_hash: str
    phase: Phase
    since: float  # of this phase
    heard: float
    route: bytes | None = None
    pid: int = 0
    launched: bool = False
    silent: bool = False
    killed: bool = False
    complete: bool = False  # its worker has handed over everything that its claude has done
    end_reason: str = ""  # why it will have ended
    release: Literal["park", "now"] | None = None
    release_reason: str = ""
    idle_since: float = 0.0
    doing: str | None = None  # what its session was doing when it was looked at last
    doing_since: float = 0.0
    beat: bus.Beat | None = None  # its last one
    beat_at: float = 0.0
    round_trip: float | None = None
    given: set[str] = field(default_factory=set)  # prompts that this worker has been given
    decided: set[str] = field(default_factory=set)  # approvals whose decision it has been given
    stop: str | None = None  # the prompt whose turn it shall stop; "" is whatever runs
    stop_of: tuple[str | None, int] = (None, 0)  # what ran then, and how many turns were before it
    unacknowledged: int = 0  # bytes that are stored, and its worker does not know it yet
    unacknowledged_batches: int = 0  # likewise
    acknowledged_at: float = 0.0
    refused_at: int = -1  # the tail at which a batch beyond it was refused last

    def __post_init__(self) -> None:
        self.idle_since = self.doing_since = self.since

    @property
    def usable(self) -> bool:
        """Its worker can be told something, and will do it."""
        return self.phase is Phase.LIVE and self.route is not None and not self.killed

    def beaten(self, beat: bus.Beat, now: float) -> None:
        """A beat has come."""
        self.beat, self.beat_at = beat, now
        if beat.echo:
            self.round_trip = max(now - beat.echo - beat.held, 0.0)

    def note(self, doing: str | None, now: float) -> None:
        """Keep since when its session does what it does."""
        if doing != self.doing:
            self.doing, self.doing_since = doing, now

    def release_verb(self, how: Literal["park", "now"]) -> bus.Release:
        """What its worker is told when it is released."""
        return bus.Release(session=self.session, epoch=self.epoch, how=how, reason=self.release_reason)

    def enter(self, phase: Phase, now: float) -> None:
        """Go on to another phase."""
        self.phase = phase
        self.since = now
