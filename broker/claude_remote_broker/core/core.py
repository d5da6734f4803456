"""The whole of it: what goes where."""

from __future__ import annotations

from claude_remote.scale import Scale
from claude_remote_broker import ports
from claude_remote_broker.core import closing
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.controls import Controls
from claude_remote_broker.core.cutting import REVOKED, Cutting
from claude_remote_broker.core.effects import Effects
from claude_remote_broker.core.errands import Errands
from claude_remote_broker.core.ids import Ids
from claude_remote_broker.core.keep import Keep
from claude_remote_broker.core.lease import Lease, Phase
from claude_remote_broker.core.ledger import Ledger
from claude_remote_broker.core.limits import Limits
from claude_remote_broker.core.noticing import Noticing
from claude_remote_broker.core.peeking import Peeks
from claude_remote_broker.core.pool import Pool
from claude_remote_broker.core.publisher import Publisher
from claude_remote_broker.core.reception import Reception
from claude_remote_broker.core.retention import Retention
from claude_remote_broker.core.rulebook import Rulebook
from claude_remote_broker.core.session import Session
from claude_remote_broker.core.sessions import Sessions
from claude_remote_broker.core.tally import Tally
from claude_remote_broker.core.tombstones import Tombstones
from claude_remote_broker.core.warm import Warm
from claude_remote_broker.core.watchdog import Watchdog
from claude_remote_broker.core.workers import Workers
from claude_remote_broker.journal import Recovered, RecoveredSession
from claude_remote_broker.log_tail import LogTail
from claude_remote_broker.ports import Command, Event


