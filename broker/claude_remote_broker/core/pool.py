"""How many workers there may be, who waits for one, who makes room, and who is parked."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from claude_remote.scale import Scale
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.lease import Lease, Phase
from claude_remote_broker.core.session import Session


class Pool:
    """At most `scale.most` workers; those whose session waits for an approval do not count, up to a bound of
    their own. What is idle for `idle` seconds (0: for ever) is parked, but for `scale.least` of them.
    """

    def __init__(self, context: Context, scale: Scale, idle: float = 0.0, started_with: str = "") -> None:
        self._context = context
        self.scale = scale
        self.idle = idle
        self.started_with = started_with  # what said how many, when the server was started
        self._prompted: dict[str, Session] = {}  # who waits, in order
        self._opened: dict[str, Session] = {}  # behind them: who waits, and has nothing to do yet
        self._changed = False
        self._look = False

    @property
    def waiting(self) -> int:
        """How many sessions wait for a worker."""
        return self._length

    @property
    def line(self) -> list[Session]:
        """Who waits, in order."""
        return [*self._prompted.values(), *self._opened.values()]

    @property
    def counted(self) -> int:
        """How many workers there are, less those that wait for an approval."""
        return sum(1 for lease in self._context.workers.leases if not self._waits(lease))

    @property
    def room(self) -> int:
        """How many workers may be started now, and nobody waits for them."""
        return self._free() - self._length

    def rescale(self, scale: Scale) -> None:
        """From now on so many. What runs is not interrupted: what is above the number is parked when idle."""
        self.scale = scale
        self._look = True

    def place(self, session: Session) -> int | None:
        """How many sessions wait before this one; None if it does not wait."""
        for place, waiting in enumerate(chain(self._prompted, self._opened)):
            if waiting == session.id:
                return place
        return None

    def enter(self, session: Session, *, prompted: bool) -> bool:
        """Ask for a worker. True: it may be started now; False: the session waits in line.

        A session that was opened and has no prompt yet stands behind those that have one.
        """
        if session.id not in self._prompted:
            if prompted:
                self._opened.pop(session.id, None)
            line = self._prompted if prompted else self._opened
            if session.id not in line:
                line[session.id] = session
                self._changed = True
        if (self.place(session) or 0) < self._free():
            self.leave(session)
            return True
        self._look = True
        return False

    def leave(self, session: Session) -> None:
        """It needs no worker any more, or has one."""
        prompted, opened = self._prompted.pop(session.id, None), self._opened.pop(session.id, None)
        if prompted is not None or opened is not None:
            self._changed = self._look = True

    def look_again(self) -> None:
        """Something happened after which there may be room. (Too many are seen at the next tick.)"""
        self._look = self._look or self._length > 0

    def tick(self) -> None:
        """Park what has been idle for long, the longest idle first."""
        self._look = True
        if not self.idle:
            return
        spare = sum(1 for _ in self._kept()) - self.scale.least
        for lease, session in self._idle():
            if session.row.starting:
                continue  # its time begins when it is ready
            if spare <= 0 or self._context.now - lease.idle_since < self.idle:
                return
            self._context.workers.release(session, "park")
            spare -= 1

    def advance(self) -> None:
        """Start what can be started, make room for the rest, tell who waits. At the end of each event."""
        while self._look:
            self._look = False
            free = self._free()
            for session in self.line[: max(free, 0)]:
                session.ledger.kick()
            self._make_room()
        if self._changed:
            self._changed = False
            for session in self.line:
                for follower in [*session.followers.values()]:
                    follower.tell()

    @property
    def _length(self) -> int:
        return len(self._prompted) + len(self._opened)

    def _free(self) -> int:
        bound = self.scale.most + self._context.limits.waiting_workers
        return min(self.scale.most - self.counted, bound - len(self._context.workers.leases))

    def _waits(self, lease: Lease) -> bool:
        session = self._context.sessions.get(lease.session)
        return session is not None and session.lease is lease and session.asks > 0

    def _make_room(self) -> None:
        """End as many as there are waiting or too many: the warm ones, then the longest idle."""
        wanted = self._length - self._free()
        if wanted <= 0:
            return
        wanted -= sum(1 for lease in self._context.workers.leases if is_leaving(lease))
        wanted -= self._context.warm.make_room(wanted)
        for _, session in self._idle()[: max(wanted, 0)]:
            self._context.workers.release(session, "park")

    def _kept(self) -> Iterator[tuple[Lease, Session]]:
        """The claudes of sessions that nobody has told to end."""
        for lease in self._context.workers.leases:
            session = self._context.sessions.get(lease.session)
            if session is not None and session.lease is lease and not session.warm and not is_leaving(lease):
                yield lease, session

    def _idle(self) -> list[tuple[Lease, Session]]:
        """Those that can be parked, the longest idle first."""
        found = [pair for pair in self._kept() if pair[0].usable and pair[1].parkable]
        return sorted(found, key=lambda pair: pair[0].idle_since)


def is_leaving(lease: Lease) -> bool:
    """Its claude will have ended soon."""
    return lease.phase is Phase.LEAVING or lease.killed or lease.release is not None
