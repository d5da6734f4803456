"""The launcher against the real zygote and real worker processes."""

import asyncio
import ctypes
import os
import secrets
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from claude_remote import bus, processes
from claude_remote.processes import Process
from claude_remote_broker import launcher as module
from claude_remote_broker import remains, zygote, zygote_keeper
from claude_remote_broker.launcher import Launcher
from claude_remote_broker.ports import (
    Event,
    Kill,
    Launch,
    LaunchFailed,
    WorkerExited,
    WorkerLaunched,
    WorkersKnown,
)
from claude_remote_broker.worker_plan import WorkerPlan
from claude_remote_broker.zygote_keeper import ZygotePlan

pytestmark = pytest.mark.e2e

_PR_SET_CHILD_SUBREAPER = 36

E = TypeVar("E", bound=Event)


class Broker:
    """What a launcher needs, and what it told."""

    def __init__(self, folder: Path, state_id: str, build: str = "") -> None:
        self.socket = folder / "zygote.sock"
        self.told: asyncio.Queue[Event] = asyncio.Queue()
        plan = WorkerPlan(
            bus=folder / "bus.sock",
            spill=folder / "spill",
            claude=Path("/bin/false"),
            state_id=state_id,
            environment={"PATH": os.environ["PATH"]},
        )
        zygotes = ZygotePlan(self.socket, os.environ, folder / "workers.log", build)
        self.launcher = Launcher(zygotes, plan, self.told.put_nowait)
        self.keeper = self.launcher._zygote

    async def next(self, kind: type[E]) -> E:
        event = await asyncio.wait_for(self.told.get(), 20)
        assert isinstance(event, kind), event
        return event

    async def launch(self, worker: str) -> WorkerLaunched:
        self.launcher.launch(Launch(worker, "token", f"session of {worker}", 1))
        launched = await self.next(WorkerLaunched)
        assert launched.worker == worker
        return launched

    def vanish(self) -> None:
        """As a SIGKILL of the broker: the link is cut, nothing is said."""
        self.stand_still()
        if self.keeper._link is not None:
            self.keeper._link.close()

    def stand_still(self) -> None:
        """From now on it does nothing of what it would do when it loses something."""
        self.launcher._stopping = self.keeper._stopping = True


@asynccontextmanager
async def cleaning_up(folder: Path, state_id: str) -> AsyncIterator[Callable[..., Broker]]:
    brokers: list[Broker] = []

    def new(build: str = "") -> Broker:
        brokers.append(Broker(folder, state_id, build))
        return brokers[-1]

    try:
        yield new
    finally:
        for broker in brokers:
            broker.vanish()
        family = zygote.find_family(folder / "zygote.sock")
        left = [*family, *processes.find_marked(f"{state_id}.")]
        assert not processes.kill_tree(left)
        children = [broker.keeper._child for broker in brokers if broker.keeper._child]
        assert all(child.wait(5) for child in children)


def play(tmp_path: Path, scene: Callable[[Callable[[], Broker]], Awaitable[None]]) -> None:
    state_id = secrets.token_hex(8)

    async def run() -> None:
        async with cleaning_up(tmp_path, state_id) as new:
            await scene(new)

    asyncio.run(run())


def alive(launched: WorkerLaunched) -> bool:
    return processes.is_alive(Process(launched.pid, launched.started))


def as_ready(launched: WorkerLaunched, session: str | None = None) -> bus.Ready:
    return bus.Ready(
        token="t",
        worker=launched.worker,
        pid=launched.pid,
        started=launched.started,
        session=session,
        epoch=0 if session is None else 1,
    )


def marked_sleeper(broker: Broker, session: str = "s") -> subprocess.Popen[bytes]:
    marker = processes.lease_marker(broker.launcher._plan.state_id, session, 1)
    return subprocess.Popen(
        ["sleep", "600"],
        env={processes.LEASE_VARIABLE: marker, "PATH": os.environ["PATH"]},
        start_new_session=True,
    )


