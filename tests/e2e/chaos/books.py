"""What has to be true when everything has come to rest."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from claude_remote import processes
from claude_remote.client import Client
from claude_remote.messages import PromptState, SessionInfo, SessionState
from claude_remote.paths import Paths
from claude_remote_broker import zygote
from tests.e2e.chaos.programs import Commands
from tests.e2e.chaos.prompters import PATIENCE, Sent, begins, prompt_of
from tests.e2e.chaos.readers import Reader
from tests.fakes.call import Call

_SETTLED = 15.0  # seconds for what was killed to be gone
_OF_A_WORKER = 24  # descriptors: its socket, claude's pipes; the zygote has one for each worker
_THREADS = 32  # of a broker: of the journal and the audit, of the pools
_SOCKETS = {"bus.sock", "control.sock", "feed.sock", "zygote.sock", "zygote.sock.lock"}
_BUSY = {SessionState.WORKING, SessionState.WAITING, SessionState.QUEUED, SessionState.LOST}
_SPARE = 24  # descriptors that come and go: of the journal, of workers that are on their way


class Books:
    """Reads the journal, the processes and the folders of a server. Each check tells what is wrong."""

    def __init__(self, paths: Paths, effects: Path) -> None:
        self._paths = paths
        self._effects = effects

    def prompts_wrong(self, sent: Iterable[Sent], calls: Iterable[Call]) -> Iterator[str]:
        """Each prompt has one end, told and stored, and had its effect at most once."""
        asked = Counter(prompt_of(call)[0] for call in calls if begins(call))
        had = Counter(self._effects.read_text().split()) if self._effects.exists() else Counter()
        with closing(self._journal()) as journal:
            rows = {key: json.loads(data) for key, data in journal.execute("SELECT id, data FROM prompts")}
        for each in sent:
            if not each.accepted:
                if each.state is not None or not each.refused:
                    yield f"{each} was neither accepted nor refused"
            elif each.id not in rows:
                yield f"{each} is not in the journal"
            elif each.state is None:
                yield f"{each} was accepted, and its end is not known"
            else:
                yield from _ends_wrong(each, asked[each.mark], had[each.mark])
                yield from _reading_wrong(each, rows[each.id])

    def commands_wrong(self, commands: Commands, calls: Iterable[Call]) -> Iterator[str]:
        """What was asked by programs that may have been killed."""
        asked = Counter(prompt_of(call)[0] for call in calls if begins(call))
        had = Counter(self._effects.read_text().split()) if self._effects.exists() else Counter()
        with closing(self._journal()) as journal:
            rows = [data for (data,) in journal.execute("SELECT data FROM prompts")]
        yield from commands.wrong(rows, asked, had)

    def not_at_rest(self, client: Client) -> Iterator[str]:
        """What still runs or waits, by the journal and as clients are shown it, though it had time to end."""
        deadline = time.monotonic() + PATIENCE
        while wrong := [*self._open_rows(), *_shown_busy(client)]:
            if time.monotonic() > deadline:
                yield from wrong
                return
            time.sleep(0.2)

    def _open_rows(self) -> Iterator[str]:
        with closing(self._journal()) as journal:
            for (data,) in journal.execute("SELECT data FROM prompts WHERE open"):
                yield f"the prompt {data!r} is open"
            for (number,) in journal.execute(
                "SELECT number FROM texts WHERE number NOT IN (SELECT number FROM prompts WHERE open)"
            ):
                yield f"the text of the prompt number {number} is kept, and it has ended"
            for (data,) in journal.execute("SELECT data FROM sessions WHERE trimmed = 0"):
                if json.loads(data).get("turn"):
                    yield f"a turn runs in {data!r}"

    def logs_wrong(self) -> Iterator[str]:
        """Each session's log has all numbers once, each prompt one end, no question outlives its claude."""
        with closing(self._journal()) as journal:
            for sid, data in journal.execute("SELECT sid, data FROM sessions").fetchall():
                row = json.loads(data)
                ended: Counter[str] = Counter()
                asked: dict[str, str] = {}
                seq = 0
                for first, count, source, lines in _log(journal, sid):
                    if first != seq + 1 or lines.count(b"\n") != count:
                        yield f"session {row['id']}: {count} lines at {first} follow {seq}"
                    seq = first + count - 1
                    for fact in map(json.loads, lines.splitlines()) if source == "fact" else ():
                        _note(fact, ended, asked)
                for prompt, times in ended.items():
                    if times > 1:
                        yield f"session {row['id']}: prompt {prompt} has ended {times} times"
                if not row.get("claude") and (still := [key for key, at in asked.items() if at == "open"]):
                    yield f"session {row['id']} has no claude and open questions {still}"
                for (approval,) in journal.execute(
                    "SELECT data FROM approvals WHERE sid = ? AND open", (sid,)
                ):
                    if not row.get("lease"):
                        yield f"session {row['id']} has no lease, and the journal an open {approval!r}"

    def readers_wrong(self, readers: Iterable[Reader]) -> Iterator[str]:
        """Every reader has read what is stored, all of it, in order."""
        for reader in readers:
            with closing(self._journal()) as journal:
                (sid,) = journal.execute(
                    "SELECT sid FROM sessions WHERE id = ?", (reader.session,)
                ).fetchone()
                stored = {
                    first + number: line
                    for first, _, _, lines in _log(journal, sid)
                    for number, line in enumerate(lines.split(b"\n")[:-1])
                }
            yield from reader.compare(stored)

    def leftovers(self, broker: int) -> Iterator[str]:
        """Processes, files and sockets that should not be there, when they have had time to go."""
        deadline = time.monotonic() + _SETTLED
        while wrong := [*self._strays(broker), *self._files(broker)]:
            if time.monotonic() > deadline:
                yield from wrong
                return
            time.sleep(0.1)

    def _strays(self, broker: int) -> Iterator[str]:
        with closing(self._journal()) as journal:
            (state,) = journal.execute("SELECT value FROM meta WHERE key = 'state_id'").fetchone()
        marked = processes.find_marked(f"{state}.")
        family = zygote.find_family(self._paths.zygote_socket)
        below = set(processes.below([process.pid for process in family]))
        for process, marker in marked.items():
            if process not in below:
                yield f"{process} of {marker} is below no worker"
        parents = {broker, *(process.pid for process in family)}
        for entry in processes.snapshot().values():
            if entry.state == "Z" and entry.parent in parents:
                yield f"{entry} is a zombie"
        yield from self._owners(list(marked.values()))

    def _owners(self, markers: list[str]) -> Iterator[str]:
        """One session, one epoch: whatever lives of it."""
        epochs: dict[str, set[str]] = {}
        for marker in markers:
            _, session, epoch = marker.split(".")
            epochs.setdefault(session, set()).add(epoch)
        for session, several in epochs.items():
            if len(several) > 1:
                yield f"session {session} has processes of the epochs {sorted(several)}"

    def _files(self, broker: int) -> Iterator[str]:
        with closing(self._journal()) as journal:
            rows = [json.loads(data) for (data,) in journal.execute("SELECT data FROM sessions")]
        leases = {f"{row['id']}.{row['epoch']}" for row in rows if row.get("lease")}
        for path in self._paths.spill.iterdir():
            if path.name not in leases:
                yield f"{path} was left by a dead lease"
        opened = len(os.listdir(f"/proc/{broker}/fd"))  # noqa: PTH208  names are counted
        if opened > _SPARE + 4 * len(leases) + 32:
            yield f"the broker has {opened} descriptors, with {len(leases)} workers"
        yield from self._resources(broker, len(leases))
        strange = {path.name for path in self._paths.run.iterdir()} - _SOCKETS
        if strange:
            yield f"{strange} in {self._paths.run}"
        for folder in (self._paths.config, self._paths.state):
            yield from (f"{path} was left half-written" for path in folder.glob("*.tmp*"))

    def _resources(self, broker: int, leases: int) -> Iterator[str]:
        for process in zygote.find_family(self._paths.zygote_socket):
            try:
                opened = len(os.listdir(f"/proc/{process.pid}/fd"))  # noqa: PTH208  names are counted
            except OSError:
                continue  # it has just ended
            if opened > _OF_A_WORKER + leases:
                yield f"{process} has {opened} descriptors"
        status = Path(f"/proc/{broker}/status").read_text()
        threads = int(status.partition("Threads:")[2].split()[0])
        if threads > _THREADS:
            yield f"the broker has {threads} threads"

    def _journal(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self._paths.journal}?mode=ro", uri=True, timeout=10)


