"""A core with a journal and folders behind it, so that a test reads as what was said and what was heard.

Stores are answered at once, unless `hold` is set: then `release` answers their transactions, one by one or
all. Loads, finds and folders are answered at once too.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, cast

from msgspec.structs import replace

from claude_remote import bus, facts, feed
from claude_remote import messages as m
from claude_remote.errors import NoSuchSession
from claude_remote.rights import FULL, Right
from claude_remote_broker import ports
from claude_remote_broker.audit.entry import Entry
from claude_remote_broker.core import Core, Ids, Keep, Limits
from claude_remote_broker.notices.notice import Notice
from tests.broker.disk import MemoryDisk

LAPTOP = ports.Peer("SHA256:" + "L" * 43, "laptop", m.Door.DOOR)
PHONE = ports.Peer("SHA256:" + "P" * 43, "phone", m.Door.DOOR)
OWNER = ports.Peer("local", "owner", m.Door.LOCAL)


def uuid(number: int) -> str:
    """Ids that can be told apart at sight."""
    return f"{number:08x}-0000-4000-8000-000000000000"


class CountingIds(Ids):
    """The first worker is w-1 with token t-1; ids count on."""

    def __init__(self, start: int = 0) -> None:
        self._uuids = self._tokens = self._workers = self._errands = self._tickets = start

    def uuid(self) -> str:
        self._uuids += 1
        return uuid(0xA0 + self._uuids)

    def token(self) -> str:
        self._tokens += 1
        return f"t-{self._tokens}"

    def ticket(self) -> bytes:
        self._tickets += 1
        return self._tickets.to_bytes(m.TICKET, "big")

    def worker(self) -> str:
        self._workers += 1
        return f"w-{self._workers}"

    def errand(self) -> str:
        self._errands += 1
        return f"e-{self._errands}"


class Table:
    """The registry's answers."""

    def __init__(self) -> None:
        self.given: dict[str, frozenset[Right]] = {LAPTOP.fingerprint: FULL, PHONE.fingerprint: FULL}
        self.rooted: dict[str, tuple[str, ...]] = {}
        self.clients: tuple[m.ClientInfo, ...] = ()

    def rights(self, fingerprint: str) -> frozenset[Right]:
        return self.given.get(fingerprint, frozenset())

    def roots(self, fingerprint: str) -> tuple[str, ...]:
        return self.rooted.get(fingerprint, ())

    def infos(self) -> tuple[m.ClientInfo, ...]:
        return self.clients