def test_a_worker_is_launched_killed_and_seen_gone(tmp_path: Path) -> None:
    async def scene(new: Callable[[], Broker]) -> None:
        broker = new()
        await broker.launcher.start()
        await broker.next(WorkersKnown)
        launched = await broker.launch("w1")
        assert alive(launched)
        assert broker.launcher.is_ours(launched.pid)
        assert broker.launcher.is_ours(broker.launcher.zygote_pid)
        broker.launcher.kill(Kill("w1"))
        broker.launcher.kill(Kill("w1"))
        assert await broker.next(WorkerExited) == WorkerExited("w1")
        assert not alive(launched)
        await broker.launcher.stop(5)
        assert not zygote.find_family(broker.socket)
        assert broker.told.empty()

    play(tmp_path, scene)


def test_what_is_commanded_before_there_is_a_zygote_is_done_when_there_is(tmp_path: Path) -> None:
    async def scene(new: Callable[[], Broker]) -> None:
        broker = new()
        broker.launcher.launch(Launch("one", "token"))
        broker.launcher.launch(Launch("two", "token"))
        broker.launcher.kill(Kill("two"))
        await broker.launcher.start()
        # One that was to be killed before it could be started need not be started first.
        missing = {(WorkerLaunched, "one"), (WorkerExited, "two")}
        while missing:
            event = await asyncio.wait_for(broker.told.get(), 20)
            if isinstance(event, WorkerLaunched | WorkerExited):
                missing.discard((type(event), event.worker))

    play(tmp_path, scene)


def test_a_worker_that_dies_by_itself_is_told(tmp_path: Path) -> None:
    async def scene(new: Callable[[], Broker]) -> None:
        broker = new()
        await broker.launcher.start()
        await broker.next(WorkersKnown)
        launched = await broker.launch("w1")
        os.kill(launched.pid, signal.SIGKILL)
        assert await broker.next(WorkerExited) == WorkerExited("w1")

    play(tmp_path, scene)


def test_a_new_broker_adopts_the_workers_of_the_old_one(tmp_path: Path) -> None:
    async def scene(new: Callable[[], Broker]) -> None:
        old = new()
        await old.launcher.start()
        await old.next(WorkersKnown)
        launched = {(await old.launch(name)).worker for name in ("w1", "w2")}
        pid = old.launcher.zygote_pid
        old.vanish()
        broker = new()
        await broker.launcher.start()
        assert broker.launcher.zygote_pid == pid
        adopted = [await broker.next(WorkerLaunched) for _ in launched]
        assert {each.worker for each in adopted} == launched
        await broker.next(WorkersKnown)
        assert all(map(alive, adopted))
        await broker.launcher.stop(5)
        assert not any(map(alive, adopted))

    play(tmp_path, scene)


def test_after_an_update_workers_go_on_and_new_ones_are_of_the_new_build(tmp_path: Path) -> None:
    async def scene(new: Callable[..., Broker]) -> None:
        old = new("1.0")
        await old.launcher.start()
        await old.next(WorkersKnown)
        await old.launch("old")
        pid = old.launcher.zygote_pid
        await old.launcher.leave()
        same = new("1.0")
        await same.launcher.start()
        assert same.launcher.zygote_pid == pid
        await same.launcher.leave()
        updated = new("1.1")
        await updated.launcher.start()
        assert updated.launcher.zygote_pid not in {0, pid}
        adopted = await updated.next(WorkerLaunched)
        await updated.next(WorkersKnown)
        assert (adopted.worker, alive(adopted)) == ("old", True)
        assert processes.find_process(pid) is None
        young = await updated.launch("young")
        updated.launcher.kill(Kill("old"))
        assert await updated.next(WorkerExited) == WorkerExited("old")
        assert (alive(adopted), alive(young)) == (False, True)
        await updated.launcher.stop(5)
        assert not alive(young)

    play(tmp_path, scene)


