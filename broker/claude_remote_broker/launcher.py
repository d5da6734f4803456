"""Workers as processes: started by the zygote, adopted by a new broker, killed and seen gone.

Usually the zygote does the work, for it is the parent. When a zygote has died its workers live on, and have
nobody but us: they are found by its command line, named by their Ready on the bus, watched, and killed by
hand. What claude's tools leave behind is found by the lease marker. `WorkerExited` is told only of what is
proven gone.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from claude_remote import bus, codec, processes
from claude_remote import launch as orders
from claude_remote.processes import Process
from claude_remote_broker import tasks, zygote
from claude_remote_broker.failure import Failure
from claude_remote_broker.ports import (
    Event,
    Kill,
    Launch,
    LaunchFailed,
    WorkerExited,
    WorkerLaunched,
    WorkersKnown,
)
from claude_remote_broker.remains import KILL_PATIENCE, Remains
from claude_remote_broker.worker_plan import WorkerPlan

log = logging.getLogger(__name__)

# An order that is not answered in this time means that the zygote hangs.
ORDER_TIMEOUT = 10.0
# How long orphans have to say on the bus who they are; a worker knocks about once a second.
ORPHANS_TIMEOUT = 4.0
_PAUSE_FIRST, _PAUSE_MOST = 0.1, 5.0


class Launcher:
    """Performs Launch and Kill; `deliver` gets what came of them. Runs on the loop, kills off it."""

    def __init__(
        self,
        socket: Path,
        plan: WorkerPlan,
        environ: Mapping[str, str],
        logs: Path,
        deliver: Callable[[Event], None],
        *,
        build: str = "",
    ) -> None:
        """`build` names the code that workers are forked from: a zygote of another build forks no more."""
        self._build = build
        self._zygote_build = ""
        self._socket = socket
        self._plan = plan
        self._environ = environ
        self._logs = logs
        self._deliver = deliver
        self._remains = Remains(socket, plan.state_id, plan.spill)
        self._payload = codec.pack_environment(plan.environment)
        self._child: zygote.ZygoteProcess | None = None
        self._link: zygote.ZygoteLink | None = None
        self._workers: dict[str, Process] = {}
        self._forked: set[str] = set()  # by the zygote that we are linked to: it watches them
        self._starting: dict[str, Launch] = {}
        self._killing: set[str] = set()
        self._began = time.clock_gettime(time.CLOCK_BOOTTIME)  # as processes tell their start
        self._settled = False  # it is known who lives of what the server's lives before have started
        self._listed: asyncio.Future[None] | None = None
        self._waiting_since: float | None = None  # for the answer to an order
        self._supervisor: asyncio.Task[None] | None = None
        self._unlinked = asyncio.Event()
        # What we have not executed in this life, but perhaps have to reap.
        self._found = zygote.inherited(socket)
        self._reaching = False
        self._stopping = False

    @property
    def zygote_pid(self) -> int:
        """Of the zygote we are linked to; 0 when there is none."""
        return 0 if self._link is None else self._link.pid

    def is_ours(self, pid: int) -> bool:
        """Whether this pid is the zygote's or a worker's."""
        return pid == self.zygote_pid or any(process.pid == pid for process in self._workers.values())

    # --- life ------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Reach a zygote, adopt what lives, clear away what does not. Ends with WorkersKnown.

        Raises Failure when no zygote can be had. The bus must be open: orphans name themselves there.
        """
        await self._reach()
        if self._link is None:  # it has died again
            self._supervise()
            return
        self._order_again()
        await self._settle()

    def tick(self) -> None:
        """To be called about once a second."""
        self._found -= {pid for pid in self._found if zygote.is_reaped(pid)}
        now = asyncio.get_running_loop().time()
        if self._waiting_since is not None and now - self._waiting_since > ORDER_TIMEOUT and self._link:
            log.error("the zygote (pid %d) hangs; ending it, its workers live on", self._link.pid)
            zygote.kill_hung(self._link.pid)
            self._link.close()
        for worker in self._workers.keys() - self._forked - self._killing:
            if not processes.is_alive(self._workers[worker]):
                self._killing.add(worker)
                tasks.spawn(self._bury(worker), f"bury {worker}")

    async def stop(self, patience: float) -> None:
        """End the zygote, every worker and everything below them: asked for, then by hand."""
        self._stopping = True
        if self._supervisor is not None:
            await tasks.end(self._supervisor)
        if self._link is not None:
            ending = processes.find_process(self._link.pid)
            self._link.send(orders.Quit())
            with suppress(TimeoutError):
                await asyncio.wait_for(self._unlinked.wait(), patience)
                # It hangs up a moment before it ends; what is to outlive it is below it until then.
                await asyncio.to_thread(processes.wait_until_gone, ending, patience)
        await asyncio.to_thread(self._remains.kill_everything)
        if self._child is not None and not await asyncio.to_thread(self._child.wait, KILL_PATIENCE):
            log.error("the zygote (pid %d) cannot be ended", self._child.popen.pid)

    async def leave(self) -> None:
        """Leave zygote and workers to the server's next life."""
        self._stopping = True
        if self._supervisor is not None:
            await tasks.end(self._supervisor)
        if self._link is not None:
            self._link.close()
        if self._child is not None:
            self._child.let_go()

    # --- commands --------------------------------------------------------------------------------------

    def launch(self, command: Launch) -> None:
        """Start a worker: WorkerLaunched or LaunchFailed follows."""
        self._starting[command.worker] = command
        self._order(self._plan.order(command), self._payload)

    def kill(self, command: Kill) -> None:
        """Kill a worker and its tree: WorkerExited follows."""
        worker = command.worker
        if worker in self._killing:
            return
        self._killing.add(worker)
        self._end(worker)

    def _end(self, worker: str) -> None:
        if worker in self._forked or worker in self._starting:
            # Orders are carried out in turn: a worker that is still being started is there by then.
            self._order(orders.Kill(worker=worker))
        elif self._settled:
            tasks.spawn(self._bury(worker), f"kill {worker}")
        # Otherwise it may live, and has not said yet which process it is.

    def meet(self, ready: bus.Ready) -> None:
        """A worker has said on the bus who it is. News if its zygote has died; then WorkerLaunched."""
        if ready.worker in self._workers:
            return
        process = Process(ready.pid, ready.started)
        # Only what looks like a worker of ours: killing by a pid that a stranger names would be its weapon.
        # One that is being started was faster than the zygote's report.
        if ready.worker in self._starting or process in zygote.find_family(self._socket):
            self._add(ready.worker, process)

    # --- the zygote ------------------------------------------------------------------------------------

    async def _reach(self) -> None:
        """Connect to the zygote that runs, or execute one; then hear from it which workers it has."""
        self._reaching = True
        try:
            await self._reach_now()
        finally:
            self._reaching = False

    async def _reach_now(self) -> None:
        self._link = await zygote.connect(self._socket, self._reported, self._lost)
        link = self._link
        if link is not None and (self._child is None or self._child.popen.pid != link.pid):
            self._found.add(link.pid)
        if link is not None and not await self._list() and self._link is link:
            log.error("the zygote (pid %d) does not answer; ending it", link.pid)
            zygote.kill_hung(link.pid)
            self._unlink()
        if self._link is not None and self._zygote_build != self._build:
            log.info("the zygote (pid %d) is of another build: its workers go on without it", self._link.pid)
            old = self._link.pid
            self._unlink()
            await asyncio.to_thread(zygote.end, old)
        if self._link is None:
            if self._child is not None:
                await asyncio.to_thread(self._child.wait, KILL_PATIENCE)
            self._child, self._link = await zygote.execute(
                self._socket, self._environ, self._logs, self._reported, self._lost, build=self._build
            )
            if not await self._list():
                raise Failure("the worker launcher came up but does not answer")

    def _unlink(self) -> None:
        """Its workers have nobody but us from now on."""
        old, self._link = self._link, None
        self._forked.clear()
        self._waiting_since = None
        if old is not None:
            old.close()

    async def _list(self) -> bool:
        self._listed = asyncio.get_running_loop().create_future()
        self._order(orders.List())
        try:
            await asyncio.wait_for(self._listed, zygote.ANSWER_TIMEOUT)
        except TimeoutError:
            return False
        finally:
            self._listed = None
        return True

    async def _settle(self) -> None:
        """Name the orphans, end what cannot be named, clear away what leases left; then WorkersKnown."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + ORPHANS_TIMEOUT
        while (unknown := await asyncio.to_thread(self._unknown)) and loop.time() < deadline:  # noqa: ASYNC110  /proc tells nobody
            await asyncio.sleep(0.05)  # for what the bus brings
        if unknown:
            log.warning("ending workers that do not speak: %s", [process.pid for process in unknown])
            await asyncio.to_thread(processes.kill_tree, unknown, None, KILL_PATIENCE)
        await asyncio.to_thread(self._remains.clear)
        if self._stopping:
            return
        if not self._settled:
            self._settled = True
            for worker in [*self._killing]:
                self._end(worker)
        self._deliver(WorkersKnown())

    def _unknown(self) -> list[Process]:
        """Of the zygotes' family, who has neither been listed nor spoken. Runs in a thread."""
        known = {process.pid for process in list(self._workers.values())}
        return zygote.find_unknown(self._socket, self.zygote_pid, known, self._began)

    def _lost(self, link: zygote.ZygoteLink) -> None:
        """The link is gone: the zygote has died, or was ended because it hung."""
        if link is not self._link:
            return
        self._link = None
        self._unlinked.set()
        self._waiting_since = None
        self._forked.clear()
        if self._stopping:
            return
        log.warning("the zygote (pid %d) is gone; its workers live on", link.pid)
        for worker in [*self._starting]:
            del self._starting[worker]
            if worker in self._workers:
                continue  # it was faster than the zygote's report, and may have its lease
            # It may have been forked all the same; then nobody gives it a lease, and it ends by itself.
            self._killing.discard(worker)
            self._deliver(LaunchFailed(worker, "the process that starts workers died"))
        for worker in [*self._killing]:
            self._end(worker)
        if not self._reaching:  # otherwise who reaches for one goes on with another
            self._supervise()

    def _supervise(self) -> None:
        if self._supervisor is None or self._supervisor.done():
            self._supervisor = tasks.spawn(self._restore(), "zygote")

    async def _restore(self) -> None:
        pause = _PAUSE_FIRST
        while self._link is None:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _PAUSE_MOST)
            try:
                await self._reach()
            except (Failure, OSError) as error:
                log.warning("no zygote: %s; trying again", error)
                self._fail_starting(str(error))
                continue
            self._order_again()
            await self._settle()

    def _order_again(self) -> None:
        """What was commanded while there was no zygote to do it."""
        for command in self._starting.values():
            self._order(self._plan.order(command), self._payload)
        for worker in self._starting.keys() & self._killing:
            self._order(orders.Kill(worker=worker))

    def _fail_starting(self, reason: str) -> None:
        for worker in [*self._starting]:
            del self._starting[worker]
            self._deliver(LaunchFailed(worker, reason))

    def _order(self, order: orders.AnyOrder, payload: bytes = b"") -> None:
        if self._link is None:
            return
        if self._waiting_since is None:
            self._waiting_since = asyncio.get_running_loop().time()
        self._link.send(order, payload)

    # --- reports ---------------------------------------------------------------------------------------

    def _reported(self, report: orders.AnyReport) -> None:
        self._waiting_since = None
        if isinstance(report, orders.Workers):
            self._listed_by_zygote(report)
            if self._listed is not None and not self._listed.done():
                self._listed.set_result(None)
        elif isinstance(report, orders.Forked):
            self._starting.pop(report.worker, None)
            self._forked.add(report.worker)
            self._add(report.worker, Process(report.pid, report.started))
        elif isinstance(report, orders.ForkFailed):
            self._killing.discard(report.worker)
            if self._starting.pop(report.worker, None) is not None:
                self._deliver(LaunchFailed(report.worker, report.reason))
        else:
            self._gone(report.worker)

    def _listed_by_zygote(self, report: orders.Workers) -> None:
        self._zygote_build = report.build
        for forked in report.workers:
            self._forked.add(forked.worker)
            self._add(forked.worker, Process(forked.pid, forked.started))
        # It answers so, too, when it was to kill one that is not its own.
        listed = {forked.worker for forked in report.workers}
        for worker in (self._forked | (self._starting.keys() & self._killing)) - listed:
            self._forked.discard(worker)
            if worker in self._killing:
                self._starting.pop(worker, None)
                self._end(worker)

    def _add(self, worker: str, process: Process) -> None:
        if worker not in self._workers:
            self._workers[worker] = process
            self._deliver(WorkerLaunched(worker, process.pid, process.started))

    def _gone(self, worker: str) -> None:
        self._forked.discard(worker)
        self._killing.discard(worker)
        self._workers.pop(worker, None)
        if not self._stopping:
            tasks.spawn(asyncio.to_thread(self._remains.remove_files), "spill")
            self._deliver(WorkerExited(worker))

    # --- by hand ---------------------------------------------------------------------------------------

    async def _bury(self, worker: str) -> None:
        """Kill a worker that no zygote watches, and what its lease left; told when nothing of it is left.

        One that has not said which process it is, is any that has not.
        """
        process = self._workers.get(worker)
        while not self._stopping:
            roots = [process] if process is not None else await asyncio.to_thread(self._unknown)
            left = await asyncio.to_thread(processes.kill_tree, roots, None, KILL_PATIENCE)
            left += await asyncio.to_thread(self._remains.clear)
            if not left:
                self._gone(worker)
                return
            log.error("cannot end %s of worker %s; trying again", [each.pid for each in left], worker)
            await asyncio.sleep(_PAUSE_MOST)
