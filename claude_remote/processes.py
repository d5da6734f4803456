"""Processes of this machine, as Linux tells them in /proc: who lives, what is below whom, who is marked.

A pid alone names nobody, for the kernel gives it to somebody else later; pid and start time together do.
Claude's tools start sessions of their own, so process groups do not hold them together: a tree is found by
parent links, and what has lost those by the lease marker in its environment, which every process that claude
starts inherits.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

LEASE_VARIABLE = "CLAUDE_REMOTE_LEASE"
# In the environment of what `exec --bg` has started, and so of all that this starts: it outlives its errand.
BACKGROUND_VARIABLE = "CLAUDE_REMOTE_BACKGROUND"
_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_DEAD = frozenset("ZX")
_LOOK_AGAIN = 0.01


class Process(NamedTuple):
    """One process, for ever. `started`: when, in seconds since the boot."""

    pid: int
    started: float


class Entry(NamedTuple):
    """What /proc/PID/stat says that is needed here."""

    process: Process
    parent: int
    state: str


def lease_marker(state_id: str, session: str, epoch: int) -> str:
    """The value of LEASE_VARIABLE in the environment of a lease's claude and of all that it starts."""
    return f"{state_id}.{session}.{epoch}"


def find_process(pid: int) -> Process | None:
    """The process that has this pid now. None when there is none, or it is dead and only not yet reaped."""
    entry = _read(pid)
    return None if entry is None or entry.state in _DEAD else entry.process


def ticks(process: Process) -> int:
    """Its start as /proc/PID/stat has it."""
    return round(process.started * _TICKS)


def is_alive(process: Process) -> bool:
    """Whether this very process runs. One that is dead but not yet reaped does not."""
    return find_process(process.pid) == process


def wait_until_gone(process: Process | None, patience: float) -> bool:
    """Wait, at most so many seconds, until a process has ended. Whether it has."""
    if process is None or not is_alive(process):
        return True
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return True
    try:
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        # The descriptor holds the pid: if it is still the right process now, its end is what wakes us.
        return not is_alive(process) or bool(poller.poll(patience * 1000))
    finally:
        os.close(descriptor)


def snapshot() -> dict[int, Entry]:
    """Every process by its pid, the dead that nobody has reaped included."""
    entries = (_read(int(name)) for name in os.listdir(_PROC) if name.isdigit())  # noqa: PTH208  twice as fast
    return {entry.process.pid: entry for entry in entries if entry is not None}


def below(pids: Iterable[int], among: dict[int, Entry] | None = None) -> list[Process]:
    """Every living process below these pids, parents before their children, without the pids themselves."""
    table = snapshot() if among is None else among
    children: dict[int, list[Entry]] = {}
    for entry in table.values():
        children.setdefault(entry.parent, []).append(entry)
    found: list[Process] = []
    seen = set(pids)
    waiting = list(seen)
    while waiting:
        for entry in children.get(waiting.pop(), ()):
            pid = entry.process.pid
            if pid not in seen:
                seen.add(pid)
                waiting.append(pid)
                if entry.state not in _DEAD:
                    found.append(entry.process)
    return found


def find_marked(start: str) -> dict[Process, str]:
    """Processes of this user whose lease marker begins with `start`, each with its marker.

    Give a whole marker and a final "" to find one lease; give "STATE." to find every lease of a server.
    The caller's own process is never among them.
    """
    wanted = f"{LEASE_VARIABLE}={start}".encode()
    found: dict[Process, str] = {}
    for name in os.listdir(_PROC):  # noqa: PTH208  twice as fast
        if not name.isdigit() or int(name) == os.getpid():
            continue
        # The process may end at any of these steps, or belong to somebody else.
        with suppress(OSError):
            environment = (_PROC / name / "environ").read_bytes()
            for entry in environment.split(b"\0") if wanted in environment else ():
                process = find_process(int(name)) if entry.startswith(wanted) else None
                if process is not None:
                    found[process] = entry.partition(b"=")[2].decode(errors="replace")
    return found


def find_lease(marker: str) -> list[Process]:
    """Processes of exactly this lease."""
    return [process for process, found in find_marked(marker).items() if found == marker]


def background_marker(pid: int) -> str | None:
    """What a process that was started to outlive its errand carries; None for others."""
    return _variable_of(pid, BACKGROUND_VARIABLE)


def lease_of(pid: int) -> str | None:
    """The lease marker that a process carries; None for others, and for who is no more."""
    return _variable_of(pid, LEASE_VARIABLE)


def _variable_of(pid: int, name: str) -> str | None:
    wanted = f"{name}=".encode()
    try:
        environment = (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return None
    found = [entry for entry in environment.split(b"\0") if entry.startswith(wanted)]
    return found[0].partition(b"=")[2].decode(errors="replace") if found else None


def send_signal(process: Process, number: signal.Signals) -> bool:
    """Signal this very process, never one that has its pid by now.

    False when it is gone, and when it is somebody else's: what a tool starts by sudo is out of our reach.
    """
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return False
    try:
        # The descriptor holds the pid: if it is still the right process now, the signal reaches it.
        entry = _read(process.pid)
        if entry is None or entry.process != process or entry.state in _DEAD:
            return False
        signal.pidfd_send_signal(descriptor, number)
    except (ProcessLookupError, PermissionError):
        return False
    finally:
        os.close(descriptor)
    return True


def kill_all(roots: Iterable[Process], marker: str | None = None) -> list[Process]:
    """Kill these processes, everything below them, and everything with this marker. Does not wait.

    They are stopped first, until none is found that is not: so none can start another one meanwhile. Returns
    those that were signalled; call it again until it returns none, and all that are ours are proven gone.
    """
    starts = list(roots)
    known: dict[Process, None] = {}
    while True:
        table = snapshot()
        found = [root for root in starts if _is_in(table, root)]
        found += below([process.pid for process in found] + [process.pid for process in known], table)
        if marker is not None:
            found += find_lease(marker)
        new = [process for process in found if process not in known and process.pid != os.getpid()]
        if not new:
            break
        for process in new:
            known[process] = None
            send_signal(process, signal.SIGSTOP)
    return [process for process in known if send_signal(process, signal.SIGKILL)]


def kill_tree(roots: Iterable[Process], marker: str | None = None, patience: float = 5.0) -> list[Process]:
    """Kill as kill_all and wait, at most `patience` seconds, until nothing is left. Returns what is left."""
    starts = list(roots)
    end = time.monotonic() + patience
    while (left := kill_all(starts, marker)) and time.monotonic() < end:
        starts = [*starts, *(process for process in left if process not in starts)]
        time.sleep(_LOOK_AGAIN)
    return left


def ancestors(pid: int) -> Iterator[int]:
    """The pids above this one, nearest first."""
    seen = {pid}
    while (entry := _read(pid)) is not None and entry.parent > 0 and entry.parent not in seen:
        pid = entry.parent
        seen.add(pid)
        yield pid


def _is_in(table: dict[int, Entry], process: Process) -> bool:
    entry = table.get(process.pid)
    return entry is not None and entry.process == process and entry.state not in _DEAD


def _read(pid: int) -> Entry | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123  read thousands of times
            line = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # "pid (name) state parent …": the name may hold spaces and brackets. Fields: proc(5).
    fields = line[line.rindex(b")") + 2 :].split(b" ", 20)
    return Entry(Process(pid, int(fields[19]) / _TICKS), int(fields[1]), chr(fields[0][0]))