def test_workers_outlive_their_zygote_and_a_new_one_serves(tmp_path: Path) -> None:
    async def scene(new: Callable[[], Broker]) -> None:
        broker = new()
        await broker.launcher.start()
        await broker.next(WorkersKnown)
        orphan = await broker.launch("orphan")
        other = await broker.launch("other")
        old_zygote = broker.launcher.zygote_pid
        os.kill(old_zygote, signal.SIGKILL)
        await broker.next(WorkersKnown)
        assert broker.launcher.zygote_pid not in {0, old_zygote}
        assert alive(orphan)
        young = await broker.launch("young")
        # Killed by hand, for no zygote knows it.
        broker.launcher.kill(Kill("orphan"))
        assert await broker.next(WorkerExited) == WorkerExited("orphan")
        assert not alive(orphan)
        # Dead by itself, seen by looking.
        os.kill(other.pid, signal.SIGKILL)
        while broker.told.empty():
            broker.launcher.tick()
            await asyncio.sleep(0.01)
        assert await broker.next(WorkerExited) == WorkerExited("other")
        assert alive(young)
        await broker.launcher.stop(5)
        assert not alive(young)

    play(tmp_path, scene)


def test_what_was_being_started_when_the_zygote_died_has_failed(tmp_path: Path) -> None:
    async def scene(new: Callable[[], Broker]) -> None:
        broker = new()
        await broker.launcher.start()
        await broker.next(WorkersKnown)
        os.kill(broker.launcher.zygote_pid, signal.SIGSTOP)
        broker.launcher.launch(Launch("w1", "token"))
        os.kill(broker.launcher.zygote_pid, signal.SIGKILL)
        assert (await broker.next(LaunchFailed)).worker == "w1"
        await broker.next(WorkersKnown)
        await broker.launch("w2")

    play(tmp_path, scene)


def test_a_zygote_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zygote_keeper, "ORDER_TIMEOUT", 0.2)

    async def scene(new: Callable[[], Broker]) -> None:
        broker = new()
        await broker.launcher.start()
        await broker.next(WorkersKnown)
        hung = broker.launcher.zygote_pid
        os.kill(hung, signal.SIGSTOP)
        broker.launcher.launch(Launch("w1", "token"))
        while broker.told.empty():
            broker.launcher.tick()
            await asyncio.sleep(0.01)
        assert (await broker.next(LaunchFailed)).worker == "w1"
        await broker.next(WorkersKnown)
        assert broker.launcher.zygote_pid != hung

    play(tmp_path, scene)


def test_a_zygote_that_hangs_when_the_broker_starts_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zygote, "ANSWER_TIMEOUT", 2.0)

    async def scene(new: Callable[[], Broker]) -> None:
        old = new()
        await old.launcher.start()
        hung = old.launcher.zygote_pid
        os.kill(hung, signal.SIGSTOP)
        old.vanish()
        broker = new()
        await broker.launcher.start()
        await broker.next(WorkersKnown)
        assert broker.launcher.zygote_pid != hung

    play(tmp_path, scene)


def test_after_broker_and_zygote_died_orphans_name_themselves_or_are_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(new: Callable[[], Broker]) -> None:
        old = new()
        await old.launcher.start()
        await old.next(WorkersKnown)
        speaks, silent = await old.launch("speaks"), await old.launch("silent")
        old.stand_still()
        os.kill(old.launcher.zygote_pid, signal.SIGKILL)
        old.vanish()
        monkeypatch.setattr(module, "ORPHANS_TIMEOUT", 0.5)
        broker = new()
        starting = asyncio.ensure_future(broker.launcher.start())
        broker.launcher.meet(as_ready(speaks))
        assert (await broker.next(WorkerLaunched)).worker == "speaks"
        await starting
        await broker.next(WorkersKnown)
        assert alive(speaks)
        assert not alive(silent)

    play(tmp_path, scene)