class Playbook:
    """Drives one core. Connections are numbers, routes and workers names."""

    def __init__(
        self,
        *,
        workers: int = 4,
        limits: Limits | None = None,
        disk: MemoryDisk | None = None,
        start: bool = True,
        ids: Ids | None = None,
        log: ports.Log | None = None,
        least: int = 0,
        idle: float = 0.0,
        warm: int = 0,
        started_with: str = "",
        keep: Keep | None = None,
    ) -> None:
        self.disk = disk or MemoryDisk()
        self.table = Table()
        self.now = 1000.0
        self.core = Core(
            host="home",
            version="1",
            clients=self.table,
            max_workers=workers,
            min_workers=least,
            idle=idle,
            warm=warm,
            started_with=started_with,
            recovered=self.disk.recover(),
            limits=limits or Limits(pause_between_acknowledgements=0.0),
            log=log,
            ids=ids or CountingIds(100 * (self.disk.runs - 1)),
            keep=keep,
        )
        self._events: deque[ports.Event] = deque()
        self.hold = False
        self.held: deque[ports.Transaction] = deque()
        self.folders: dict[str | None, ports.FolderChecked] = {}
        self.folder_checks: list[ports.CheckFolder] = []
        self.stamp = "as it was"
        self.memory: dict[int, int] = {}
        self.worktrees: frozenset[str] = frozenset()  # that are there
        self.conversations: dict[str, ports.ConversationFound] = {}  # of claude's own
        self.loads = 0
        self.launches: list[ports.Launch] = []
        self.kills: list[str] = []
        self.ends: list[str] = []
        self.hangups: list[ports.Hangup] = []
        self.direct: list[ports.ExpectDirect | ports.CutDirect] = []
        self.administered: list[ports.Administer] = []
        self.wakes: list[float] = []
        self.recorded: list[Entry] = []
        self.notices: list[Notice] = []
        self.audit: list[bytes] = []  # what the audit holds: lines, the first is record 1
        self.published: list[feed.Published] = []
        self._sent: dict[int, list[tuple[m.Message, bytes]]] = {}
        self._told: dict[bytes, list[tuple[bus.Verb, bytes]]] = {}
        if start:
            self.perform(self.core.start(self.now))

    # --- events ----------------------------------------------------------------------------------------

    def __lshift__(self, event: ports.Event) -> Playbook:
        """An event, and the answers of journal and folders to what follows from it."""
        return self.turn(event)

    def turn(self, *events: ports.Event) -> Playbook:
        """Likewise, of events that come in one turn."""
        self._perform(self.follows(*events))
        while self._events:
            self._perform(self.follows(self._events.popleft()))
        return self

    def follows(self, *events: ports.Event) -> list[ports.Command]:
        """What the core wants done in a turn, for a test that performs it by itself."""
        for event in events:
            self.core.handle(event, self.now)
        return self.core.commands()

    def connect(self, conn: int, peer: ports.Peer = LAPTOP) -> None:
        self << ports.Connected(conn, peer)

    def says(self, conn: int, message: m.Message, payload: bytes = b"") -> None:
        self << ports.Received(conn, message, payload)

    def prompts(self, conn: int, number: int, text: str = "fix the failing test", **target: Any) -> None:
        """A whole prompt."""
        data = text.encode()
        self.says(conn, m.Prompt(id=uuid(number), target=m.Target(**target), size=len(data)), data)

    def worker_says(self, route: bytes, verb: bus.Verb, payload: bytes = b"") -> None:
        self << ports.FromWorker(route, verb, payload)

    def tick(self, seconds: float = 1.0) -> None:
        """Time passes, in steps of at most a second."""
        while seconds > 0:
            self.now += min(seconds, 1.0)
            seconds -= 1.0
            self << ports.Tick()

    def release(self, count: int | None = None, reason: str = "") -> None:
        """Answer the oldest transactions that were held; with a reason: they failed."""
        left = len(self.held) if count is None else count
        for _ in range(left):
            held = self.held.popleft()
            self << (ports.StoreFailed(held.ticket, reason) if reason else self.disk.store(held))

    # --- commands --------------------------------------------------------------------------------------

    def hears(self, conn: int) -> list[m.Message]:
        """What a client was sent since the last call."""
        return [message for message, _ in self._sent.pop(conn, [])]

    def reads(self, conn: int) -> list[tuple[m.Message, bytes]]:
        """Likewise, with the payloads."""
        return self._sent.pop(conn, [])

    def worker_hears(self, route: bytes) -> list[bus.Verb]:
        """What a worker was told since the last call, less beats."""
        told = self._told.pop(route, [])
        return [verb for verb, _ in told if not isinstance(verb, bus.Beat)]

    def worker_reads(self, route: bytes) -> list[tuple[bus.Verb, bytes]]:
        """Likewise, with the payloads."""
        return [pair for pair in self._told.pop(route, []) if not isinstance(pair[0], bus.Beat)]

    def items(self) -> list[feed.AnyItem]:
        """What was published since the last call."""
        items = [item for published in self.published for item in published.items]
        self.published.clear()
        return items

    def perform(self, commands: list[ports.Command]) -> None:
        """Commands that came of no event."""
        self._perform(commands)
        while self._events:
            self << self._events.popleft()

    def _perform(self, commands: list[ports.Command]) -> None:
        answers = self._events
        for command in commands:
            match command:
                case ports.Send():
                    self._sent.setdefault(command.conn, []).append((command.message, command.payload))
                case ports.ToWorker():
                    self._told.setdefault(command.route, []).append((command.verb, command.payload))
                case ports.Store():
                    self._store(command)
                case ports.Load() | ports.FindPrompt() | ports.FindApproval() | ports.Measure():
                    self.loads += isinstance(command, ports.Load)
                    answers.append(self.disk.perform(command))
                case ports.Survey():
                    figures = ports.ServerFigures(
                        pid=7, uptime=60.0, memory=None, connections=1, lag=0.001, worst_lag=0.002, launcher=8
                    )
                    answers.append(ports.Surveyed(command.ticket, figures))
                case ports.CheckFolder():
                    self.folder_checks.append(command)
                    answers.append(self._folder(command))
                case ports.Weigh():
                    memory = {pid: size for pid, size in self.memory.items() if pid in command.pids}
                    answers.append(ports.Weighed(command.ticket, memory))
                case ports.FindConversation():
                    answers.append(self._conversation(command))
                case _:
                    self._note(command)

    def _store(self, command: ports.Store) -> None:
        if self.hold:
            self.held.extend(command.transactions)
        else:
            self._events.extend(_together(map(self.disk.store, command.transactions)))

    def _folder(self, command: ports.CheckFolder) -> ports.FolderChecked:
        known = self.folders.get(command.path)
        if known is not None:
            return ports.FolderChecked(command.ticket, known.path, known.error)
        path = os.path.join("/home/me", command.path or "").rstrip("/")  # noqa: PTH118  a path of nowhere
        worktrees = f"{path}/.claude/worktrees" if command.worktree else ""
        stamp = self.stamp if command.stamp else ""
        return ports.FolderChecked(command.ticket, path, None, worktrees, self.worktrees, stamp)

    def _conversation(self, command: ports.FindConversation) -> ports.ConversationFound:
        found = self.conversations.get(command.beginning)
        if found is None:
            return ports.ConversationFound(command.ticket, error=NoSuchSession())
        return replace(found, ticket=command.ticket)

    def _note(self, command: ports.Command) -> None:
        match command:
            case ports.Launch() | ports.End() | ports.Kill():
                self._note_process(command)
            case ports.Hangup():
                self.hangups.append(command)
            case ports.ExpectDirect() | ports.CutDirect():
                self.direct.append(command)
            case ports.Administer():
                self.administered.append(command)
            case ports.Publish(published=published):
                self.published.append(published)
            case ports.Notify(notice=notice):
                self.notices.append(notice)
            case ports.Record(entry=entry):
                self.recorded.append(entry)
            case ports.LookAtAudit(ticket=ticket, after=after, most=most):
                lines = self.audit[after : after + most]
                self._events.append(ports.AuditRead(ticket, b"".join(lines), after + len(lines)))
            case ports.Wake(delay=delay):
                self.wakes.append(delay)
            case _:
                raise AssertionError(command)

    def _note_process(self, command: ports.Launch | ports.End | ports.Kill) -> None:
        match command:
            case ports.Launch():
                self.launches.append(command)
            case ports.End(client=client):
                self.ends.append(client)
            case ports.Kill(worker=worker):
                self.kills.append(worker)