class Core:
    """Events in, commands out; no IO, no clock. `now` is seconds since the epoch.

    First `start`, then `handle` for each event of a turn and `commands` for all of them. `host` and `version`
    are what clients are told. At most so many workers; claudes that are idle for `idle` seconds (0: for ever)
    are parked, `warm` are kept for new sessions.
    `started_with` names what said how many workers: see claude_remote_broker.scale.Scaled.
    """

    def __init__(
        self,
        *,
        host: str,
        version: str,
        clients: ports.ClientTable,
        max_workers: int,
        min_workers: int = 0,
        idle: float = 0.0,
        warm: int = 0,
        started_with: str = "",
        recovered: Recovered,
        limits: Limits | None = None,
        ids: Ids | None = None,
        log: ports.Log | None = None,
        keep: Keep | None = None,
    ) -> None:
        limits = limits or Limits()
        self._context = context = Context(
            host=host,
            version=version,
            clients=clients,
            limits=limits,
            ids=ids or Ids(),
            effects=Effects(),
            tally=Tally(limits),
            log=log or LogTail(0),
            keep=keep or Keep(),
        )
        tombstones = Tombstones(recovered.tombstones)
        context.sessions = Sessions(limits, context.tally, clients, tombstones)
        context.controls = Controls(context)
        context.workers = Workers(context, context.controls.replied)
        context.pool = Pool(context, Scale(min_workers, max_workers), idle, started_with)
        context.warm = Warm(context, warm)
        # Each start of a broker on one journal begins the feed's numbers anew.
        context.publisher = Publisher(context, recovered.run)
        context.rules = Rulebook(context, recovered.rules)
        context.peeks = Peeks(context)
        context.noticing = Noticing(context)
        context.errands = Errands(context)
        self._reception = Reception(context)
        self._recovered = recovered
        self._watchdog = Watchdog(context)
        self._retention = Retention(context)
        self._cutting = Cutting(context)
        self._looked_round = 0.0  # when

    @property
    def quiet(self) -> bool:
        """No worker is left, and everything is stored."""
        context = self._context
        return (
            not context.workers.leases
            and context.errands.empty
            and all(session.ledger.quiet for session in context.sessions)
        )

    def start(self, now: float) -> list[Command]:
        """Take up what the broker before left: leases are awaited, prompts that waited go on waiting."""
        context = self._context
        context.now = now
        for found in self._recovered.sessions:
            self._recover(found)
        self._recovered = Recovered()
        context.rules.review_all()
        # Rights may have been taken while nobody was here to see it.
        self._cutting.cut()
        for session in context.sessions:
            if session.prompts and session.lease is None:
                session.ledger.kick()
        return self.commands()

    def handle(self, event: Event, now: float) -> None:
        """Something happened."""
        self._context.now = now
        match event:
            case ports.FromWorker():
                if not self._context.errands.heard(event):
                    self._context.workers.heard(event)
            case ports.Stored() | ports.StoreFailed():
                self._context.effects.stored(event)
            case (
                ports.Loaded()
                | ports.Found()
                | ports.FolderChecked()
                | ports.Measured()
                | ports.Surveyed()
                | ports.Weighed()
                | ports.ConversationFound()
                | ports.AuditRead()
            ):
                self._context.effects.answered(event)
            case ports.AuditGrown():
                self._reception.audit_grown()
            case ports.Tick():
                self._tick()
            case ports.WorkerLaunched() | ports.LaunchFailed() | ports.WorkerExited() | ports.WorkersKnown():
                self._process(event)
            case ports.ClientCutOff() | ports.ClientUpdated() | ports.ClientForgotten():
                self._client(event)
            case _:
                self._connection(event)

    def commands(self) -> list[Command]:
        """What follows from all that was handled since the last call."""
        context = self._context
        context.pool.advance()
        while context.speaking:
            context.speaking.popleft().store_words()
        context.publisher.flush()
        return context.effects.take()

    def shutdown(self, now: float) -> list[Command]:
        """Interrupt every turn and end every worker; begin nothing more. Prompts that wait are kept."""
        context = self._context
        context.now = now
        context.stopping = True
        context.errands.end_all()
        for lease in context.workers.leases:
            session = context.sessions.get(lease.session)
            if session is not None and session.lease is lease:
                context.workers.release(session, "now")
        for session in context.sessions:
            for follower in [*session.followers.values()]:
                follower.tell()
        for reader in [*context.publisher.readers.values()]:
            reader.tell()
        return self.commands()

    # --- parts -----------------------------------------------------------------------------------------

    def _client(self, event: ports.ClientCutOff | ports.ClientUpdated | ports.ClientForgotten) -> None:
        match event:
            case ports.ClientCutOff(fingerprint=fingerprint):
                self._context.rules.review(fingerprint)
                self._cutting.cut(fingerprint, REVOKED)
                self._context.warm.cut_off(fingerprint)
            case ports.ClientUpdated(client=client):
                self._context.rules.review(client.fingerprint)
                self._context.publisher.client(client)
                if self._cutting.look(client):
                    self._context.warm.cut_off(client.fingerprint)
                    self._reception.rights_taken(client.fingerprint)
            case ports.ClientForgotten(fingerprint=fingerprint):
                self._context.publisher.client_forgotten(fingerprint)
                self._cutting.forget(fingerprint)

    def _connection(self, event: Event) -> None:
        match event:
            case ports.Received():
                self._reception.received(event)
            case ports.Connected():
                self._reception.connected(event)
            case ports.Disconnected(conn=conn):
                self._reception.disconnected(conn)
            case ports.Congested(conn=conn):
                self._reception.congested(conn)
            case ports.Drained(conn=conn):
                self._reception.drained(conn)
            case _:
                raise TypeError(f"no event of the core: {type(event).__name__}")

    def _process(self, event: Event) -> None:
        workers = self._context.workers
        if self._context.errands.process(event):
            return
        match event:
            case ports.WorkerLaunched():
                workers.launched(event)
            case ports.LaunchFailed(worker=worker, reason=reason):
                workers.launch_failed(worker, reason)
            case ports.WorkerExited(worker=worker):
                workers.exited(worker)
            case _:
                workers.all_known()

    def _tick(self) -> None:
        self._context.workers.look_again()
        # Ticks that were asked for come often: many things that wait are published at their own time.
        pause = self._context.now - self._looked_round
        if not 0 <= pause < self._context.limits.pause_between_rounds:
            self._looked_round = self._context.now
            self._look_round()

    def _look_round(self) -> None:
        self._watchdog.tick()
        self._retention.tick()
        self._context.controls.tick()
        for waiting in [*self._context.draining.values()]:
            waiting.look()
        for reader in [*self._context.log_readers.values()]:
            reader.look()
        self._context.peeks.tick()
        self._context.rules.tick()
        self._context.publisher.tick()
        self._context.noticing.tick()
        self._context.pool.tick()
        self._context.warm.tick()

    def _recover(self, found: RecoveredSession) -> None:
        context = self._context
        session = Session(found.row, found.tail)
        session.ledger = Ledger(context, session)
        for waiting in found.prompts:
            session.prompts[waiting.row.id] = waiting.row
            session.texts[waiting.row.id] = waiting.text
        session.approvals = {row.id: row for row in found.approvals}
        if found.row.lease is not None:
            session.lease = Lease(
                session=session.id,
                epoch=found.row.epoch,
                worker=found.row.lease.worker,
                token_hash=found.row.lease.token_hash,
                phase=Phase.AWAITED,
                since=context.now,
                heard=context.now,
                # It was closed, and the broker before died before it could end its claude.
                release=None if found.row.closed is None else "now",
                release_reason=closing.WHY,
            )
            context.workers.add(session.lease)
        context.sessions.add(session)