def test_orphans_that_do_not_speak_are_ended_also_while_another_worker_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have claudes: whoever gets their sessions next would be a second owner."""

    async def scene(new: Callable[[], Broker]) -> None:
        old = new()
        await old.launcher.start()
        await old.next(WorkersKnown)
        silent = await old.launch("silent")
        os.kill(silent.pid, signal.SIGSTOP)
        old.stand_still()
        mother = processes.find_process(old.launcher.zygote_pid)
        os.kill(old.launcher.zygote_pid, signal.SIGKILL)
        old.vanish()
        assert processes.wait_until_gone(mother, 20)
        monkeypatch.setattr(module, "ORPHANS_TIMEOUT", 0.5)
        broker = new()
        broker.launcher.launch(Launch("young", "token"))
        await broker.launcher.start()
        young = await broker.next(WorkerLaunched)
        await broker.next(WorkersKnown)
        assert alive(young)
        assert not alive(silent)

    play(tmp_path, scene)


def test_so_they_are_where_they_become_our_own_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those of the first process of a container."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    try:
        test_orphans_that_do_not_speak_are_ended_also_while_another_worker_is_started(tmp_path, monkeypatch)
    finally:
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 0)


@pytest.mark.parametrize("adopted", [False, True])
def test_what_hangs_in_the_kernel_holds_up_its_own_lease_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, adopted: bool
) -> None:
    monkeypatch.setattr(module, "KILL_PATIENCE", 0.1)
    monkeypatch.setattr(remains, "KILL_PATIENCE", 0.1)
    monkeypatch.setattr(module, "_BURY_AGAIN", 0.1)
    hanging: set[int] = set()
    send_signal = processes.send_signal
    monkeypatch.setattr(
        processes,
        "send_signal",
        lambda process, number: process.pid in hanging or send_signal(process, number),
    )

    async def scene(new: Callable[[], Broker]) -> None:
        broker = new()
        await broker.launcher.start()
        await broker.next(WorkersKnown)
        launched = [await broker.launch("held up"), await broker.launch("free")]
        if adopted:
            broker.vanish()
            broker = new()
            await broker.launcher.start()
            assert {(await broker.next(WorkerLaunched)).worker for _ in launched} == {"held up", "free"}
            await broker.next(WorkersKnown)
            for each in launched:
                ready = as_ready(each, session=f"session of {each.worker}")
                broker.launcher.meet(ready)
        os.kill(broker.launcher.zygote_pid, signal.SIGKILL)
        await broker.next(WorkersKnown)
        left = marked_sleeper(broker, "session of held up")
        hanging.add(left.pid)
        for each in launched:
            broker.launcher.kill(Kill(each.worker))
        assert await broker.next(WorkerExited) == WorkerExited("free")
        assert broker.told.empty()
        hanging.clear()
        assert await broker.next(WorkerExited) == WorkerExited("held up")
        assert left.wait(10) == -signal.SIGKILL

    play(tmp_path, scene)


@pytest.mark.parametrize("zygote_lives", [True, False])
def test_one_that_is_to_be_killed_before_it_was_found_is_told_gone_when_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, zygote_lives: bool
) -> None:
    monkeypatch.setattr(module, "ORPHANS_TIMEOUT", 0.5)

    async def scene(new: Callable[[], Broker]) -> None:
        old = new()
        await old.launcher.start()
        await old.next(WorkersKnown)
        worker = await old.launch("w1")
        old.stand_still()
        if not zygote_lives:
            os.kill(old.launcher.zygote_pid, signal.SIGKILL)
        old.vanish()
        broker = new()
        broker.launcher.kill(Kill("w1"))
        starting = asyncio.ensure_future(broker.launcher.start())
        while True:
            event = await asyncio.wait_for(broker.told.get(), 20)
            if isinstance(event, WorkerExited):
                break
        assert not alive(worker)
        await starting

    play(tmp_path, scene)


def test_nobody_is_killed_because_a_stranger_names_his_pid(tmp_path: Path) -> None:
    async def scene(new: Callable[[], Broker]) -> None:
        broker = new()
        await broker.launcher.start()
        await broker.next(WorkersKnown)
        victim = subprocess.Popen(["sleep", "600"])  # noqa: ASYNC220  a victim
        try:
            process = processes.find_process(victim.pid)
            assert process is not None
            broker.launcher.meet(bus.Ready(token="t", worker="w", pid=process.pid, started=process.started))
            broker.launcher.kill(Kill("w"))
            assert await broker.next(WorkerExited) == WorkerExited("w")
            assert victim.poll() is None
        finally:
            victim.kill()
            victim.wait()

    play(tmp_path, scene)


def test_at_the_start_what_dead_leases_left_is_ended(tmp_path: Path) -> None:
    async def scene(new: Callable[[], Broker]) -> None:
        broker = new()
        left = marked_sleeper(broker)
        await broker.launcher.start()
        await broker.next(WorkersKnown)
        assert left.wait(10) == -signal.SIGKILL

    play(tmp_path, scene)


def test_what_died_in_the_life_before_is_reaped(tmp_path: Path) -> None:
    """A zygote that dies while the server executes itself anew is nobody's child but ours."""

    async def scene(new: Callable[[], Broker]) -> None:
        dead = subprocess.Popen(["true"])  # noqa: ASYNC220  nobody waits for it
        while processes.find_process(dead.pid) is not None:  # noqa: ASYNC110  /proc tells nobody
            await asyncio.sleep(0.01)
        broker = new()
        broker.launcher.tick()
        dead.returncode = 0
        assert dead.pid not in processes.snapshot()

    play(tmp_path, scene)


