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
            time.sleep(self._random.choice([0.0, 0.3, 1.5]))
            self._start()
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
        self.keep_alive()

    def _start(self) -> None:
        """Again, if it meets a point on its way."""
        while True:
            armed = points.armed(self._folder)
            try:
                self._lab.start(*self._lab.server.argv, port=self._lab.server.port)
            except (EOFError, TimeoutError):
                if armed <= points.armed(self._folder):
                    raise
            else:
                return

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
        ours = {*family, self._lab.server.pid, *(process.pid for process in processes.below(family, table))}
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


def _is_claude(process: Process) -> bool:
    try:
        return b"stream-json" in Path(f"/proc/{process.pid}/cmdline").read_bytes()
    except OSError:
        return False
