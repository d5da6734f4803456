"""Any order of work, breaks, kills and restarts: what was seen is what is stored, each prompt ran once.

A stateful test: hypothesis chooses what happens next in tests.broker.world, whose people check what they see
as they see it (gaps, doubles, things shown before they are stored, two owners of one session, a prompt that
runs twice). In the end everybody comes back, everything runs, and transcripts are compared with the journal.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from claude_remote import messages as m
from claude_remote_broker.journal import PromptRow
from claude_remote_broker.ports import Congested, Drained, FindPrompt, Found, Load, Loaded, Received
from tests.broker.disk import events_after
from tests.broker.world import FakeClient, FakeReader, FakeWorker, World

SMALL = st.integers(1, 4)
NAMES = ["red", "green", "blue", "black", "white"]


class Life(RuleBasedStateMachine):
    """What may happen."""

    world: World

    @initialize(
        sizes=st.lists(SMALL, min_size=3, max_size=3),
        workers=st.integers(1, 3),
        idle=st.sampled_from([0.0, 3.0]),
        warm=st.integers(0, 2),
    )
    def begin(self, sizes: list[int], workers: int, idle: float, warm: int) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.world = World(Path(self._folder.name), sizes, workers, idle=idle, warm=warm)

    # --- clients ---------------------------------------------------------------------------------------

    @rule(name=st.sampled_from(NAMES))
    def prompt(self, name: str) -> None:
        world = self.world
        world.prompts += 1
        client = FakeClient(world, world.prompts, name)
        world.clients.append(client)
        client.send()
        world.pump()

    @rule(steps=st.integers(1, 3))
    def a_new_session(self, steps: int) -> None:
        """Which may be one that a claude was kept warm for."""
        world = self.world
        world.tick(steps)
        world.prompts += 1
        client = FakeClient(world, world.prompts, f"new-{world.prompts}")
        world.clients.append(client)
        client.send()
        world.pump()

    @rule(name=st.sampled_from(NAMES))
    def attach(self, name: str) -> None:
        self.world.readers.append(FakeReader(self.world, name))
        self.world.readers[-1].send()
        self.world.pump()

    @rule(which=st.integers(0, 20), connected=st.booleans(), congested=st.booleans())
    def reader(self, which: int, connected: bool, congested: bool) -> None:
        if self.world.readers:
            reader = self.world.readers[which % len(self.world.readers)]
            if not connected:
                reader.hang_up()
            elif reader.conn is None:
                reader.send()
            else:
                self._flow(reader, congested)
            self.world.pump()

    @rule(which=st.integers(0, 20))
    def reconnect(self, which: int) -> None:
        if self.world.clients:
            self.world.clients[which % len(self.world.clients)].send()
            self.world.pump()

    @rule(which=st.integers(0, 20))
    def hang_up(self, which: int) -> None:
        if self.world.clients:
            self.world.clients[which % len(self.world.clients)].hang_up()
            self.world.pump()

    @rule(which=st.integers(0, 20), message=st.sampled_from([m.Withdraw(), m.Interrupt(), m.Cancel()]))
    def says(self, which: int, message: m.Message) -> None:

        if self.world.clients:
            client = self.world.clients[which % len(self.world.clients)]
            if client.conn is not None:
                self.world.to_core(Received(client.conn, message))
                self.world.pump()

    @rule(which=st.integers(0, 20), congested=st.booleans())
    def flow(self, which: int, congested: bool) -> None:

        if self.world.clients:
            self._flow(self.world.clients[which % len(self.world.clients)], congested)
            self.world.pump()

    def _flow(self, client: FakeClient | FakeReader, congested: bool) -> None:
        if client.conn is not None:
            client.congested = congested
            self.world.to_core(Congested(client.conn) if congested else Drained(client.conn))

    # --- workers ---------------------------------------------------------------------------------------

    def _worker(self, which: int) -> FakeWorker | None:
        living = self.world.living()
        return living[which % len(living)] if living else None

    @rule(which=st.integers(0, 5))
    def launch(self, which: int) -> None:
        waiting = self.world.waiting()
        if waiting:
            self.world.launched(waiting[which % len(waiting)])

    @rule(which=st.integers(0, 5), steps=st.integers(1, 4))
    def work(self, which: int, steps: int) -> None:
        worker = self._worker(which)
        if worker is not None:
            for _ in range(steps):
                worker.work()
            self.world.pump()

    @rule(which=st.integers(0, 5))
    def break_link(self, which: int) -> None:
        worker = self._worker(which)
        if worker is not None:
            worker.route = None

    @rule(which=st.integers(0, 5))
    def new_link(self, which: int) -> None:
        worker = self._worker(which)
        if worker is not None:
            worker.connect()
            self.world.pump()

    @rule(which=st.integers(0, 5), busy=st.booleans())
    def worker_dies(self, which: int, busy: bool) -> None:
        worker = self._worker(which)
        if worker is not None:
            if busy and worker.turn is None:
                worker.work()
            worker.die()
            self.world.pump()

    @rule(steps=st.integers(1, 3))
    def everybody_works(self, steps: int) -> None:
        for worker in self.world.waiting():
            self.world.launched(worker)
        for worker in self.world.living():
            for _ in range(steps):
                worker.work()
        self.world.pump()

    @rule(which=st.integers(0, 5), steps=st.integers(1, 4), dies=st.booleans())
    def works_unheard(self, which: int, steps: int, dies: bool) -> None:
        """What it did in this time may reach the broker later, or never."""
        worker = self._worker(which)
        if worker is not None:
            worker.route = None
            for _ in range(steps):
                worker.work()
            if dies:
                worker.die()
            else:
                worker.connect()
            self.world.pump()

    # --- broker ----------------------------------------------------------------------------------------

    @rule(most=st.integers(1, 4))
    def scale(self, most: int) -> None:
        self.world.scale(most)

    @rule(stamp=st.sampled_from(["as it was", "otherwise", ""]))
    def the_folder_changes(self, stamp: str) -> None:
        self.world.stamp = stamp

    @rule(slow=st.booleans())
    def journal_speed(self, slow: bool) -> None:
        self.world.slow = slow
        self.world.pump()

    @precondition(lambda self: self.world.slow)
    @rule(count=SMALL)
    def journal_answers(self, count: int) -> None:
        self.world.journal_answers(count)

    @rule()
    def disk_is_full_for_a_moment(self) -> None:
        self.world.failing = 1

    @precondition(lambda self: self.world.up)
    @rule(stored=st.integers(0, 5))
    def kill_broker(self, stored: int) -> None:
        self.world.kill(stored)

    @precondition(lambda self: not self.world.up)
    @rule()
    def start_broker(self) -> None:
        self.world.start()

    @rule(seconds=st.integers(1, 8))
    def time_passes(self, seconds: int) -> None:
        self.world.tick(seconds)

    # --- the end ---------------------------------------------------------------------------------------

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self._settle()
            self._compare()
        finally:
            self.world.journal.close()
            self._folder.cleanup()

    def _settle(self) -> None:
        """Everybody comes back, and everything runs until nothing is left to run."""
        world = self.world
        world.slow, world.failing = False, 0
        if not world.up:
            world.start()
        world.pump()
        for _ in range(60):
            self._move_on()
            if all(client.finished is not None for client in world.clients):
                for reader in world.readers:
                    reader.send()
                world.pump()
                return
        unfinished = [(client.number, client.errors) for client in world.clients if client.finished is None]
        raise AssertionError(f"prompts that never end: {unfinished}")

    def _move_on(self) -> None:
        world = self.world
        for client in world.clients:
            if client.finished is None:
                client.send()
        for worker in world.waiting():
            world.launched(worker)
        for worker in world.living():
            if worker.route is None:
                worker.connect()
            for _ in range(8):
                worker.work()
        world.pump()
        world.tick(1)

    def _compare(self) -> None:
        for client in self.world.clients:
            if client.finished is None:
                continue
            row = self._stored(client.id)
            assert row is not None
            assert row.state == client.finished.state
            assert row.ended
            if row.ends is None:
                # Taken back before its turn; it may have seen claude start.
                assert client.lines == self._log(row.session, row.begins or 0)[: len(client.lines)]
                continue
            assert row.begins is not None
            assert client.first == row.begins + 1
            assert client.last == row.ends
            assert client.lines == self._log(row.session, row.begins or 0)[: row.ends - row.begins]
            if row.state == "done":
                assert row.id in self.world.transcript
        for reader in self.world.readers:
            session = self.world.core._context.sessions._by_name.get(reader.session)
            assert reader.lines == ([] if session is None else self._log(session.id, 0))
            assert reader.tails == (session is not None)
        self._check_nothing_is_left()

    def _check_nothing_is_left(self) -> None:
        context = self.world.core._context
        for session in context.sessions:
            assert session.ledger.quiet
            assert not session.prompts
            assert session.unstored == 0 or session.warm
        assert not context.tally._prompts
        assert not context.tally._bytes
        # One that is kept warm may be on its way still.
        ordered = {worker.name for worker in self.world.waiting()}
        leased = {lease.worker for lease in context.workers.leases} - ordered
        assert leased == {worker.name for worker in self.world.living() if worker.session}

    def _stored(self, prompt: str) -> PromptRow | None:
        self.world.journal.perform(FindPrompt(0, prompt))
        answer = self.world._answers.get(timeout=10)
        assert isinstance(answer, Found)
        assert answer.row is None or isinstance(answer.row, PromptRow)
        return answer.row

    def _log(self, session: str, after: int) -> list[bytes]:
        self.world.journal.perform(Load(0, session, after, 1 << 30))
        answer = self.world._answers.get(timeout=10)
        assert isinstance(answer, Loaded)
        return events_after(list(answer.rows), after)


Life.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestLife = Life.TestCase
