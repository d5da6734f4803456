"""The workers: which lease each has, by which route it is reached, what the launcher tells of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Literal

from claude_remote import bus
from claude_remote_broker.core import greeting, intake
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.ending import LeaseOver
from claude_remote_broker.core.lease import Lease, Phase
from claude_remote_broker.core.session import Session
from claude_remote_broker.ports import FromWorker, Kill, Launch, ToWorker, WorkerLaunched

# No session is to be looked at again later than so many seconds from now.
LONGEST_PAUSE = 60.0

_log = logging.getLogger(__name__)


class Workers:
    """One worker, one lease. `on_reply` gets what claude answers to Ask."""

    def __init__(self, context: Context, on_reply: Callable[[Session, bus.Reply, bytes], None]) -> None:
        self._context = context
        self._on_reply = on_reply
        self._by_worker: dict[str, Lease] = {}
        self._by_route: dict[bytes, Lease] = {}
        self._again: dict[str, float] = {}  # sessions to be looked at again, and when

    @property
    def leases(self) -> list[Lease]:
        """Every lease whose worker is not proven gone, or is about to be started."""
        return [*self._by_worker.values()]

    def get(self, worker: str) -> Lease | None:
        """The lease of a worker."""
        return self._by_worker.get(worker)

    # --- the life of a lease ---------------------------------------------------------------------------

    def add(self, lease: Lease) -> None:
        """A lease that is about to be stored, or was recovered."""
        self._by_worker[lease.worker] = lease

    def remove(self, lease: Lease) -> None:
        """It could not be stored, or is over."""
        if self._by_worker.get(lease.worker) is lease:
            del self._by_worker[lease.worker]
        self._unbind(lease)
        self._context.pool.look_again()

    def launch(self, lease: Lease, token: str) -> None:
        """The lease is stored: start its worker."""
        session = self._context.sessions.get(lease.session)
        if session is not None:
            session.wanted = False
        lease.since = lease.heard = self._context.now
        if self._context.stopping:
            self.over(lease, "the server is shutting down")
        else:
            self._context.effects.do(Launch(lease.worker, token, lease.session, lease.epoch))

    def bind(self, lease: Lease, route: bytes) -> None:
        """From now on the worker is reached by this route, and by no other."""
        self._unbind(lease)
        lease.route = route
        self._by_route[route] = lease

    def _unbind(self, lease: Lease) -> None:
        if lease.route is not None:
            self._by_route.pop(lease.route, None)
            lease.route = None

    def send(self, lease: Lease, verb: bus.Verb, payload: bytes = b"") -> None:
        """Tell a worker something, if it can be reached."""
        if lease.route is not None:
            self._context.effects.do(ToWorker(lease.route, verb, payload))

    def release(
        self, session: Session, how: Literal["park", "now"], reason: str = "the server is shutting down"
    ) -> None:
        """End a session's claude and its worker, gently. `now` interrupts the turn, for this reason."""
        lease = session.lease
        if lease is None or lease.killed or lease.release in {how, "now"}:
            return
        lease.release, lease.release_reason = how, reason if how == "now" else ""
        if lease.route is None:
            if how == "now":
                self.kill(lease, reason)
            return
        lease.enter(Phase.LEAVING, self._context.now)
        self.send(lease, lease.release_verb(how))
        if session.warm:
            self._context.warm.let_go(session)

    def kill(self, lease: Lease, reason: str) -> None:
        """End a worker and its tree by force. Its lease is over when WorkerExited has come."""
        if not lease.killed:
            _log.warning("killing worker %s of session %s: %s", lease.worker, lease.session, reason)
            lease.killed = True
            lease.end_reason = reason
            self._context.effects.do(Kill(lease.worker))

    def abandon(self, session: Session) -> None:
        """A session that is not stored and will not be. If it was a warm one its worker ends."""
        self._context.sessions.drop(session)
        if session.lease is not None:
            self.kill(session.lease, "its session could not be stored")

    def over(self, lease: Lease, reason: str) -> None:
        """The worker and its tree are proven gone, or were never there."""
        session = self._context.sessions.get(lease.session)
        self.remove(lease)
        self._context.publisher.worker(lease, gone=True)
        if session is not None and session.warm:
            self._context.warm.gone(session, reason)
        elif session is not None:
            session.ledger.submit(LeaseOver(self._context, lease, reason))

    def try_again(self, session: Session, at: float) -> None:
        """Look at a session again at some time, whatever happens until then."""
        self._again[session.id] = at
        self._context.effects.wake(max(at - self._context.now, 0.001))

    def look_again(self) -> None:
        """At each tick."""
        now = self._context.now
        # What lies far ahead was set by a clock that has been set back since.
        due = [session for session, at in self._again.items() if not 0 < at - now <= LONGEST_PAUSE]
        for key in due:
            del self._again[key]
            session = self._context.sessions.get(key)
            if session is not None:
                session.ledger.kick()

    # --- what the launcher tells -----------------------------------------------------------------------

    def launched(self, event: WorkerLaunched) -> None:
        """A process runs. One that has no lease has no business here."""
        lease = self._by_worker.get(event.worker)
        if lease is None:
            self._context.effects.do(Kill(event.worker))
            return
        lease.launched = True
        lease.pid = event.pid
        self._context.publisher.worker(lease)

    def launch_failed(self, worker: str, reason: str) -> None:
        """There is no such process."""
        lease = self._by_worker.get(worker)
        if lease is not None:
            self.over(lease, f"claude's worker could not be started: {reason}")

    def exited(self, worker: str) -> None:
        """The worker and its tree are gone."""
        lease = self._by_worker.get(worker)
        if lease is not None:
            self.over(lease, lease.end_reason or "claude's worker ended unexpectedly")

    def all_known(self) -> None:
        """Of the workers that the journal knows, those that were not told of are not there."""
        for lease in self.leases:
            if lease.phase is Phase.AWAITED and not lease.launched:
                self.kill(lease, "it did not survive the restart of the server")

    # --- what workers say ------------------------------------------------------------------------------

    def heard(self, event: FromWorker) -> None:
        """A verb of a worker."""
        verb = event.verb
        if isinstance(verb, bus.Ready):
            greeting.greet(verb, event.route, self._context)
            return
        lease = self._by_route.get(event.route)
        if lease is None:
            self._context.effects.do(ToWorker(event.route, bus.Who()))
            return
        session = self._context.sessions.get(lease.session)
        if session is None or lease.killed:
            return
        lease.heard = self._context.now
        if lease.silent:
            lease.silent = False
            self._context.publisher.worker(lease)
            session.ledger.kick()
            self._context.pool.look_again()
        match verb:
            case bus.Batch():
                intake.take(verb, event.payload, session, lease, self._context)
            case bus.Beat():
                lease.beaten(verb, self._context.now)
            case bus.Reply():
                self._on_reply(session, verb, event.payload)
            case bus.Seen():
                self._context.peeks.seen(session, verb, event.payload)
            case bus.Gone(epoch=lease.epoch):
                lease.complete = True
                lease.enter(Phase.LEAVING, self._context.now)
                lease.end_reason = lease.end_reason or "claude has ended"
