"""How every hop from here to claude fares, gathered and in words. The same for both command lines."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, structs

from claude_remote.messages import JournalStatus, SessionVitals, Status

_MIB = 1024 * 1024
_UNITS = ((1024**4, "TiB"), (1024**3, "GiB"), (_MIB, "MiB"), (1024, "KiB"))
# Beyond this a worker that beats each second is not heard any more.
_SILENT = 5.0


class Report(Struct, frozen=True, kw_only=True):
    """What was measured here (seconds), and what the server said of itself."""

    name: str
    connect: float
    round_trips: tuple[float, ...]
    unheard: float  # since anything came from the server
    status: Status
    sessions: tuple[SessionVitals, ...]


def as_object(report: Report) -> dict[str, object]:
    """For programs: everything, what is empty or not measured included."""
    status = structs.asdict(report.status)
    journal = report.status.journal
    return {
        "server": report.name,
        "link": {
            "connect": report.connect,
            "round_trips": report.round_trips,
            "heard_ago": report.unheard,
        },
        **status,
        "journal": None if journal is None else structs.asdict(journal),
        "vitals": [structs.asdict(each) for each in report.sessions],
    }


def describe(report: Report) -> Iterator[str]:
    """The lines about the server; those about its sessions are a table."""
    status = report.status
    memory = "" if status.memory is None else f", {size(status.memory)} of memory"
    yield f"{status.host} (version {status.version}): up {span(status.uptime)}, pid {status.pid}{memory}"
    trips = ", ".join(_milliseconds(each) for each in report.round_trips)
    heard = f"heard {span(report.unheard)} ago"
    yield f"  client → door     connected in {_milliseconds(report.connect)}; round trips {trips}; {heard}"
    yield (
        f"  door → broker     {_count(status.connections, 'connection')}; its loop was late by"
        f" {_measured(status.lag)}, at worst {_measured(status.worst_lag)} within a minute"
    )
    yield f"  broker → journal  {_describe_journal(status.journal)}"
    launcher = f"launcher {status.launcher}" if status.launcher else "no launcher just now"
    line = f"{_count(status.waiting, 'session')} in line" if status.waiting else "nobody in line"
    yield f"  broker → workers  {status.workers} of {status.workers_most} in use, {line}; {launcher}"
    yield (
        f"  sessions          {status.sessions}; {_count(status.prompts, 'prompt')} waiting or running,"
        f" {_count(status.approvals, 'approval')} open"
    )


TITLES = ("SESSION", "STATE", "PROMPTS", "WORKER", "BEAT", "CLAUDE", "NOT STORED", "READERS")


def rows(report: Report) -> list[tuple[str, ...]]:
    """One for each session, under TITLES: when each hop was heard last, and what waits there."""
    return [
        (
            each.name,
            each.state.value,
            _prompts(each),
            _worker(each),
            _measured(each.beat) if each.worker else "",
            _claude(each),
            _waits(each),
            f"{each.readers}, behind by {each.behind}" if each.behind else str(each.readers or ""),
        )
        for each in report.sessions
    ]


def size(count: int) -> str:
    """Bytes, as people read them."""
    for unit, name in _UNITS:
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} bytes"


def span(seconds: float) -> str:
    """A time in its two largest units."""
    left = int(seconds)
    parts: list[str] = []
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, unit)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or f"{seconds:.1f} s"


def _describe_journal(journal: JournalStatus | None) -> str:
    if journal is None:
        return "could not be measured"
    if journal.failing:
        return f"NOTHING CAN BE STORED: {journal.failing}; the disk has {size(journal.room)} left"
    commit = "nothing stored yet in this life"
    if journal.commit is not None:
        commit = f"last commit {_milliseconds(journal.commit)}, {span(journal.commit_ago or 0.0)} ago"
        if journal.worst_commit is not None:
            commit += f", at worst {_milliseconds(journal.worst_commit)} within a minute"
    limit = f" of {size(journal.keep_size)}" if journal.keep_size else ""
    trimming = ", trimming" if journal.trimming else ""
    return f"{commit}; {size(journal.used)}{limit}{trimming}, the disk has {size(journal.room)} left"


def _prompts(each: SessionVitals) -> str:
    told = [f"{each.running}'s runs"] if each.running else []
    if each.queued:
        told.append(f"{each.queued} wait")
    if each.approvals:
        told.append(f"{each.approvals} ask")
    return ", ".join(told)


def _worker(each: SessionVitals) -> str:
    if not each.worker:
        return "none"
    if each.worker_ago is None:
        return "not heard yet"
    return f"not heard for {span(each.worker_ago)}" if each.worker_ago > _SILENT else "heard"


def _claude(each: SessionVitals) -> str:
    if not each.worker:
        return ""
    if not each.claude:
        return "not told" if each.claude_ago is None else "ended"
    return "nothing yet" if each.claude_ago is None else f"{span(each.claude_ago)} ago"


def _waits(each: SessionVitals) -> str:
    told = []
    if each.unacknowledged:
        told.append(f"{size(each.unacknowledged)} there")
    if each.unstored:
        told.append(f"{size(each.unstored)} here")
    return ", ".join(told)


def _measured(seconds: float | None) -> str:
    return "not measured" if seconds is None else _milliseconds(seconds)


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def _count(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
