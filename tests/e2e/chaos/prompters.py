"""Clients that prompt, decide and interrupt, and take down what they are told."""

from __future__ import annotations

import random
import re
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field

from claude_remote import facts, messages
from claude_remote.client import Client, events
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
from tests.fakes.call import Call
from tests.fakes.script import Answer, bash, reply, say, text

PATIENCE = 90.0  # seconds for a round to come to rest
_ID = re.compile(r"p-[0-9a-f]{8}")
_KINDS = ("quick", "story", "tool", "ask", "long")
_TRANSIENT = (LinkLost, Unreachable, ShuttingDown)


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


def prompt_of(call: Call) -> tuple[str, str]:
    """The mark and the kind of the prompt that a request of claude's is about."""
    for words in reversed(call.said):
        if found := _ID.search(words):
            return found[0], words[found.end() :].split()[0]
    return "", "quick"


def begins(call: Call) -> bool:
    """Whether a request brings a prompt, not only the results of tools."""
    return any(map(_ID.search, call.brings))


def improvise(call: Call, effects: object) -> Answer:
    """What the model answers. Tools leave the prompt's mark in the file `effects`."""
    mark, kind = prompt_of(call)
    if call.results or kind == "quick":
        return text(f"{mark} is done.")
    match kind:
        case "story":
            return reply(say("".join(f"piece {number}, " for number in range(40)), chunks=40, delay=0.05))
        case "long":
            return bash(f"echo {mark} >> {effects}; sleep 4")
        case _:
            return bash(f"echo {mark} >> {effects}")


class Crowd:
    """Everybody's prompts, and what several of them know of: sessions, open approvals."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.sessions: dict[bool, list[str]] = {True: [], False: []}  # by whether Bash is allowed there
        self.errands: Counter[bool | str] = Counter()
        self._undecided: list[str] = []
        self.over = threading.Event()

    def begin(self) -> None:
        """A round begins."""
        self.over.clear()

    def end(self) -> None:
        """Nobody decides any more."""
        self.over.set()

    def prompt(self, client: Client, seed: float, count: int) -> None:
        """Send so many prompts, one after another, and follow them to their ends."""
        rng = random.Random(seed)
        for _ in range(count):
            sent = Sent(f"p-{rng.getrandbits(32):08x}", rng.choice(_KINDS))
            self.sent.append(sent)
            allowed = sent.kind in ("tool", "long")
            known = self.sessions[allowed]
            session = rng.choice(known) if known and rng.random() < 0.5 else None
            turn = self._send(client, sent, session, allowed=allowed, rng=rng)
            if turn is None:
                continue
            if rng.random() < 0.15:
                threading.Timer(rng.uniform(0.0, 2.0), _interrupt, (turn,)).start()
            self.follow(turn, sent, allowed=allowed)

    def decide(self, client: Client, seed: float) -> None:
        """Decide whatever is still open after a while, until the round ends."""
        rng = random.Random(seed)
        while not self.over.wait(0.5):
            for approval in self._undecided[:]:
                if rng.random() < 0.7:
                    continue
                try:
                    client.decide(approval, Verdict(behavior=rng.choice([Behavior.ALLOW, Behavior.DENY])))
                except (AlreadyDecided, NoSuchApproval):
                    self._undecided.remove(approval)
                except _TRANSIENT:
                    break
                else:
                    self._undecided.remove(approval)

    def run_errands(self, client: Client, seed: float) -> None:
        """Run commands, until the round ends; one whose server dies is told so, and that is all."""
        rng = random.Random(seed)
        while not self.over.is_set():
            try:
                with client.run_errand(messages.Exec(), b"sleep 0.3; echo done\0") as errand:
                    while (parcel := errand.receive(PATIENCE / 2)) is not None:
                        self.errands[bool(parcel.payload)] += 1
            except RemoteError as error:
                self.errands[error.code] += 1
            self.over.wait(rng.uniform(0.0, 2.0))

    def _send(
        self, client: Client, sent: Sent, session: str | None, *, allowed: bool, rng: random.Random
    ) -> Turn | None:
        """As a program would: the same prompt again and again, until somebody takes it."""

        def decide(_: facts.ApprovalOpened) -> Verdict | None:
            if rng.random() < 0.4:
                return None
            return Verdict(behavior=rng.choice([Behavior.ALLOW, Behavior.DENY]), message="no")

        deadline = time.monotonic() + PATIENCE / 2
        while True:
            try:
                return client.prompt(
                    f"{sent.mark} {sent.kind}",
                    session=session,
                    options=() if session or not allowed else ("--allowedTools=Bash",),
                    on_approval=decide,
                    patience=PATIENCE / 2,
                    id=sent.id,
                )
            except (LinkLost, Unreachable):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            except RemoteError as error:
                sent.refused = error.code
                return None

    def follow(self, turn: Turn, sent: Sent, *, allowed: bool | None) -> None:
        """Take down what is told of it. `allowed`: its session is one for prompts of that kind."""
        try:
            for event in turn:
                match event:
                    case events.Accepted(session=session):
                        sent.accepted = True
                        if allowed is not None:
                            self.sessions[allowed].append(session.id)
                    case events.Line(cursor=cursor):
                        sent.cursors.append(cursor)
                    case events.Fact(fact=fact, cursor=cursor):
                        sent.cursors.append(cursor)
                        if isinstance(fact, facts.ApprovalOpened):
                            self._undecided.append(fact.approval)
                    case events.Finished(state=state, reason=reason):
                        sent.state, sent.reason = state, reason
        except RemoteError as error:
            sent.refused = error.code


def _interrupt(turn: Turn) -> None:
    try:
        turn.interrupt()
    except RemoteError:
        return  # it is over, or its link is
