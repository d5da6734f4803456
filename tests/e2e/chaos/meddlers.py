"""Others who use the same sessions meanwhile: they steer, close, rename, wake, interrupt and look."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter

from claude_remote.client import Client
from claude_remote.errors import LinkLost, RemoteError, TimedOut, Unreachable
from tests.e2e.chaos.prompters import PATIENCE, Crowd, Sent

_AWAY = (LinkLost, Unreachable)
_ACTS = ("steer", "steer", "close", "rename", "wake", "interrupt", "mode", "wait", "look")


class Meddler:
    """Does one of these things after the other to sessions of a crowd. `done` counts what came of it."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self.done: Counter[str] = Counter()

    def meddle(self, client: Client, seed: float, over: threading.Event) -> None:
        """Until it is over. What a server that is away refuses is not tried again."""
        rng = random.Random(seed)
        while not over.wait(rng.uniform(0.2, 2.0)):
            known = [*self._crowd.sessions[True], *self._crowd.sessions[False]]
            if not known:
                continue
            act, session = rng.choice(_ACTS), rng.choice(known[-6:])
            try:
                self._do(act, session, client, rng)
            except RemoteError as error:
                self.done[f"{act} {error.code}"] += 1
            else:
                self.done[act] += 1

    def _do(self, act: str, session: str, client: Client, rng: random.Random) -> None:
        match act:
            case "steer":
                self._steer(session, client, rng)
            case "close":
                client.close_session(session)
            case "rename":
                client.rename(session, f"name {rng.getrandbits(24)}")
            case "wake":
                client.open(session=session)
            case "interrupt":
                client.interrupt(session)
            case "mode":
                client.control(session, "set_permission_mode", mode=rng.choice(["default", "acceptEdits"]))
            case "wait":
                try:
                    client.wait(session, timeout=1.0)
                except TimedOut:
                    return
            case _:
                client.sessions()
                client.status()
                client.snapshot()

    def _steer(self, session: str, client: Client, rng: random.Random) -> None:
        """A prompt for the running turn; it is followed then, by its id, as any other."""
        sent = Sent(f"p-{rng.getrandbits(32):08x}", "quick")
        text = f"{sent.mark} {sent.kind}"
        self._crowd.sent.append(sent)
        deadline = time.monotonic() + PATIENCE / 2
        while True:
            try:
                client.send(text, session=session, now=True, id=sent.id, patience=PATIENCE / 2)
                turn = client.prompt(text, session=session, id=sent.id, patience=PATIENCE / 2)
            except _AWAY:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            except RemoteError as error:
                sent.refused = error.code
                return
            else:
                self._crowd.follow(turn, sent, allowed=None)
                return
