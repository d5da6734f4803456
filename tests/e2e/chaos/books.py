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
from claude_remote.messages import PromptState
from claude_remote.paths import Paths
from claude_remote_broker import zygote
from tests.e2e.chaos.prompters import Sent, begins, prompt_of
from tests.e2e.chaos.readers import Reader
from tests.fakes.call import Call

_SETTLED = 15.0  # seconds for what was killed to be gone
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
    if numbers and numbers[-1] != row.get("ends"):
        yield f"{sent} ends at {row.get('ends')}, and was read up to {numbers[-1]}"


def _note(fact: dict[str, str], ended: Counter[str], asked: dict[str, str]) -> None:
    match fact["fact"]:
        case "turn-finished" if fact["prompt"]:
            ended[fact["prompt"]] += 1
        case "approval-opened":
            asked[fact["approval"]] = "open"
        case "approval-delivered" | "approval-taken" | "tool-finished" | "approval-void" as kind:
            asked[fact["approval"]] = kind
