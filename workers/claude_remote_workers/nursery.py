"""The workers that this zygote has forked, and what they leave behind when they die."""

from __future__ import annotations

import gc
import os
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from claude_remote import launch, processes
from claude_remote.processes import Process
from claude_remote_workers.complaints import complain
from claude_remote_workers.wakeup import ended_children

_LOOK_AGAIN = 0.02  # seconds between two looks at processes that were killed
_OFTEN, _SELDOM = 5.0, 1.0  # so long; what hangs in the kernel until then may do so for days
_COMPLAIN_AFTER = 10.0
_MARKER_AT_MOST = 1024
# Before a marker: what carries it is to outlive who tells it.
KEPT = "+"


@dataclass
class _Worker:
    name: str
    process: Process
    told: int  # the reading end of the pipe by which the worker tells the marker of its lease; -1 when closed
    marker: str | None = None
    status: int | None = None  # how it ended; what it left behind may still live
    died_at: float = 0.0
    complained: bool = False


class Nursery:
    """Forks, reaps, and kills what is left. A worker is in it until nothing of it lives."""

    def __init__(self) -> None:
        self._workers: dict[str, _Worker] = {}
        self._kept: set[str] = set()  # a line for each time that something was left to run: they are few

    @property
    def workers(self) -> tuple[launch.Forked, ...]:
        """Every worker of which something may live."""
        return tuple(_forked(worker) for worker in self._workers.values())

    @property
    def empty(self) -> bool:
        """Whether nothing of any worker lives."""
        return not self._workers

    @property
    def look_again(self) -> float:
        """Seconds after which tend() has something to do."""
        deaths = [worker.died_at for worker in self._workers.values() if worker.status is not None]
        if not deaths:
            return float("inf")
        return _LOOK_AGAIN if time.monotonic() < max(deaths) + _OFTEN else _SELDOM

    def watched(self) -> list[int]:
        """Descriptors whose bytes tend() waits for."""
        return [worker.told for worker in self._workers.values() if worker.told >= 0]

    def fork(self, name: str, live: Callable[[int], int]) -> launch.Forked | launch.ForkFailed:
        """Start a worker. In the child `live` gets the descriptor that the lease's marker is told on."""
        if name in self._workers:
            return launch.ForkFailed(worker=name, reason="there is a worker of that name")
        try:
            reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            return launch.ForkFailed(worker=name, reason=str(error))
        try:
            pid = os.fork()
        except OSError as error:
            os.close(reader)
            os.close(writer)
            return launch.ForkFailed(worker=name, reason=str(error))
        if pid == 0:
            self._be_child(reader, writer, live)
        os.close(writer)
        process = processes.find_process(pid) or Process(pid, 0.0)
        worker = _Worker(name, process, reader)
        self._workers[name] = worker
        return _forked(worker)

    def kill(self, name: str) -> bool:
        """Kill a worker and all that is below it. False when there is none of that name."""
        worker = self._workers.get(name)
        if worker is None:
            return False
        # Claude dies with it, and its tools become children of this process: tend() sees to them.
        processes.send_signal(worker.process, signal.SIGKILL)
        return True

    def kill_all(self) -> None:
        """Kill every worker."""
        for name in self._workers:
            self.kill(name)

    def tend(self) -> list[launch.Exited]:
        """Listen, reap, kill what is left; returns the workers of which nothing lives any more."""
        self._reap()
        self._listen()  # after: what the dead have told is there by now
        dead = [worker for worker in self._workers.values() if worker.status is not None]
        if not dead:
            return []
        left = self._kill_orphans(dead)
        self._reap()
        # What hangs in the kernel holds its own lease up, and no other. Of what is not marked nobody knows.
        held = {processes.lease_of(process.pid) for process in left}
        over = [worker for worker in dead if None not in held and worker.marker not in held]
        for worker in dead:
            if worker not in over:
                self._complain(worker, left)
        for worker in over:
            del self._workers[worker.name]
        return [
            launch.Exited(worker=worker.name, pid=worker.process.pid, status=worker.status or 0)
            for worker in over
        ]

    def _listen(self) -> None:
        for worker in self._workers.values():
            if worker.told < 0:
                continue
            try:
                marker = os.read(worker.told, _MARKER_AT_MOST)
            except BlockingIOError:
                continue
            if marker.startswith(KEPT.encode()):
                self._kept.add(marker.decode().removeprefix(KEPT))
            elif marker:
                worker.marker = marker.decode()
            os.close(worker.told)
            worker.told = -1

    def _reap(self) -> None:
        by_pid = {worker.process.pid: worker for worker in self._workers.values() if worker.status is None}
        for pid, status in ended_children():
            worker = by_pid.get(pid)
            if worker is not None:
                worker.status = os.waitstatus_to_exitcode(status)
                worker.died_at = time.monotonic()

    def _kill_orphans(self, dead: list[_Worker]) -> list[Process]:
        """Kill what the dead have left; returns what still had to be killed.

        Workers adopt what loses its parent below them, and this process what they had when they died: so all
        that is below it and not below a living worker is left behind, but for what was started to live on.
        What has escaped even that carries the marker.
        """
        table = processes.snapshot()
        alive = {worker.process.pid for worker in self._workers.values() if worker.status is None}
        own = os.getpid()
        orphans = [
            entry.process
            for pid, entry in table.items()
            if entry.parent == own and pid not in alive and not self._is_kept(pid)
        ]
        left = processes.kill_all(orphans)
        for worker in dead:
            if worker.marker is not None:
                left += processes.kill_all((), worker.marker)
        return left

    def _is_kept(self, pid: int) -> bool:
        """Whether an errand of ours has told that this is to live on; anybody can carry such a marker."""
        return bool(self._kept) and processes.background_marker(pid) in self._kept

    def _complain(self, worker: _Worker, left: list[Process]) -> None:
        if not worker.complained and time.monotonic() > worker.died_at + _COMPLAIN_AFTER:
            worker.complained = True
            pids = ", ".join(str(process.pid) for process in left)
            complain(f"processes of a dead worker do not end: {pids}")

    def _be_child(self, reader: int, writer: int, live: Callable[[int], int]) -> None:
        """Live, and end without running anything of the parent's."""
        status = 1
        try:
            os.setsid()
            os.close(reader)
            for worker in self._workers.values():
                if worker.told >= 0:
                    os.close(worker.told)
            gc.enable()
            status = live(writer)
        except BaseException:  # noqa: BLE001  nothing above may go on in this process; the words must not be lost
            complain(traceback.format_exc())
        finally:
            os._exit(status)


def _forked(worker: _Worker) -> launch.Forked:
    return launch.Forked(worker=worker.name, pid=worker.process.pid, started=worker.process.started)
