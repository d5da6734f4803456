"""The launcher: workers as processes, and the memory that processes have."""

from __future__ import annotations

from claude_remote_broker.ports.base import Command, Event, Ticket


class Launch(Command, frozen=True):
    """Start a worker process. WorkerLaunched or LaunchFailed. `session` and `epoch`: of its lease."""

    worker: str
    token: str
    session: str = ""
    epoch: int = 0
    errand: bool = False  # one for an errand, which has no lease


class WorkerLaunched(Event, frozen=True):
    """The process runs. Also told of every worker that a new broker finds alive."""

    worker: str
    pid: int
    started: float


class LaunchFailed(Event, frozen=True):
    """The process could not be started."""

    worker: str
    reason: str


class Kill(Command, frozen=True):
    """Kill a worker and its tree. WorkerExited when all of it is seen gone."""

    worker: str


class WorkerExited(Event, frozen=True):
    """The worker and its tree are gone: proven, not assumed. Its lease may now be given to another."""

    worker: str


class WorkersKnown(Event, frozen=True):
    """Every worker that lives has been told of by WorkerLaunched; there are no others.

    Sent when the launcher has reached its zygote: at the broker's start, and again after a new zygote.
    """


class Weigh(Command, frozen=True):
    """Look how much memory processes have for themselves alone. Weighed."""

    ticket: Ticket
    pids: tuple[int, ...]


class Weighed(Event, frozen=True):
    """Bytes, by pid; a process that is gone, or somebody else's, is left out."""

    ticket: Ticket
    memory: dict[int, int]
