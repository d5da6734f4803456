"""What befalls the server: deaths, standstills and cuts, at any moment or at a named point."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from claude_remote import processes
from claude_remote.paths import Paths
from claude_remote.processes import Process
from claude_remote_broker import zygote
from claude_remote_broker.state_lock import read_holder
from tests.e2e.chaos import points
from tests.e2e.lab import Lab
from tests.e2e.relay import Relay

_ANY = (
    "broker",
    "restart",
    "zygote",
    *("worker",) * 2,
    *("claude",) * 2,
    "tool",
    "pause",
    "freeze",
    "storm",
    *("cut",) * 2,
    *("point",) * 2,
)
_PAUSES = (0.5, 3.0, 7.0, 12.0)
_LOOK_EVERY = 0.5
_FOR_EVER = 1e12


class Blows:
    """Deals them, and brings back a server that has died of one."""

    def __init__(
        self, lab: Lab, paths: Paths, relay: Relay, rng: random.Random, *, points_alone: bool
    ) -> None:
        self._lab = lab
        self._paths = paths
        self._relay = relay
        self._random = rng
        self._kinds = ("point",) if points_alone else _ANY
        self._folder = Path(lab.server_environment[points.FOLDER])
        self._names = points.names()
        self._still: dict[Process, float] = {}  # who stands still, and when it is set going again
        self._looked = 0.0
        self._restarts: list[threading.Thread] = []  # that were asked for
        self._start: Start | None = None
        self.counts: Counter[str] = Counter()
        self.armed: list[str] = []
        self.reached: Counter[str] = Counter()

    def strike(self) -> str:
        """Deal one; its name."""
        blow = self._random.choice(self._kinds)
        self.counts[blow] += 1
        match blow:
            case "broker":
                self._lab.server.running.process.kill()
            case "restart":
                thread = threading.Thread(target=self._restart)
                thread.start()
                self._restarts.append(thread)
            case "storm":
                self._storm()
            case "cut":
                self._relay.cut(self._random)
            case "point":
                return f"point {self._arm()}"
            case _:
                self._hit(blow)
        return blow

    def _storm(self) -> None:
        """It is to restart five times within a second."""
        for _ in range(5):
            if self._lab.server.running.process.poll() is None:
                self._lab.server.running.process.send_signal(signal.SIGUSR2)
                time.sleep(0.2)

    def _hit(self, blow: str) -> None:
        """One of the processes below the broker, or somebody who is to stand still."""
        members = zygote.find_family(self._paths.zygote_socket)
        pids = {process.pid for process in members}
        workers = [process for process in members if pids & set(processes.ancestors(process.pid))]
        zygotes = [process for process in members if process not in workers]
        below = processes.below([process.pid for process in workers])
        claudes = [process for process in below if _is_claude(process)]
        match blow:
            case "zygote":
                self._kill(zygotes)
            case "worker":
                self._kill(workers)
            case "claude":
                self._kill(claudes)
            case "tool":
                self._kill([process for process in below if process not in claudes])
            case "pause":
                self._freeze(workers)
            case "freeze":
                broker = processes.find_process(self._lab.server.pid)
                self._freeze([*zygotes, *claudes, *([broker] if broker else [])])

    def keep_alive(self) -> None:
        """Start the server again if it has died, and set going who has stood still. To be called often."""
        if self._lab.server.running.process.poll() is not None:
            # Beside the rest: it may stand still on its way, and is to be set going again.
            if self._start is None:
                pause = self._random.choice([0.0, 0.3, 1.5])
                self._start = Start(self._lab, self._folder, pause)
            elif self._start.over:
                self._start = None
        now = time.monotonic()
        if now > self._looked + _LOOK_EVERY:
            self._looked = now
            self._wake(now)

    def end(self) -> None:
        """Everything moves again, and nothing more is going to happen."""
        self.reached.update(name for name in self.armed if not (self._folder / name).exists())
        self.armed.clear()
        points.disarm(self._folder)
        self._still.clear()
        self._wake(0.0)
        self._wake(_FOR_EVER)
        self.keep_alive()
        for thread in self._restarts:
            thread.join()
        self._restarts.clear()
        while self._lab.server.running.process.poll() is not None:
            self.keep_alive()
            time.sleep(_LOOK_EVERY)

    def _restart(self) -> None:
        with suppress(TimeoutError):  # who is to restart may stand still, or die of something else
            self._lab.server.control("restart")

    def _arm(self) -> str:
        name = self._random.choice(self._names)
        number = signal.SIGSTOP if self._random.random() < 0.2 else signal.SIGKILL
        points.arm(self._folder, name, number, self._random.choice([0, 0, 1, 3, 10]))
        self.armed.append(name)
        return f"{name} {number.name}"

    def _wake(self, now: float) -> None:
        family = [process.pid for process in zygote.find_family(self._paths.zygote_socket)]
        table = processes.snapshot()
        holder = read_holder(self._paths.lock)  # a server that does not listen yet, too
        servers = {self._lab.server.pid, 0 if holder is None else holder.pid}
        ours = {*family, *servers, *(process.pid for process in processes.below(family, table))}
        for entry in table.values():
            if entry.process.pid in ours and entry.state == "T":
                until = self._still.setdefault(entry.process, now + self._random.choice(_PAUSES))
                if until <= now and processes.send_signal(entry.process, signal.SIGCONT):
                    del self._still[entry.process]

    def _kill(self, among: list[Process]) -> None:
        if among:
            processes.send_signal(self._random.choice(among), signal.SIGKILL)

    def _freeze(self, among: list[Process]) -> None:
        if among:
            processes.send_signal(self._random.choice(among), signal.SIGSTOP)


class Start:
    """The server's next life, from its start until it listens; again, if it meets a point on its way."""

    def __init__(self, lab: Lab, folder: Path, pause: float) -> None:
        self._lab = lab
        self._folder = folder
        self._pause = pause
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def over(self) -> bool:
        """Whether it listens. Raises what has kept it from that."""
        if self._failure is not None:
            raise self._failure
        return not self._thread.is_alive()

    def _run(self) -> None:
        time.sleep(self._pause)
        while True:
            armed = points.armed(self._folder)
            try:
                self._lab.start(*self._lab.server.argv, port=self._lab.server.port)
            except (EOFError, TimeoutError) as error:
                if armed <= points.armed(self._folder):
                    self._failure = error
                    return
            else:
                return


def _is_claude(process: Process) -> bool:
    try:
        return b"stream-json" in Path(f"/proc/{process.pid}/cmdline").read_bytes()
    except OSError:
        return False
