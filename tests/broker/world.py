"""A small world around a core with a real journal: workers and clients that do as they should, broken links,
slow disks, and a broker that is killed. What each of them has seen is compared with the journal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue

from claude_remote import bus, facts
from claude_remote import messages as m
from claude_remote_broker import ports
from claude_remote_broker.core import Core, Limits
from claude_remote_broker.journal import Journal
from tests.broker.playbook import LAPTOP, OWNER, CountingIds, Table, uuid


@dataclass
class Turn:
    prompt: str
    left: int  # lines to print


@dataclass
class FakeWorker:
    """Plays by claude_remote.bus, and keeps what is not acknowledged."""

    world: World
    name: str
    token: str
    alive: bool = False
    ended: bool = False
    route: bytes | None = None
    session: str | None = None
    epoch: int = 0
    next: int = 1
    acked: int = 0
    log: list[tuple[int, m.Source, bytes]] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)
    todo: list[str] = field(default_factory=list)
    turn: Turn | None = None
    leaving: bool = False

    def connect(self) -> None:
        """A new socket; what was under way on the old one is lost."""
        self.world.routes += 1
        self.route = f"r-{self.world.routes}".encode()
        ready = bus.Ready(
            token=self.token,
            worker=self.name,
            pid=1,
            started=1.0,
            session=self.session,
            epoch=self.epoch,
            acked=self.acked,
            next=self.next,
            prompts=tuple(self.prompts),
        )
        self.world.to_core(ports.FromWorker(self.route, ready))

    def hear(self, verb: bus.Verb) -> None:
        match verb:
            case bus.Who():
                self.connect()
            case bus.Welcome():
                assert self.session is None or verb.acked <= self.world.stored_tail(self.session)
                self._acknowledged(verb.acked)
                self.send_again()
            case bus.Lease() if self.session is None:
                self.world.owns(self, verb.session)
                self.session, self.epoch, self.next = verb.session, verb.epoch, verb.next
                self.acked = verb.next - 1
                self.state(facts.ClaudeStarted(pid=1, claude_session="c", resumed=False))
            case bus.Ack(epoch=self.epoch):
                # What a claude that was kept warm has said is nobody's when it is told to end.
                assert self.leaving or verb.seq <= self.world.stored_tail(verb.session)
                self._acknowledged(verb.seq)
            case bus.Give(epoch=self.epoch) if verb.prompt not in self.prompts:
                self._given(verb)
            case bus.Release(epoch=self.epoch):
                assert verb.how == "park" or not self.prompts, "a session's claude is ended at once"
                self.leaving = True
            case _:
                pass
        self._leave()

    def _given(self, give: bus.Give) -> None:
        self.prompts.append(give.prompt)
        if give.again and give.prompt in self.world.transcript:
            self.state(facts.TurnFinished(prompt=give.prompt, outcome="interrupted", reason="it ran before"))
        else:
            self.todo.append(give.prompt)

    def _acknowledged(self, seq: int) -> None:
        self.acked = max(self.acked, seq)
        self.log = [entry for entry in self.log if entry[0] > self.acked]

    def send_again(self) -> None:
        """All that is not acknowledged, with other boundaries than before."""
        start = 0
        while start < len(self.log):
            size = self.world.sizes()
            end = start
            while end < len(self.log) and end - start < size and self.log[end][1] is self.log[start][1]:
                end += 1
            self._send(self.log[start:end])
            start = end

    def _send(self, entries: list[tuple[int, m.Source, bytes]]) -> None:
        if self.route is not None and self.session is not None and entries:
            batch = bus.Batch(
                session=self.session,
                epoch=self.epoch,
                first=entries[0][0],
                count=len(entries),
                source=entries[0][1],
                at=self.world.now,
            )
            self.world.to_core(ports.FromWorker(self.route, batch, b"".join(line for _, _, line in entries)))

    def state(self, fact: facts.Fact) -> None:
        self._add(m.Source.FACT, [facts.encode(fact)])

    def _add(self, source: m.Source, lines: list[bytes]) -> None:
        entries = [(self.next + i, source, line) for i, line in enumerate(lines)]
        self.next += len(lines)
        self.log += entries
        self._send(entries)

    def work(self) -> None:
        """One step: begin a turn, print in it, end it."""
        if not self.alive or self.session is None:
            return
        if self.turn is None and self.todo and not self.leaving:
            prompt = self.todo.pop(0)
            assert prompt not in self.world.transcript, "a prompt runs twice"
            self.world.transcript.add(prompt)
            self.turn = Turn(prompt, self.world.sizes())
            self.state(facts.TurnStarted(prompt=prompt))
        elif self.turn is not None and self.turn.left:
            self.turn.left -= 1
            self.world.printed += 1
            self._add(m.Source.CLAUDE, [b'{"line":%d}\n' % self.world.printed] * 1)
        elif self.turn is not None:
            prompt, self.turn = self.turn.prompt, None
            self.state(facts.TurnFinished(prompt=prompt, outcome="done", last_words="ok"))
        self._leave()

    def _leave(self) -> None:
        """A released worker ends when its turn has ended and everything is stored."""
        if self.leaving and self.alive and self.turn is None and not self.log and self.route is not None:
            self.world.to_core(
                ports.FromWorker(self.route, bus.Gone(session=self.session or "", epoch=max(self.epoch, 1)))
            )
            self.die()

    def die(self) -> None:
        self.alive, self.ended = False, True
        self.route = None
        self.world.exited(self)


@dataclass
class FakeClient:
    """Follows one prompt, over as many connections as it takes."""

    world: World
    number: int
    session: str
    conn: int | None = None
    congested: bool = False
    generation: int = 0
    last: int | None = None
    lines: list[bytes] = field(default_factory=list)
    first: int | None = None
    accepted: m.Accepted | None = None
    finished: m.Finished | None = None
    errors: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        return uuid(self.number)

    @property
    def text(self) -> bytes:
        return f"prompt number {self.number}".encode()

    def send(self) -> None:
        """Prompt, on a new connection, from where we are."""
        self.hang_up()
        if not self.world.up:
            return
        self.congested = False
        self.conn = self.world.connect(self)
        after = None if self.last is None else m.Cursor(self.generation, self.last)
        known = self.world.core._context.sessions.name_taken(self.session)
        target = m.Target(session=self.session) if known else m.Target(name=self.session)
        prompt = m.Prompt(id=self.id, target=target, size=len(self.text), after=after)
        self.world.to_core(ports.Received(self.conn, prompt, self.text))

    def hang_up(self) -> None:
        self.world.disconnect(self)

    def hear(self, message: m.Message, payload: bytes) -> None:
        match message:
            case m.Accepted():
                self.accepted = message
                self.generation = message.cursor.generation
            case m.Events():
                assert not self.congested, "sent to who has no room"
                assert message.generation == self.generation
                assert self.accepted is not None
                tail = self.world.stored_tail(self.accepted.session.id)
                assert message.first + message.count - 1 <= tail, "shown before it was stored"
                if self.last is None:
                    self.first = message.first
                else:
                    assert message.first == self.last + 1, "a gap or a double"
                self.last = message.first + message.count - 1
                self.lines += payload.splitlines()
            case m.Finished():
                assert self.finished is None or self.finished.state == message.state
                self.finished = message
            case m.Error():
                self.errors.append(message.code)
            case m.Reset():
                raise AssertionError("nothing was lost")
            case _:
                pass


@dataclass
class FakeReader:
    """Attached to a session, over as many connections as it takes."""

    world: World
    session: str
    conn: int | None = None
    congested: bool = False
    last: int = 0
    tails: int = 0
    lines: list[bytes] = field(default_factory=list)

    def send(self) -> None:
        """Attach, on a new connection, from where we are."""
        self.hang_up()
        if self.world.up:
            self.congested = False
            self.tails = 0
            self.conn = self.world.connect(self)
            after = m.Cursor(1, self.last)
            self.world.to_core(ports.Received(self.conn, m.Attach(session=self.session, after=after)))

    def hang_up(self) -> None:
        self.world.disconnect(self)

    def hear(self, message: m.Message, payload: bytes) -> None:
        match message:
            case m.Events():
                assert not self.congested, "sent to who has no room"
                assert message.first == self.last + 1, "a gap or a double"
                self.last += message.count
                self.lines += payload.splitlines()
            case m.Tail():
                self.tails += 1
                assert self.tails == 1
                assert message.cursor == (1, self.last)
            case m.Error():
                assert message.code == "no-such-session"  # it is not stored yet
            case _:
                raise AssertionError(message)


class World:
    """`slow`: the journal answers only when it is told to."""

    def __init__(
        self, folder: Path, sizes: list[int], max_workers: int = 2, *, idle: float = 0.0, warm: int = 0
    ) -> None:
        self._path = folder / "journal.sqlite"
        self._sizes = sizes
        self._taken = 0
        self._max_workers = max_workers
        self._idle, self._warm = idle, warm
        self.stamp = "as it was"
        self.now = 1000.0
        self.routes = self.connections = self.printed = self.prompts = 0
        self.slow = False
        self.failing = 0
        self.up = False
        self.transcript: set[str] = set()
        self.workers: dict[str, FakeWorker] = {}
        self.clients: list[FakeClient] = []
        self.readers: list[FakeReader] = []
        self.clients_by_conn: dict[int, FakeClient | FakeReader] = {}
        self._events: deque[ports.Event] = deque()
        self.jobs: deque[ports.Transaction | ports.Load | ports.FindPrompt | ports.FindApproval] = deque()
        self._tails: dict[str, int] = {}
        self._busy = False
        self.start()

    def sizes(self) -> int:
        self._taken += 1
        return self._sizes[self._taken % len(self._sizes)]

    # --- the broker ------------------------------------------------------------------------------------

    def _answered(self, events: Sequence[ports.Event]) -> None:
        for event in events:
            self._answers.put(event)

    def start(self) -> None:
        """A new broker on the old journal; it finds the workers that live."""
        self._answers: Queue[ports.Event] = Queue()
        self.journal = Journal(self._path, self._answered, "boot")
        recovered = self.journal.recover()
        for session in recovered.sessions:
            self._tails[session.row.id] = session.tail
        self.core = Core(
            host="home",
            version="1",
            clients=Table(),
            max_workers=self._max_workers,
            idle=self._idle,
            warm=self._warm,
            limits=Limits(warm_pause=0.5, warm_unused=15.0),
            recovered=recovered,
            ids=CountingIds(1000 * (recovered.run - 1)),
        )
        self.up = True
        self._perform(self.core.start(self.now))
        for worker in self.workers.values():
            if worker.alive:
                self.to_core(ports.WorkerLaunched(worker.name, 1, 1.0))
        self.to_core(ports.WorkersKnown())
        self.pump()

    def kill(self, stored: int) -> None:
        """SIGKILL: of what was handed to the journal, so many got to the disk; nobody hears of any of it."""
        for _ in range(min(stored, len(self.jobs))):
            self._job(deliver=False)
        self.jobs.clear()
        self._events.clear()
        self.up = False
        self.journal.close()
        for client in self.clients_by_conn.values():
            client.conn = None
        self.clients_by_conn.clear()
        for worker in self.workers.values():
            worker.route = None
            worker.ended = worker.ended or not worker.alive  # its order died with the broker

    def to_core(self, event: ports.Event) -> None:
        if self.up:
            self._events.append(event)

    def pump(self) -> None:
        """Until nothing moves by itself any more."""
        if self._busy:
            return
        self._busy = True
        while self.up and (self._events or (self.jobs and not self.slow)):
            if self._events:
                self._turn()
            else:
                self._job()
        self._busy = False

    def _turn(self) -> None:
        """Some events together. Within the number of workers, or no more than there were."""
        pool = self.core._context.pool
        before = pool.counted
        for _ in range(min(self.sizes(), len(self._events))):
            self.core.handle(self._events.popleft(), self.now)
        commands = self.core.commands()
        assert pool.counted <= max(before, pool.scale.most), "too many workers"
        self._perform(commands)

    def scale(self, most: int) -> None:
        """The owner says so."""
        if self.up:
            self.to_core(ports.Connected(-1, OWNER))
            self.to_core(ports.Received(-1, m.ScaleWorkers(least=0, most=most)))
            self.to_core(ports.Disconnected(-1))
            self.pump()

    def journal_answers(self, count: int) -> None:
        for _ in range(count):
            if self.jobs and self.up:
                self._job()
                self.pump()

    def _job(self, *, deliver: bool = True) -> None:
        job = self.jobs.popleft()
        if isinstance(job, ports.Transaction) and self.failing and deliver:
            self.failing -= 1
            self.to_core(ports.StoreFailed(job.ticket, "disk full"))
            return
        self.journal.perform(ports.Store((job,)) if isinstance(job, ports.Transaction) else job)
        answer = self._answers.get(timeout=10)
        assert not isinstance(answer, ports.StoreFailed), answer
        if isinstance(job, ports.Transaction):
            for operation in job.operations:
                row = getattr(operation, "row", None)
                if isinstance(row, ports.Row):
                    self._tails[operation.session] = row.first + row.count - 1
        if deliver:
            self.to_core(answer)

    def stored_tail(self, session: str) -> int:
        return self._tails.get(session, 0)

    def _perform(self, commands: list[ports.Command]) -> None:
        for command in commands:
            match command:
                case ports.Store(transactions=transactions):
                    self.jobs.extend(transactions)
                case ports.Load() | ports.FindPrompt() | ports.FindApproval():
                    self.jobs.append(command)
                case ports.Send(conn=conn) if conn in self.clients_by_conn:
                    self.clients_by_conn[conn].hear(command.message, command.payload)
                case ports.CheckFolder():
                    self.to_core(ports.FolderChecked(command.ticket, "/work", stamp=self.stamp))
                case ports.Weigh():
                    self.to_core(ports.Weighed(command.ticket, {}))
                case ports.Hangup():
                    raise AssertionError(command)
                case _:
                    self._to_workers(command)

    def _to_workers(self, command: ports.Command) -> None:
        match command:
            case ports.ToWorker(route=route):
                for worker in self.living():
                    if worker.route == route:
                        worker.hear(command.verb)
            case ports.Launch():
                self.workers[command.worker] = FakeWorker(self, command.worker, command.token)
            case ports.Kill():
                self._killed(command.worker)
            case _:
                pass

    # --- clients ---------------------------------------------------------------------------------------

    def connect(self, client: FakeClient | FakeReader) -> int:
        self.connections += 1
        self.clients_by_conn[self.connections] = client
        self.to_core(ports.Connected(self.connections, LAPTOP))
        return self.connections

    def disconnect(self, client: FakeClient | FakeReader) -> None:
        if client.conn is not None:
            self.clients_by_conn.pop(client.conn, None)
            self.to_core(ports.Disconnected(client.conn))
            client.conn = None

    # --- workers ---------------------------------------------------------------------------------------

    def _killed(self, name: str) -> None:
        worker = self.workers.get(name)
        if worker is not None and worker.alive:
            worker.die()
        else:
            if worker is not None:
                worker.ended = True
            self.to_core(ports.WorkerExited(name))

    def exited(self, worker: FakeWorker) -> None:
        """The launcher sees it; a broker that is down hears of it at its start, by its absence."""
        self.to_core(ports.WorkerExited(worker.name))

    def owns(self, worker: FakeWorker, session: str) -> None:
        others = [
            other.name
            for other in self.workers.values()
            if other.alive and other is not worker and other.session == session
        ]
        assert not others, f"{session} has two owners: {worker.name} and {others}"

    def launched(self, worker: FakeWorker) -> None:
        """The process begins to run."""
        worker.alive = True
        self.to_core(ports.WorkerLaunched(worker.name, 1, 1.0))
        worker.connect()
        self.pump()

    def living(self) -> list[FakeWorker]:
        return [worker for worker in self.workers.values() if worker.alive]

    def waiting(self) -> list[FakeWorker]:
        """Ordered, but not running yet."""
        return [worker for worker in self.workers.values() if not worker.alive and not worker.ended]

    def tick(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now += 1.0
            for worker in self.living():
                if worker.route is not None:
                    self.to_core(ports.FromWorker(worker.route, bus.Beat()))
            self.to_core(ports.Tick())
            self.pump()
