"""What befalls the server: deaths, standstills and cuts, at any moment or at a named point."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
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
    "zygote",
    "worker",
    "worker",
    "claude",
    "claude",
    "tool",
    "pause",
    "freeze",
    "cut",
    "cut",
    "point",
)
_PAUSES = (0.5, 3.0, 7.0, 12.0)


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
        self._timers: list[threading.Timer] = []
        self._restarting = threading.Lock()
        self.counts: Counter[str] = Counter()
        self.armed: list[str] = []
        self.reached: Counter[str] = Counter()

    def strike(self) -> str:
        """Deal one; its name."""
        blow = self._random.choice(self._kinds)
        self.counts[blow] += 1
        members = zygote.find_family(self._paths.zygote_socket)
        pids = {process.pid for process in members}
        workers = [process for process in members if pids & set(processes.ancestors(process.pid))]
        zygotes = [process for process in members if process not in workers]
        below = processes.below([process.pid for process in workers])
        match blow:
            case "broker":
                self._lab.server.running.process.kill()
            case "zygote":
                self._kill(zygotes)
            case "worker":
                self._kill(workers)
            case "claude":
                self._kill([process for process in below if _is_claude(process)])
            case "tool":
                self._kill([process for process in below if not _is_claude(process)])
            case "pause":
                self._freeze(workers)
            case "freeze":
                broker = processes.find_process(self._lab.server.pid)
                self._freeze([*zygotes, *([broker] if broker else []), *(p for p in below if _is_claude(p))])
            case "cut":
                self._relay.cut(self._random)
            case "point":
                return f"point {self._arm()}"
        return blow

    def keep_alive(self) -> None:
        """Start the server again if it has died. To be called now and then."""
        with self._restarting:
            if self._lab.server.running.process.poll() is not None:
                time.sleep(self._random.choice([0.0, 0.3, 1.5]))
                self._lab.start(*self._lab.server.argv, port=self._lab.server.port)

    def end(self) -> None:
        """Everything moves again, and nothing more is going to happen."""
        self.reached.update(name for name in self.armed if not (self._folder / name).exists())
        self.armed.clear()
        points.disarm(self._folder)
        for timer in self._timers:
            timer.join()
        self._timers.clear()
        self.keep_alive()

    def _arm(self) -> str:
        name = self._random.choice(self._names)
        stop = self._random.random() < 0.2
        # Who stands still at a point is found by its state, and set going again.
        number = signal.SIGSTOP if stop else signal.SIGKILL
        points.arm(self._folder, name, number, self._random.choice([0, 0, 1, 3, 10]))
        self.armed.append(name)
        if stop:
            timer = threading.Timer(self._random.choice(_PAUSES), self._wake)
            timer.start()
            self._timers.append(timer)
        return f"{name} {number.name}"

    def _wake(self) -> None:
        broker = processes.find_process(self._lab.server.pid)
        for process in [*zygote.find_family(self._paths.zygote_socket), *([broker] if broker else [])]:
            processes.send_signal(process, signal.SIGCONT)

    def _kill(self, among: list[Process]) -> None:
        if among:
            processes.send_signal(self._random.choice(among), signal.SIGKILL)

    def _freeze(self, among: list[Process]) -> None:
        if among:
            victim = self._random.choice(among)
            processes.send_signal(victim, signal.SIGSTOP)
            pause = self._random.choice(_PAUSES)
            timer = threading.Timer(pause, processes.send_signal, (victim, signal.SIGCONT))
            timer.start()
            self._timers.append(timer)


def _is_claude(process: Process) -> bool:
    try:
        return b"stream-json" in Path(f"/proc/{process.pid}/cmdline").read_bytes()
    except OSError:
        return False