def test_at_the_end_nothing_is_left(tmp_path: Path) -> None:
    async def scene(new: Callable[[], Broker]) -> None:
        broker = new()
        await broker.launcher.start()
        launched = await broker_launch_after_known(broker)
        os.kill(broker.launcher.zygote_pid, signal.SIGSTOP)  # it will not help
        left = marked_sleeper(broker)
        await broker.launcher.stop(0.2)
        assert left.wait(10) == -signal.SIGKILL
        assert not alive(launched)
        assert not zygote.find_family(broker.socket)

    async def broker_launch_after_known(broker: Broker) -> WorkerLaunched:
        await broker.next(WorkersKnown)
        return await broker.launch("w1")

    play(tmp_path, scene)


def stranger_called_zygote(socket: Path) -> subprocess.Popen[bytes]:
    words = ["sh", "-c", "sleep 60; true", "claude_remote_workers.zygote", str(socket)]
    return subprocess.Popen(words, executable="/bin/sh", user=65534)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_who_only_calls_itself_a_zygote_is_left_alone(tmp_path: Path) -> None:
    async def scene(new: Callable[[], Broker]) -> None:
        broker = new()
        with stranger_called_zygote(broker.socket) as stranger:
            try:
                await broker.launcher.start()
                await broker.next(WorkersKnown)
                await broker.launcher.stop(5)
                assert stranger.poll() is None
            finally:
                assert not processes.kill_tree([_process(stranger.pid)])

    play(tmp_path, scene)


def _process(pid: int) -> Process:
    found = processes.find_process(pid)
    assert found is not None
    return found


def test_a_worker_that_has_spoken_lives_though_its_zygote_died_before_it_could_tell(tmp_path: Path) -> None:
    """It may have been given its lease by then: another worker would be a second owner."""

    async def scene(new: Callable[[], Broker]) -> None:
        broker = new()
        await broker.launcher.start()
        await broker.next(WorkersKnown)
        link = broker.keeper._link
        assert link is not None
        link._report = lambda _: None  # what it says gets lost
        mother = broker.launcher.zygote_pid
        broker.launcher.launch(Launch("w-1", "token"))
        while len(family := zygote.find_family(broker.socket)) < 2:  # noqa: ASYNC110  /proc tells nobody
            await asyncio.sleep(0.01)
        (worker,) = [process for process in family if process.pid != mother]
        broker.launcher.meet(bus.Ready(token="t", worker="w-1", pid=worker.pid, started=worker.started))
        await broker.next(WorkerLaunched)
        os.kill(mother, signal.SIGKILL)
        # No LaunchFailed.
        await broker.next(WorkersKnown)
        assert processes.is_alive(worker)
        broker.launcher.kill(Kill("w-1"))
        assert await broker.next(WorkerExited) == WorkerExited("w-1")
        assert not processes.is_alive(worker)

    play(tmp_path, scene)


def test_a_zygote_that_dies_before_it_has_told_its_workers_is_replaced(tmp_path: Path) -> None:
    async def scene(new: Callable[[], Broker]) -> None:
        first = new()
        await first.launcher.start()
        await first.next(WorkersKnown)
        dying = first.launcher.zygote_pid
        first.vanish()
        second = new()
        listing = second.keeper._list

        async def list_too_late() -> bool:
            second.keeper._list = listing  # type: ignore[method-assign]
            os.kill(dying, signal.SIGKILL)
            while second.keeper._link is not None:  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0.01)
            return False

        second.keeper._list = list_too_late  # type: ignore[method-assign]
        await second.launcher.start()
        await second.next(WorkersKnown)
        assert second.launcher.zygote_pid not in {0, dying}

    play(tmp_path, scene)
