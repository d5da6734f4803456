"""Processes are killed and stopped at random while prompts stream, wait and ask; then the books are checked.

    python -m tests.e2e.chaos [--seed N] [--rounds N]

Each round several clients prompt sessions, new and shared, while broker, zygote, workers, claudes and tools
die or stand still. When all prompts have ended:
- every client was told of its prompt's end, and the journal says the same;
- no prompt has reached the model or had its effect twice; what is done has reached it, what is void has not;
- the log of every session is numbered without gap or double, and so is what each client read;
- no question is open in a session whose claude has none, nothing of a dead lease lives.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import signal
import sqlite3
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from claude_remote import facts, processes
from claude_remote.client import Client, connect, events
from claude_remote.client.turn import Turn, Verdict
from claude_remote.errors import (
    AlreadyDecided,
    LinkLost,
    NoSuchApproval,
    RemoteError,
    ShuttingDown,
    Unreachable,
)
from claude_remote.messages import Behavior, Cursor, PromptState
from claude_remote.paths import Paths, find_paths
from claude_remote.processes import Process
from claude_remote_broker import zygote
from tests.e2e.lab import Lab
from tests.fakes.call import Call
from tests.fakes.script import Answer, bash, reply, say, text

_ID = re.compile(r"p-[0-9a-f]{8}")
_PATIENCE = 90.0  # seconds for a round to come to rest
_BLOWS = ("broker", "zygote", "worker", "worker", "claude", "claude", "tool", "pause")
_KINDS = ("quick", "story", "tool", "ask", "long")


@dataclass
class Sent:
    """One prompt, and what its client saw of it."""

    mark: str
    kind: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    accepted: bool = False
    state: PromptState | None = None
    reason: str = ""
    refused: str = ""
    cursors: list[Cursor] = field(default_factory=list)
    resets: int = 0


class Chaos:
    """A laboratory, and somebody who breaks things in it."""

    def __init__(self, lab: Lab, seed: int, tell: Callable[[str], None]) -> None:
        self.lab = lab
        self._random = random.Random(seed)
        self._tell = tell
        self._paths: Paths = find_paths(lab.server_environment)
        self._effects = lab.work / "effects"
        self._undecided: list[str] = []
        self._sessions: dict[bool, list[str]] = {True: [], False: []}  # by whether Bash is allowed there
        self._over = threading.Event()
        self.sent: list[Sent] = []
        self.blows: Counter[str] = Counter()
        lab.api._otherwise = self._improvise

    # --- the model -------------------------------------------------------------------------------------

    def _improvise(self, call: Call) -> Answer:
        mark, kind = _prompt_of(call)
        if call.results or kind == "quick":
            return text(f"{mark} is done.")
        match kind:
            case "story":
                return reply(say("".join(f"piece {number}, " for number in range(40)), chunks=40, delay=0.05))
            case "long":
                return bash(f"echo {mark} >> {self._effects}; sleep 4")
            case _:
                return bash(f"echo {mark} >> {self._effects}")

    # --- a round ---------------------------------------------------------------------------------------

    def play(self) -> None:
        """One round: prompts, blows, rest."""
        self._over.clear()
        seeds = [self._random.random() for _ in range(4)]
        began = len(self.sent)
        with connect(paths=self._paths) as client:
            threads = [threading.Thread(target=self._prompt, args=(client, seed)) for seed in seeds[:3]]
            decider = threading.Thread(target=self._decide, args=(client, seeds[3]))
            for thread in (*threads, decider):
                thread.start()
            for _ in range(self._random.randint(1, 4)):
                time.sleep(self._random.uniform(0.0, 2.5))
                self._strike()
            deadline = time.monotonic() + _PATIENCE
            for thread in threads:
                thread.join(max(0.0, deadline - time.monotonic()))
                assert not thread.is_alive(), f"a prompt does not end: {self.sent[began:]}"
            self._over.set()
            decider.join(_PATIENCE)
        self._tell(", ".join(f"{sent.kind} {sent.state or sent.refused}" for sent in self.sent[began:]))

    def _prompt(self, client: Client, seed: float) -> None:
        rng = random.Random(seed)
        for _ in range(2):
            sent = Sent(f"p-{rng.getrandbits(32):08x}", rng.choice(_KINDS))
            self.sent.append(sent)
            allowed = sent.kind in ("tool", "long")
            known = self._sessions[allowed]
            session = rng.choice(known) if known and rng.random() < 0.5 else None
            turn = self._send(client, sent, session, allowed=allowed, rng=rng)
            if turn is None:
                continue
            if rng.random() < 0.15:
                threading.Timer(rng.uniform(0.0, 2.0), _interrupt, (turn,)).start()
            self._follow(turn, sent, allowed=allowed)

    def _send(
        self, client: Client, sent: Sent, session: str | None, *, allowed: bool, rng: random.Random
    ) -> Turn | None:
        """As a program would: the same prompt again and again, until somebody takes it."""

        def decide(_: facts.ApprovalOpened) -> Verdict | None:
            if rng.random() < 0.4:
                return None
            return Verdict(behavior=rng.choice([Behavior.ALLOW, Behavior.DENY]), message="no")

        deadline = time.monotonic() + _PATIENCE / 2
        while True:
            try:
                return client.prompt(
                    f"{sent.mark} {sent.kind}",
                    session=session,
                    options=() if session or not allowed else ("--allowedTools=Bash",),
                    on_approval=decide,
                    patience=_PATIENCE / 2,
                    id=sent.id,
                )
            except (LinkLost, Unreachable):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            except RemoteError as error:
                sent.refused = error.code
                return None

    def _follow(self, turn: Turn, sent: Sent, *, allowed: bool) -> None:
        try:
            for event in turn:
                match event:
                    case events.Accepted(session=session):
                        sent.accepted = True
                        self._sessions[allowed].append(session.id)
                    case events.Line(cursor=cursor):
                        sent.cursors.append(cursor)
                    case events.Fact(fact=fact, cursor=cursor):
                        sent.cursors.append(cursor)
                        if isinstance(fact, facts.ApprovalOpened):
                            self._undecided.append(fact.approval)
                    case events.Reset():
                        sent.resets += 1
                    case events.Finished(state=state, reason=reason):
                        sent.state, sent.reason = state, reason
        except RemoteError as error:
            sent.refused = error.code

    def _decide(self, client: Client, seed: float) -> None:
        """Somebody else, who decides whatever is still open after a while."""
        rng = random.Random(seed)
        while not self._over.wait(0.5):
            for approval in self._undecided[:]:
                if rng.random() < 0.7:
                    continue
                try:
                    client.decide(approval, Verdict(behavior=rng.choice([Behavior.ALLOW, Behavior.DENY])))
                except (AlreadyDecided, NoSuchApproval):
                    self._undecided.remove(approval)
                except (LinkLost, Unreachable, ShuttingDown):
                    break
                else:
                    self._undecided.remove(approval)

    # --- blows -----------------------------------------------------------------------------------------

    def _strike(self) -> None:
        members = zygote.find_family(self._paths.zygote_socket)
        pids = {process.pid for process in members}
        workers = [process for process in members if pids & set(processes.ancestors(process.pid))]
        orphaned = [process for process in members if process not in workers]
        claudes = processes.below([process.pid for process in workers])
        blow = self._random.choice(_BLOWS)
        self.blows[blow] += 1
        match blow:
            case "broker":
                self.lab.server.kill()
                time.sleep(self._random.choice([0.0, 0.3, 1.5]))
                self.lab.start(port=self.lab.server.port)
            case "zygote":
                self._kill(orphaned)
            case "worker":
                self._kill(workers)
            case "claude":
                self._kill([process for process in claudes if _is_claude(process)])
            case "tool":
                self._kill([process for process in claudes if not _is_claude(process)])
            case "pause" if workers:
                victim = self._random.choice(workers)
                processes.send_signal(victim, signal.SIGSTOP)
                pause = self._random.choice([0.5, 3.0, 7.0])
                threading.Timer(pause, processes.send_signal, (victim, signal.SIGCONT)).start()

    def _kill(self, among: list[Process]) -> None:
        if among:
            processes.send_signal(self._random.choice(among), signal.SIGKILL)

    # --- the books -------------------------------------------------------------------------------------

    def check(self) -> None:
        """Everything that has to be true now. Raises AssertionError with all that is not."""
        wrong = [*self._prompts_wrong(), *self._logs_wrong(), *self._processes_wrong()]
        assert not wrong, "\n".join(wrong)

    def _prompts_wrong(self) -> Iterator[str]:
        asked = Counter(_prompt_of(call)[0] for call in self.lab.api.calls if not call.results)
        had = Counter(self._effects.read_text().split()) if self._effects.exists() else Counter()
        with closing(self._journal()) as journal:
            rows = {key: json.loads(data) for key, data in journal.execute("SELECT id, data FROM prompts")}
        for sent in self.sent:
            if not sent.accepted:
                if sent.state is not None or not sent.refused:
                    yield f"{sent} was neither accepted nor refused"
            elif sent.id not in rows:
                yield f"{sent} is not in the journal"
            elif sent.state is None:
                yield f"{sent} was accepted, and its end is not known"
            else:
                yield from _ends_wrong(sent, asked[sent.mark], had[sent.mark])
                yield from _reading_wrong(sent, rows[sent.id])

    def _logs_wrong(self) -> Iterator[str]:
        with closing(self._journal()) as journal:
            for sid, data in journal.execute("SELECT sid, data FROM sessions").fetchall():
                row = json.loads(data)
                begun: list[str] = []
                ended: Counter[str] = Counter()
                asked: dict[str, str] = {}
                seq = 0
                for first, count, source, lines in journal.execute(
                    "SELECT first, count, source, lines FROM log WHERE sid = ? ORDER BY first", (sid,)
                ):
                    if first != seq + 1 or lines.count(b"\n") != count:
                        yield f"session {row['id']}: {count} lines at {first} follow {seq}"
                    seq = first + count - 1
                    for fact in map(json.loads, lines.splitlines()) if source == "fact" else ():
                        _note(fact, begun, ended, asked)
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

    def _processes_wrong(self) -> Iterator[str]:
        deadline = time.monotonic() + 15
        while wrong := list(self._strays()):
            if time.monotonic() > deadline:
                yield from wrong
                return
            time.sleep(0.1)

    def _strays(self) -> Iterator[str]:
        with closing(self._journal()) as journal:
            (state,) = journal.execute("SELECT value FROM meta WHERE key = 'state_id'").fetchone()
        marked = processes.find_marked(f"{state}.")
        family = zygote.find_family(self._paths.zygote_socket)
        below = set(processes.below([process.pid for process in family]))
        for process, marker in marked.items():
            if process not in below:
                yield f"{process} of {marker} is below no worker"
        parents = {self.lab.server.pid, *(process.pid for process in family)}
        for entry in processes.snapshot().values():
            if entry.state == "Z" and entry.parent in parents:
                yield f"{entry} is a zombie"

    def _journal(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self._paths.journal}?mode=ro", uri=True, timeout=10)


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


def _note(fact: dict[str, str], begun: list[str], ended: Counter[str], asked: dict[str, str]) -> None:
    match fact["fact"]:
        case "turn-started":
            begun.append(fact["prompt"])
        case "turn-finished" if fact["prompt"]:
            ended[fact["prompt"]] += 1
        case "approval-opened":
            asked[fact["approval"]] = "open"
        case "approval-delivered" | "approval-taken" | "tool-finished" | "approval-void" as kind:
            asked[fact["approval"]] = kind


def _prompt_of(call: Call) -> tuple[str, str]:
    """The mark and the kind of the prompt that a request is about."""
    for words in reversed(call.said):
        if found := _ID.search(words):
            return found[0], words[found.end() :].split()[0]
    return "", "quick"


def _interrupt(turn: Turn) -> None:
    try:
        turn.interrupt()
    except RemoteError:
        return  # it is over, or its link is


def _is_claude(process: Process) -> bool:
    try:
        return b"stream-json" in Path(f"/proc/{process.pid}/cmdline").read_bytes()
    except OSError:
        return False


def run(
    seed: int, rounds: int, tell: Callable[[str], None] = lambda _: None, seconds: float = 1e9
) -> Counter[str]:
    """Play so many rounds, or as many as begin within `seconds`; the blows that were dealt."""
    with Lab() as lab:
        lab.start("--workers", "3")
        chaos = Chaos(lab, seed, tell)
        ends = time.monotonic() + seconds
        for number in range(rounds):
            if time.monotonic() > ends:
                break
            tell(f"round {number}, {dict(chaos.blows)}")
            chaos.play()
            chaos.check()
        return chaos.blows


def main() -> int:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    print(run(options.seed, options.rounds, lambda words: print(words, flush=True)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
