"""Rounds: prompts, blows, rest, and a look into the books."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from claude_remote.client import Client, connect
from claude_remote.paths import find_paths
from tests.e2e.chaos import points
from tests.e2e.chaos.blows import Blows
from tests.e2e.chaos.books import Books
from tests.e2e.chaos.meddlers import Meddler
from tests.e2e.chaos.programs import Commands
from tests.e2e.chaos.prompters import PATIENCE, Crowd, improvise
from tests.e2e.chaos.readers import Reader
from tests.e2e.chaos.watchers import Watcher
from tests.e2e.lab import Client as Stranger
from tests.e2e.lab import Lab, importing_tests
from tests.e2e.relay import Relay


class Chaos:
    """A laboratory, and somebody who breaks things in it."""

    def __init__(
        self, lab: Lab, relay: Relay, seed: int, tell: Callable[[str], None], *, points_alone: bool
    ) -> None:
        self._lab = lab
        self._relay = relay
        self._random = random.Random(seed)
        self._tell = tell
        self._paths = find_paths(lab.server_environment)
        effects = lab.work / "effects"
        self._books = Books(self._paths, effects)
        self._crowd = Crowd()
        stranger = acquainted(lab, relay)
        self._laptop = find_paths(stranger.environment)
        self._meddler = Meddler(self._crowd)
        self._commands = Commands(stranger)
        self.blows = Blows(lab, self._paths, relay, self._random, points_alone=points_alone)
        lab.api.otherwise = lambda call: improvise(call, effects)

    def play(self) -> None:
        """One round. Raises AssertionError with all that is wrong after it."""
        crowd, rng = self._crowd, self._random
        crowd.begin()
        began = len(crowd.sent)
        seeds = [rng.random() for _ in range(7)]
        with ExitStack() as stack:
            stack.callback(crowd.end)  # whatever happens, or its threads would go on
            here = stack.enter_context(connect(paths=self._paths))
            away = stack.enter_context(connect("far", paths=self._laptop))
            threads = [
                threading.Thread(target=crowd.prompt, args=(client, seed, 2))
                for client, seed in zip((here, away, away), seeds[:3], strict=True)
            ]
            others = [
                threading.Thread(target=crowd.decide, args=(away, seeds[3])),
                threading.Thread(target=crowd.run_errands, args=(here, seeds[4])),
                threading.Thread(target=self._meddler.meddle, args=(away, seeds[5], crowd.over)),
                threading.Thread(target=self._commands.run, args=(seeds[6], crowd.over)),
            ]
            readers = [*self._read(away)]
            watcher = Watcher(away)
            stack.callback(watcher.stop)
            for thread in (*threads, *others):
                thread.start()
            struck = []
            for _ in range(rng.randint(1, 4)):
                self._live(rng.uniform(0.0, 2.5))
                struck.append(self.blows.strike())
            self._live_until_done(threads, began)
            crowd.end()
            self.blows.end()
            for thread in others:
                thread.join(PATIENCE)
                assert not thread.is_alive(), f"a decision, or an errand, does not end: {crowd.sent[began:]}"
            self._tell(f"  {', '.join(struck)}")
            self._tell(
                "  " + ", ".join(f"{each.kind} {each.state or each.refused}" for each in crowd.sent[began:])
            )
            wrong = [*self._books.not_at_rest(here), *watcher.wrong()]
            readers += self._read(here)
            wrong += [
                *self._books.prompts_wrong(crowd.sent, self._lab.api.calls),
                *self._books.commands_wrong(self._commands, self._lab.api.calls),
                *self._books.logs_wrong(),
                *self._books.readers_wrong(readers),
            ]
        wrong += self._books.leftovers(self._lab.server.pid)
        assert not wrong, "\n".join(wrong)

    def _read(self, client: Client) -> Iterator[Reader]:
        """Some of the sessions, the newest first."""
        for session in client.sessions()[: self._random.randint(1, 3)]:
            yield Reader(client, session.id)

    def _live(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            self.blows.keep_alive()
            time.sleep(0.05)

    def _live_until_done(self, threads: list[threading.Thread], began: int) -> None:
        deadline = time.monotonic() + PATIENCE
        while any(thread.is_alive() for thread in threads):
            assert time.monotonic() < deadline, f"a prompt does not end: {self._crowd.sent[began:]}"
            self._live(0.1)


def acquainted(lab: Lab, relay: Relay) -> Stranger:
    """A client that knows the server as `far`, over the relay, and may do everything."""
    laptop = lab.client("laptop")
    known = ("servers", "add", "far", f"127.0.0.1:{relay.port}", "--fingerprint", lab.server.fingerprint)
    assert laptop.run(*known).code == 4  # it waits for approval
    (new,) = lab.server.clients()
    lab.server.approve(new["fingerprint"], name="laptop", rights="work")
    return laptop


@contextmanager
def prepared(seed: int, tell: Callable[[str], None], *, points_alone: bool = False) -> Iterator[Chaos]:
    """A server with points in it, and everything around it."""
    with Lab() as lab:
        folder = lab.folder / "points"
        folder.mkdir()
        lab.server_environment[points.FOLDER] = str(folder)
        lab.server_environment |= importing_tests()
        lab.program = (sys.executable, "-m", "tests.e2e.chaos.faulty")
        lab.start("--workers", "3", "--warm", "1", "--idle", "3s")
        with Relay(lab.server.port) as relay:
            yield Chaos(lab, relay, seed, tell, points_alone=points_alone)


def run(
    seed: int,
    rounds: int,
    tell: Callable[[str], None] = lambda _: None,
    seconds: float = 1e9,
    *,
    points_alone: bool = False,
) -> Counter[str]:
    """Play so many rounds, or as many as begin within `seconds`; the blows that were dealt."""
    ends = time.monotonic() + seconds
    with prepared(seed, tell, points_alone=points_alone) as chaos:
        for number in range(rounds):
            if time.monotonic() > ends:
                break
            tell(f"round {number} of seed {seed}")
            chaos.play()
        return chaos.blows.counts + chaos.blows.reached
