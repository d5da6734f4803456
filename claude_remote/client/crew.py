"""The workers of a server and who waits for one, as they are told to people and programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from claude_remote.errors import BadMessage
from claude_remote.messages import InLine, WorkerInfo, Workers

_MIB = 1024 * 1024


class Crew(NamedTuple):
    """All of it; `numbers` has neither workers nor line."""

    numbers: Workers
    workers: list[WorkerInfo]
    line: list[InLine]


def gather(told: Iterable[Workers]) -> Crew:
    """One picture of the answers to one request. Raises BadMessage when there is none."""
    pieces = list(told)
    if not pieces:
        raise BadMessage("the server has not said what its workers do")
    return Crew(
        msgspec.structs.replace(pieces[0], workers=(), line=()),
        [worker for piece in pieces for worker in piece.workers],
        [waiting for piece in pieces for waiting in piece.line],
    )


def as_json(crew: Crew) -> bytes:
    """For programs: every field, also those that are as usual."""
    told = {name: getattr(crew.numbers, name) for name in ("least", "most", "counted", "idle", "warm")}
    told["workers"] = [msgspec.structs.asdict(worker) for worker in crew.workers]
    told["line"] = [msgspec.structs.asdict(waiting) for waiting in crew.line]
    return msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n"


def in_words(crew: Crew) -> str:
    """One line about all of them."""
    numbers = crew.numbers
    idle = f"parked after {_time(numbers.idle)} without work" if numbers.idle else "parked only for room"
    kept = f", but for {numbers.least}" if numbers.idle and numbers.least else ""
    memory = sum(worker.memory + worker.claude_memory for worker in crew.workers)
    return (
        f"{numbers.counted} of {numbers.most}, {idle}{kept}; {numbers.warm} kept warm;"
        f" {memory // _MIB} MiB; {len(crew.line)} in line"
    )


def rows(crew: Crew, now: float) -> list[tuple[str, ...]]:
    """A table, titles first: the workers, then the line."""
    titles = ("STATE", "SINCE", "SESSION", "FOR", "WORKER", "OWN", "CLAUDE", "OWN", "BACKGROUND")
    order = sorted(crew.workers, key=lambda worker: (worker.state, worker.since))
    return [titles, *(_worker(worker, now) for worker in order), *_line(crew.line, now)]


def _worker(worker: WorkerInfo, now: float) -> tuple[str, ...]:
    return (
        worker.state,
        _time(now - worker.since),
        worker.name or "-",
        worker.client or "-",
        str(worker.pid or "-"),
        _memory(worker.memory),
        str(worker.claude or "-"),
        _memory(worker.claude_memory),
        f"{worker.background} tasks" if worker.background else "",
    )


def _line(line: Iterable[InLine], now: float) -> Iterable[tuple[str, ...]]:
    for place, waiting in enumerate(line, 1):
        since = _time(now - waiting.since) if waiting.since else "-"
        yield (f"in line, {place}.", since, waiting.name, waiting.client or "-", "", "", "", "", "")


def _memory(size: int) -> str:
    return f"{size / _MIB:.0f} MiB" if size else "-"


def _time(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
