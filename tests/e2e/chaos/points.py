"""The named points at which a process can be made to die, or to stand still: at each commit, send and take.

Nothing of this is in the program: `install` wraps its methods, in a process that tests.e2e.chaos.faulty has
started. A point is armed by files in the folder that CHAOS_POINTS names: `NAME` with the signal's number in
it, and `NAME.1` … `NAME.n` for the n passages that it lets through. Who takes the last one gets the signal,
and no other.
"""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = "CHAOS_POINTS"


class Place(NamedTuple):
    """A method of the program. `by`: which argument's type (or a tag of it) is a part of the point's name."""

    name: str
    module: str
    method: str
    by: int | None = None


BROKER = (
    Place("commit", "claude_remote_broker.journal.writer", "Writer._write"),
    Place("bus-send", "claude_remote_broker.bus_socket", "BusSocket.send", 1),
    Place("bus-take", "claude_remote_broker.core.core", "Core.handle", 1),
    Place("door-send", "claude_remote_broker.door", "Door.send", 2),
    Place("door-take", "claude_remote_broker.broker", "Broker.received", 2),
    Place("launch", "claude_remote_broker.launcher", "Launcher.launch"),
    Place("kill", "claude_remote_broker.launcher", "Launcher.kill"),
    Place("report", "claude_remote_broker.zygote_keeper", "ZygoteKeeper._reported", 1),
    Place("gone", "claude_remote_broker.launcher", "Launcher._gone"),
)
WORKER = (
    Place("link-send", "claude_remote_workers.link", "Link.send", 1),
    Place("link-take", "claude_remote_workers.worker", "Worker._obey", 1),
    Place("start", "claude_remote_workers.claude", "Claude.__init__"),
    Place("write", "claude_remote_workers.claude", "Claude.write"),
    Place("bury", "claude_remote_workers.work", "Work._bury"),
    Place("acknowledge", "claude_remote_workers.outbox", "Outbox.acknowledge"),
    Place("put", "claude_remote_workers.outbox", "Outbox.put"),
    Place("zygote-fork", "claude_remote_workers.zygote", "Zygote._fork"),
    Place("zygote-report", "claude_remote_workers.orders", "Orders.report", 1),
    Place("nursery-kill", "claude_remote_workers.nursery", "Nursery.kill"),
)
_VERBS = {
    "bus-send": ("Who", "Welcome", "Lease", "Ack", "Give", "Verdict", "Stop", "Release"),
    "bus-take": ("Ready", "Batch", "Gone"),
    "door-send": ("Accepted", "Events", "Decided", "Finished", "Done"),
    "door-take": ("Prompt", "Decide", "Interrupt", "Attach"),
    "report": ("Forked", "Exited", "Workers"),
    "link-send": ("Ready", "Batch", "Gone"),
    "link-take": ("Welcome", "Lease", "Ack", "Give", "Verdict", "Stop", "Release"),
    "zygote-report": ("Forked", "Exited", "Workers"),
}


def names() -> list[str]:
    """Every point: `commit.before`, `bus-send.Give.after`, …"""
    found = []
    for place in (*BROKER, *WORKER):
        for verb in _VERBS.get(place.name, ("",)):
            found += [f"{'.'.join(filter(None, (place.name, verb)))}.{when}" for when in ("before", "after")]
    return found


def install(*places: Place) -> None:
    """Wrap these methods, in this process and in all that are forked from it."""
    folder = Path(os.environ[FOLDER])
    for place in places:
        class_name, _, method = place.method.partition(".")
        owner = getattr(import_module(place.module), class_name)
        setattr(owner, method, _wrapped(getattr(owner, method), place, folder))


def arm(folder: Path, name: str, number: signal.Signals, after: int) -> None:
    """The passage `after` so many others is that process's last."""
    for passage in range(after):
        (folder / f"{name}.{passage}").touch()
    (folder / name).write_text(str(int(number)))


def armed(folder: Path) -> set[str]:
    """What is there to be reached, the passages before it included."""
    return {path.name for path in folder.iterdir()}


def disarm(folder: Path) -> None:
    """Whatever was not reached."""
    for path in folder.iterdir():
        path.unlink(missing_ok=True)


def _wrapped(method: Callable[..., Any], place: Place, folder: Path) -> Callable[..., Any]:
    @functools.wraps(method)
    def wrapper(*args: Any, **named: Any) -> Any:
        name = place.name if place.by is None else f"{place.name}.{_name(args[place.by])}"
        _pass(folder, f"{name}.before")
        answer = method(*args, **named)
        _pass(folder, f"{name}.after")
        return answer

    return wrapper


def _name(argument: Any) -> str:
    verb = getattr(argument, "verb", argument)
    return type(verb).__name__


def _pass(folder: Path, name: str) -> None:
    armed = folder / name
    if not armed.exists():
        return
    for ticket in folder.glob(f"{name}.*"):
        if ticket.suffix[1:].isdigit() and _take(ticket):
            return
    try:
        number = int(armed.read_text())
    except (FileNotFoundError, ValueError):
        return
    if _take(armed):
        os.kill(os.getpid(), number)


def _take(path: Path) -> bool:
    """Only one process can."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True