def _log(journal: sqlite3.Connection, sid: int) -> Iterator[tuple[int, int, str, bytes]]:
    yield from journal.execute(
        "SELECT first, count, source, lines FROM log WHERE sid = ? ORDER BY first", (sid,)
    )


def _ends_wrong(sent: Sent, asked: int, had: int) -> Iterator[str]:
    if asked > 1 or had > 1:
        yield f"{sent} was asked {asked} times and had {had} effects"
    if sent.state is PromptState.DONE and not asked:
        yield f"{sent} has never reached the model"
    if sent.state is PromptState.VOID and (asked or had):
        yield f"{sent} is void, and has reached the model"
    if sent.state is not PromptState.DONE and not sent.reason:
        yield f"{sent} has ended without a reason"


def _reading_wrong(sent: Sent, row: dict[str, object]) -> Iterator[str]:
    if row["state"] != sent.state:
        yield f"{sent}, and the journal says {row}"
    numbers = [cursor.seq for cursor in sent.cursors]
    if numbers and numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        yield f"{sent} was read as {numbers}"
    # One that is taken back while its claude starts has been shown that, and ends without a turn.
    taken_back = sent.state is PromptState.VOID and "ends" not in row
    if numbers and numbers[-1] != row.get("ends") and not taken_back:
        yield f"{sent} ends at {row.get('ends')}, and was read up to {numbers[-1]}"


def _shown_busy(client: Client) -> Iterator[str]:
    """Lists and the feed say the same, and that nothing runs."""
    listed = {session.id: session for session in client.sessions()}
    fed = {session.id: session for session in client.snapshot().sessions}
    for key, session in listed.items():
        if session.state in _BUSY or session.prompting or session.queued or session.approvals:
            yield f"shown is {session}"
        if (other := fed.get(key)) is not None and other != session and not _starts(other, session):
            yield f"listed is {session}, in the feed is {other}"


def _starts(*shown: SessionInfo) -> bool:
    """Claudes are parked and started between two looks."""
    return any(session.state in {SessionState.STARTING, SessionState.IDLE} for session in shown)


def _note(fact: dict[str, str], ended: Counter[str], asked: dict[str, str]) -> None:
    match fact["fact"]:
        case "turn-finished" if fact["prompt"]:
            ended[fact["prompt"]] += 1
        case "approval-opened":
            asked[fact["approval"]] = "open"
        case "approval-delivered" | "approval-taken" | "tool-finished" | "approval-void" as kind:
            asked[fact["approval"]] = kind