def _together(answers: Iterable[ports.Event]) -> Iterator[ports.Event]:
    """As the journal answers: those that are stored and follow each other with one event."""
    for stored, group in groupby(answers, lambda answer: isinstance(answer, ports.Stored)):
        if stored:
            yield ports.Stored(
                tuple(ticket for each in group for ticket in cast("ports.Stored", each).tickets)
            )
        else:
            yield from group


class Hand:
    """Plays a worker by hand: says what it is told to say, in its lease's words."""

    def __init__(self, book: Playbook, number: int = 1, *, route: bytes | None = None) -> None:
        self.book = book
        self.worker = f"w-{number}"
        self.token = f"t-{number}"
        self.route = route or f"r-{number}".encode()
        self.session: str | None = None
        self.epoch = 0
        self.next = 1
        self.acked = 0
        self.prompts: list[str] = []
        self.decisions: list[str] = []

    def launched(self) -> Hand:
        self.book << ports.WorkerLaunched(self.worker, 4242, 17.0)
        return self

    def ready(self, route: bytes | None = None) -> list[bus.Verb]:
        """Say Ready, on a new route if one is given, and read what it brings."""
        if route is not None:
            self.route = route
        self.book.worker_says(
            self.route,
            bus.Ready(
                token=self.token,
                worker=self.worker,
                pid=4242,
                started=17.0,
                session=self.session,
                epoch=self.epoch,
                acked=self.acked,
                next=self.next,
                prompts=tuple(self.prompts),
                decisions=tuple(self.decisions),
            ),
        )
        return self.hear()

    def hear(self) -> list[bus.Verb]:
        verbs = self.book.worker_hears(self.route)
        for verb in verbs:
            match verb:
                case bus.Lease():
                    self.session, self.epoch, self.next = verb.session, verb.epoch, verb.next
                    self.acked = verb.next - 1
                case bus.Ack():
                    self.acked = max(self.acked, verb.seq)
                case bus.Give():
                    self.prompts.append(verb.prompt)
                case bus.Verdict():
                    self.decisions.append(verb.approval)
                case _:
                    pass
        return verbs

    def batch(self, first: int, lines: bytes, source: m.Source = m.Source.CLAUDE, **change: Any) -> None:
        """A batch with these numbers, whatever was sent before."""
        fields: dict[str, Any] = {
            "session": self.session,
            "epoch": self.epoch,
            "first": first,
            "count": lines.count(b"\n"),
            "source": source,
            "at": self.book.now,
        }
        self.book.worker_says(self.route, bus.Batch(**(fields | change)), lines)

    def prints(self, *lines: bytes) -> None:
        """Claude's lines, as the next batch."""
        self.batch(self.next, b"".join(line + b"\n" for line in lines))
        self.next += len(lines)

    def states(self, *stated: facts.Fact) -> None:
        """Facts, as the next batch."""
        self.batch(self.next, b"".join(facts.encode(fact) for fact in stated), m.Source.FACT)
        self.next += len(stated)

    def starts(self, prompt: int) -> None:
        self.states(facts.TurnStarted(prompt=uuid(prompt)))

    def finishes(self, prompt: int, **change: Any) -> None:
        fields: dict[str, Any] = {"outcome": "done", "last_words": "Fixed.", "cost": 0.5, "duration": 2.0}
        self.states(facts.TurnFinished(prompt=uuid(prompt), **(fields | change)))

    def exits(self) -> None:
        self.book << ports.WorkerExited(self.worker)
