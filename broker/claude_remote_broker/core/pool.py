"""How many workers there may be, who waits for one, and who makes room."""

from __future__ import annotations

from claude_remote_broker.core.context import Context
from claude_remote_broker.core.lease import Lease, Phase
from claude_remote_broker.core.session import Session


class Pool:
    """`size` workers; those whose session waits for an approval do not count, up to a bound of their own."""

    def __init__(self, context: Context, size: int) -> None:
        self._context = context
        self.size = size
        self._line: dict[str, Session] = {}  # who waits, in order
        self._changed = False
        self._look = False

    @property
    def waiting(self) -> int:
        """How many sessions wait for a worker."""
        return len(self._line)

    def place(self, session: Session) -> int | None:
        """How many sessions wait before this one; None if it does not wait."""
        for place, waiting in enumerate(self._line):
            if waiting == session.id:
                return place
        return None

    def enter(self, session: Session) -> bool:
        """Ask for a worker. True: it may be started now; False: the session waits in line."""
        place = self.place(session)
        before = len(self._line) if place is None else place
        if before < self._free():
            self.leave(session)
            return True
        if place is None:
            self._line[session.id] = session
            self._changed = True
        self._look = True
        return False

    def leave(self, session: Session) -> None:
        """It needs no worker any more, or has one."""
        if self._line.pop(session.id, None) is not None:
            self._changed = self._look = True

    def look_again(self) -> None:
        """Something happened after which there may be room."""
        self._look = self._look or bool(self._line)

    def advance(self) -> None:
        """Start what can be started, make room for the rest, tell who waits. At the end of each event."""
        while self._look:
            self._look = False
            free = self._free()
            for session in [*self._line.values()][: max(free, 0)]:
                session.ledger.kick()
            self._make_room()
        if self._changed:
            self._changed = False
            for session in [*self._line.values()]:
                for follower in [*session.followers.values()]:
                    follower.tell()

    def _free(self) -> int:
        leases = self._context.workers.leases
        counted = sum(1 for lease in leases if not self._waits(lease))
        bound = self.size + self._context.limits.waiting_workers
        return min(self.size - counted, bound - len(leases))

    def _waits(self, lease: Lease) -> bool:
        session = self._context.sessions.get(lease.session)
        return session is not None and session.lease is lease and session.asks > 0

    def _make_room(self) -> None:
        """Park as many of the longest idle as there are waiting."""
        wanted = len(self._line)
        if not wanted:
            return
        idle: list[tuple[float, Session]] = []
        for lease in self._context.workers.leases:
            session = self._context.sessions.get(lease.session)
            if lease.phase is Phase.LEAVING or lease.killed:
                wanted -= 1
            elif session is not None and session.lease is lease and lease.usable and session.idle:
                idle.append((lease.idle_since, session))
        idle.sort(key=lambda pair: pair[0])
        for _, session in idle[: max(wanted, 0)]:
            self._context.workers.release(session, "park")
