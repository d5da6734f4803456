"""ListWorkers and ScaleWorkers: what each worker does and takes, who waits, and how many there may be."""

from __future__ import annotations

from collections.abc import Iterator

from claude_remote import codec
from claude_remote import messages as m
from claude_remote.errors import BadMessage, StorageFailed
from claude_remote.scale import Scale
from claude_remote_broker.core.client import Cancellable, Client
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.lease import Lease
from claude_remote_broker.core.pool import is_leaving
from claude_remote_broker.core.session import Session
from claude_remote_broker.journal import PutScale
from claude_remote_broker.scale import Scaled

_ROOM = 48 * 1024  # of the header's 64 KiB
_STATES: dict[m.SessionState, m.WorkerState] = {
    m.SessionState.STARTING: "starting",
    m.SessionState.IDLE: "idle",
    m.SessionState.WORKING: "working",
    m.SessionState.WAITING: "waiting",
    m.SessionState.LOST: "lost",
}


class Counting(Cancellable):
    """Scales first if that is asked for; then has the processes looked at, then tells."""

    def __init__(self, context: Context, client: Client, request: m.ListWorkers | m.ScaleWorkers) -> None:
        super().__init__(context, client)
        self._request = request

    def begin(self) -> None:
        """Raises BadMessage."""
        if isinstance(self._request, m.ListWorkers):
            self._weigh()
            return
        scale = Scale(self._request.least, self._request.most)
        if scale.least > scale.most:
            raise BadMessage("MIN is not above MAX.")
        # Stored first: what was answered holds, whatever happens to this server.
        words = str(Scaled(scale, self.context.pool.started_with))
        self.context.effects.store([PutScale(words)], lambda failure: self._stored(scale, failure))

    def _stored(self, scale: Scale, failure: str | None) -> None:
        if failure is None:
            self.context.pool.rescale(scale)
            least, most = str(scale.least), str(scale.most)
            self.context.record("workers-scaled", self.client.peer, least=least, most=most)
            self._weigh()
        else:
            self.end(StorageFailed(f"The server cannot write its journal: {failure}"))

    def _weigh(self) -> None:
        pids = {
            pid for lease in self.context.workers.leases for pid in (lease.pid, self._claude(lease)) if pid
        }
        self.context.effects.weigh(tuple(sorted(pids)), self._tell)

    def _claude(self, lease: Lease) -> int:
        session = self.context.sessions.get(lease.session)
        if session is None:
            return 0
        return self.context.warm.claude_of(session) if session.warm else session.row.claude_pid

    def _tell(self, memory: dict[int, int]) -> None:
        if self.over:
            return
        pool = self.context.pool
        workers = [self._worker(lease, memory) for lease in self.context.workers.leases]
        line = [_in_line(session) for session in pool.line]
        for some, waiting in _pages(workers, line):
            told = m.Workers(
                least=pool.scale.least,
                most=pool.scale.most,
                counted=pool.counted,
                idle=pool.idle,
                warm=self.context.warm.number,
                workers=tuple(some),
                line=tuple(waiting),
            )
            self.client.send(told)
        self.end()

    def _worker(self, lease: Lease, memory: dict[int, int]) -> m.WorkerInfo:
        session = self.context.sessions.get(lease.session)
        claude = self._claude(lease)
        state, since = self._state(lease, session)
        seen = None if session is None or session.warm else session
        return m.WorkerInfo(
            worker=lease.worker,
            state=state,
            since=max(since, 0.0),
            pid=lease.pid,
            memory=memory.get(lease.pid, 0),
            claude=claude,
            claude_memory=memory.get(claude, 0),
            session=None if seen is None else seen.id,
            name="" if seen is None else seen.row.name,
            client="" if seen is None else seen.prompting,
            background=0 if seen is None else seen.row.background,
        )

    def _state(self, lease: Lease, session: Session | None) -> tuple[m.WorkerState, float]:
        """What it does, and since when."""
        if session is None or is_leaving(lease):
            return "ending", lease.since
        if session.warm:
            return "warm" if self.context.warm.is_ready(session) else "warming", lease.since
        opened = [row.since for row in session.approvals.values() if row.state == "open"]
        since: dict[m.WorkerState, float] = {
            "idle": lease.idle_since,
            "working": lease.doing_since,
            "waiting": min(opened, default=lease.since),
            "lost": lease.heard,
        }
        state = _STATES.get(session.state, "starting")
        return state, since.get(state, lease.since)


def _in_line(session: Session) -> m.InLine:
    first = next(session.queued, None)
    return m.InLine(
        session=session.id,
        name=session.row.name,
        client="" if first is None else first.client_name,
        since=0.0 if first is None else first.at,
    )


def _pages(
    workers: list[m.WorkerInfo], line: list[m.InLine]
) -> Iterator[tuple[list[m.WorkerInfo], list[m.InLine]]]:
    """At least one; each fits a message."""
    some: list[m.WorkerInfo] = []
    waiting: list[m.InLine] = []
    size = 0
    for item in (*workers, *line):
        length = len(codec.pack(item))
        if size and size + length > _ROOM:
            yield some, waiting
            some, waiting, size = [], [], 0
        size += length
        if isinstance(item, m.WorkerInfo):
            some.append(item)
        elif isinstance(item, m.InLine):
            waiting.append(item)
    yield some, waiting
