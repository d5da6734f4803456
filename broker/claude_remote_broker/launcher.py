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
from collections.abc import Callable

from claude_remote import bus, codec, processes
from claude_remote import launch as orders
from claude_remote.processes import Process
from claude_remote_broker import tasks, zygote
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
from claude_remote_broker.zygote_keeper import ZygoteKeeper, ZygotePlan

log = logging.getLogger(__name__)

# How long orphans have to say on the bus who they are; a worker knocks about once a second.
ORPHANS_TIMEOUT = 4.0
_BURY_AGAIN = 5.0


class Launcher:
    """Performs Launch and Kill; `deliver` gets what came of them. Runs on the loop, kills off it."""

    def __init__(self, zygotes: ZygotePlan, plan: WorkerPlan, deliver: Callable[[Event], None]) -> None:
        self._zygote = ZygoteKeeper(zygotes, self)
        self._socket = zygotes.socket
        self._plan = plan
        self._deliver = deliver
        self._remains = Remains(zygotes.socket, plan.state_id, plan.spill)
        self._payload = codec.pack_environment(plan.environment)
        self._workers: dict[str, Process] = {}
        self._markers: dict[str, str] = {}  # of their leases, of those that are known
        self._forked: set[str] = set()  # by the zygote that we are linked to: it watches them
        self._starting: dict[str, Launch] = {}
        self._killing: set[str] = set()
        self._began = time.clock_gettime(time.CLOCK_BOOTTIME)  # as processes tell their start
        self._settled = False  # it is known who lives of what the server's lives before have started
        self._stopping = False

    @property
    def zygote_pid(self) -> int:
        """Of the zygote we are linked to; 0 when there is none."""
        return self._zygote.pid

    def is_ours(self, pid: int) -> bool:
        """Whether this pid is the zygote's or a worker's."""
        return pid == self.zygote_pid or any(process.pid == pid for process in self._workers.values())

    # --- life ------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Reach a zygote, adopt what lives, clear away what does not. Ends with WorkersKnown.

        Raises Failure when no zygote can be had. The bus must be open: orphans name themselves there.
        """
        if await self._zygote.reach():
            await self.restored()

    def tick(self) -> None:
        """To be called about once a second."""
        self._zygote.tick()
        for worker in self._workers.keys() - self._forked - self._killing:
            if not processes.is_alive(self._workers[worker]):
                self._killing.add(worker)
                tasks.spawn(self._bury(worker), f"bury {worker}")

    async def stop(self, patience: float) -> None:
        """End the zygote, every worker and everything below them: asked for, then by hand."""
        self._stopping = True
        await self._zygote.quit(patience)
        await asyncio.to_thread(self._remains.kill_everything)
        await self._zygote.reap()

    async def leave(self) -> None:
        """Leave zygote and workers to the server's next life."""
        self._stopping = True
        await self._zygote.leave()

    # --- commands --------------------------------------------------------------------------------------

    def launch(self, command: Launch) -> None:
        """Start a worker: WorkerLaunched or LaunchFailed follows."""
        self._starting[command.worker] = command
        self._markers[command.worker] = self._plan.marker(command)
        self._zygote.order(self._plan.order(command), self._payload)

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
            self._zygote.order(orders.Kill(worker=worker))
        elif self._settled:
            tasks.spawn(self._bury(worker), f"kill {worker}")
        # Otherwise it may live, and has not said yet which process it is.

    def meet(self, ready: bus.Ready) -> None:
        """A worker has said on the bus who it is. News if its zygote has died; then WorkerLaunched."""
        worker, process = ready.worker, Process(ready.pid, ready.started)
        # Only what looks like a worker of ours: killing by a pid that a stranger names would be its weapon.
        # One that is being started was faster than the zygote's report.
        if worker not in self._workers and (
            worker in self._starting or process in zygote.find_family(self._socket)
        ):
            self._add(worker, process)
        if ready.session is not None and self._workers.get(worker) == process:
            self._markers.setdefault(worker, self._plan.marker_of(ready.session, ready.epoch))

    # --- what the keeper of the zygote tells -----------------------------------------------------------

    def unlinked(self) -> None:
        """See Listener."""
        self._forked.clear()

    def lost(self) -> None:
        """See Listener."""
        self.unlinked()
        for worker in [*self._starting]:
            if worker in self._workers:
                del self._starting[worker]  # it was faster than the zygote's report, and may have its lease
            else:
                # It may have been forked all the same; then nobody gives it a lease, and it ends by itself.
                self._killing.discard(worker)
                self._failed(worker, "the process that starts workers died")
        for worker in [*self._killing]:
            self._end(worker)

    def unreachable(self, reason: str) -> None:
        """See Listener."""
        for worker in [*self._starting]:
            self._failed(worker, reason)

    async def restored(self) -> None:
        """There is a zygote: give it what was commanded without one, and find out who lives."""
        for command in self._starting.values():
            self._zygote.order(self._plan.order(command), self._payload)
        for worker in self._starting.keys() & self._killing:
            self._zygote.order(orders.Kill(worker=worker))
        await self._settle()

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

    # --- reports ---------------------------------------------------------------------------------------

    def reported(self, report: orders.AnyReport) -> None:
        """See Listener."""
        if isinstance(report, orders.Workers):
            self._listed_by_zygote(report)
        elif isinstance(report, orders.Forked):
            self._starting.pop(report.worker, None)
            self._forked.add(report.worker)
            self._add(report.worker, Process(report.pid, report.started))
        elif isinstance(report, orders.ForkFailed):
            self._killing.discard(report.worker)
            if report.worker in self._starting:
                self._failed(report.worker, report.reason)
        else:
            self._gone(report.worker)

    def _listed_by_zygote(self, report: orders.Workers) -> None:
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

    def _failed(self, worker: str, reason: str) -> None:
        del self._starting[worker]
        self._markers.pop(worker, None)
        self._deliver(LaunchFailed(worker, reason))

    def _gone(self, worker: str) -> None:
        self._forked.discard(worker)
        self._killing.discard(worker)
        self._workers.pop(worker, None)
        self._markers.pop(worker, None)
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
            left += await asyncio.to_thread(self._remains.clear, self._concerning(worker))
            if not left:
                self._gone(worker)
                return
            log.error("cannot end %s of worker %s; trying again", [each.pid for each in left], worker)
            await asyncio.sleep(_BURY_AGAIN)

    def _concerning(self, worker: str) -> Callable[[str], bool]:
        """Whose lease marker holds this worker up: what hangs in the kernel is no matter of other leases.

        One whose lease is not known is held up by all that is not known to be another's.
        """
        own = self._markers.get(worker)
        if own is not None:
            return lambda marker: marker == own
        others = frozenset(self._markers.values())
        return lambda marker: marker not in others
