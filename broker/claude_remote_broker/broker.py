"""The core in its world: gives it events, performs its commands, in their order."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from claude_remote import bus, messages
from claude_remote.messages import ClientInfo
from claude_remote_broker import ports, tasks
from claude_remote_broker.administration import Administration
from claude_remote_broker.audit.log import AuditLog
from claude_remote_broker.audit.reading import AuditReader
from claude_remote_broker.bus_socket import BusSocket
from claude_remote_broker.door import Door
from claude_remote_broker.feed_socket import FeedSocket
from claude_remote_broker.folders import Folders
from claude_remote_broker.journal import Journal
from claude_remote_broker.launcher import Launcher
from claude_remote_broker.looking import Looking
from claude_remote_broker.notices.hooks import Hooks
from claude_remote_broker.ports import Command, Event
from claude_remote_broker.surveyor import Surveyor
from claude_remote_broker.transcripts import Transcripts

log = logging.getLogger(__name__)

_TICK = 1.0


class Machine(Protocol):
    """What is needed of claude_remote_broker.core.Core."""

    @property
    def quiet(self) -> bool:
        """After `shutdown`: nothing is left to wait for."""

    def handle(self, event: Event, now: float) -> None:
        """Something happened."""

    def commands(self) -> Sequence[Command]:
        """What follows from all that was handled since the last call."""

    def start(self, now: float) -> Sequence[Command]:
        """The first commands."""

    def shutdown(self, now: float) -> Sequence[Command]:
        """Take nothing new, end what runs."""


@dataclass
class Adapters:
    """Who performs the commands."""

    door: Door
    bus: BusSocket
    feed: FeedSocket
    journal: Journal
    launcher: Launcher
    folders: Folders
    transcripts: Transcripts
    administration: Administration
    audit: AuditLog
    audit_reader: AuditReader
    hooks: Hooks
    surveyor: Surveyor


class Broker:
    """Owns the core. Everything happens on the loop; `deliver` may be called from within a command.

    It is the door's Sink and watches the registry. Events that come before `start` wait for it.
    """

    def __init__(
        self,
        core: Machine,
        loop: asyncio.AbstractEventLoop,
        on_defect: Callable[[], None] = lambda: None,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_defect` is told when the core has failed: what it knows may be wrong from then on.

        `on_end` when a client ends the server.
        """
        self._on_defect = on_defect
        self._on_end = on_end
        self._core = core
        self._loop = loop
        self._adapters: Adapters | None = None
        self._events: deque[Event] = deque()
        self._busy = True  # until start
        self._tick: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()
        self._perform: dict[type[Command], Callable[[Any], None]] = {}

    # --- life ------------------------------------------------------------------------------------------

    def start(self, adapters: Adapters) -> None:
        """Begin."""
        self._adapters = adapters
        self._perform = _table(adapters, self)
        self._do(self._core.start(time.time()))
        self._busy = False
        self._empty()
        self._look_at_the_time()

    async def shut_down(self, patience: float, hurry: asyncio.Event) -> bool:
        """Let the core end what runs, at most `patience` seconds or until `hurry`. Whether it has."""
        self._do(self._core.shutdown(time.time()))
        deadline = self._loop.time() + patience
        while not self._core.quiet and not hurry.is_set() and self._loop.time() < deadline:
            self._changed.clear()
            waiting = [tasks.spawn(self._changed.wait(), "quiet"), tasks.spawn(hurry.wait(), "hurry")]
            left = max(0.0, deadline - self._loop.time())
            await asyncio.wait(waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            await tasks.end(*waiting)
        return self._core.quiet

    def stop(self) -> None:
        """Nothing is given to the core from now on."""
        self._busy = True
        if self._tick is not None:
            self._tick.cancel()

    def deliver(self, *events: Event) -> None:
        """Give the core events that came together, after those that are before them."""
        self._events.extend(events)
        if not self._busy:
            self._empty()

    # --- the door's sink -------------------------------------------------------------------------------

    def connected(self, conn: ports.Connection, peer: ports.Peer) -> None:
        """See Sink."""
        self.deliver(ports.Connected(conn, peer))

    def received(self, conn: ports.Connection, message: messages.Message, payload: bytes) -> None:
        """See Sink."""
        self.deliver(ports.Received(conn, message, payload))

    def congested(self, conn: ports.Connection) -> None:
        """See Sink."""
        self.deliver(ports.Congested(conn))

    def drained(self, conn: ports.Connection) -> None:
        """See Sink."""
        self.deliver(ports.Drained(conn))

    def disconnected(self, conn: ports.Connection) -> None:
        """See Sink."""
        self.deliver(ports.Disconnected(conn))

    # --- the registry's watcher ------------------------------------------------------------------------

    def client_changed(self, client: ClientInfo) -> None:
        """See Watcher."""
        self.deliver(ports.ClientUpdated(client))

    def client_cut_off(self, fingerprint: str) -> None:
        """See Watcher."""
        self.deliver(ports.ClientCutOff(fingerprint))

    def client_forgotten(self, fingerprint: str) -> None:
        """See Watcher."""
        self.deliver(ports.ClientForgotten(fingerprint))

    # --- the bus ---------------------------------------------------------------------------------------

    def from_workers(self, events: Sequence[ports.FromWorker]) -> None:
        """The verbs of one look at the bus; the launcher learns from Ready which orphans there are."""
        for event in events:
            if isinstance(event.verb, bus.Ready) and self._adapters is not None:
                self._adapters.launcher.meet(event.verb)
        self.deliver(*events)

    # --- inside ----------------------------------------------------------------------------------------

    def _empty(self) -> None:
        self._busy = True
        try:
            while self._events:
                now = time.time()
                while self._events:
                    event = self._events.popleft()
                    try:
                        self._core.handle(event, now)
                    except Exception:
                        # A defect of ours: it is told, and everybody else is served on.
                        log.exception("the core failed on %s", type(event).__name__)
                        self._on_defect()
                try:
                    commands = self._core.commands()
                except Exception:
                    log.exception("the core failed at the end of a turn")
                    self._on_defect()
                else:
                    self._do(commands)
        finally:
            self._busy = False
        self._changed.set()

    def _do(self, commands: Sequence[Command]) -> None:
        for command in commands:
            try:
                self._perform[type(command)](command)
            except Exception:
                log.exception("%s could not be performed", type(command).__name__)

    def _look_at_the_time(self) -> None:
        self._tick = self._loop.call_later(_TICK, self._look_at_the_time)
        if self._adapters is not None:
            self._adapters.launcher.tick()
        self.deliver(ports.Tick())

    def wake(self, delay: float) -> None:
        """Tick in `delay` seconds."""
        self._loop.call_later(delay, self.deliver, ports.Tick())

    def end(self, command: ports.End) -> None:
        """A client that may has asked for it."""
        log.info("shut down by %s", command.client)
        self._on_end()


def _table(adapters: Adapters, broker: Broker) -> dict[type[Command], Callable[[Any], None]]:
    """Which adapter performs which command."""
    door, journal, launcher = adapters.door, adapters.journal, adapters.launcher
    looking = Looking(adapters.folders, adapters.transcripts, broker.deliver)

    def send(command: ports.Send) -> None:
        door.send(command.conn, command.message, command.payload)

    def hang_up(command: ports.Hangup) -> None:
        door.hang_up(command.conn, command.error)

    def administer(command: ports.Administer) -> None:
        tasks.spawn(adapters.administration.perform(command), "administer")

    def publish(command: ports.Publish) -> None:
        adapters.feed.publish(command.published)

    def survey(command: ports.Survey) -> None:
        broker.deliver(ports.Surveyed(command.ticket, adapters.surveyor.survey()))

    def wake(command: ports.Wake) -> None:
        broker.wake(command.delay)

    def record(command: ports.Record) -> None:
        adapters.audit.record(command.entry)

    def notify(command: ports.Notify) -> None:
        adapters.hooks.tell(command.notice)

    return {
        ports.Notify: notify,
        ports.Record: record,
        ports.LookAtAudit: adapters.audit_reader.look,
        ports.Send: send,
        ports.Hangup: hang_up,
        ports.ExpectDirect: door.direct.expect,
        ports.CutDirect: door.direct.cut,
        ports.Administer: administer,
        ports.CheckFolder: looking.check_folder,
        ports.FindConversation: looking.find_conversation,
        ports.ToWorker: adapters.bus.send,
        ports.Launch: launcher.launch,
        ports.Kill: launcher.kill,
        ports.Weigh: looking.weigh,
        ports.Store: journal.perform,
        ports.Load: journal.perform,
        ports.FindPrompt: journal.perform,
        ports.FindApproval: journal.perform,
        ports.Measure: journal.perform,
        ports.Survey: survey,
        ports.Publish: publish,
        ports.Wake: wake,
        ports.End: broker.end,
    }
