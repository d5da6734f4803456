"""The command line as a process of its own, which is killed, stopped and interrupted as all others are."""

from __future__ import annotations

import json
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.e2e.chaos.prompters import PATIENCE
from tests.e2e.lab import Client as Stranger
from tests.e2e.programs import Running

_FATES = ("to its end", "killed", "interrupted", "stopped")


@dataclass
class Command:
    """One `claude-remote -p`. Its prompt is found by its mark, for it names the prompt's id to nobody."""

    mark: str
    kind: str
    fate: str
    code: int | None = None


class Commands:
    """All that were run."""

    def __init__(self, laptop: Stranger) -> None:
        self._laptop = laptop
        self.ran: list[Command] = []

    def run(self, seed: float, over: threading.Event) -> None:
        """One after the other, until it is over."""
        rng = random.Random(seed)
        while not over.wait(rng.uniform(0.0, 1.0)):
            command = Command(
                f"p-{rng.getrandbits(32):08x}", rng.choice(["quick", "story", "tool"]), rng.choice(_FATES)
            )
            self.ran.append(command)
            allowed = ("--allowedTools=Bash",) if command.kind == "tool" else ()
            argv = ("-s", "far", "-p", f"{command.mark} {command.kind}", *allowed)
            with self._laptop.start(*argv) as running:
                _befall(running, command, rng, over)

    def wrong(self, rows: Iterable[bytes], asked: Counter[str], had: Counter[str]) -> Iterator[str]:
        """At most one prompt each, which had its effect at most once; done if the command says so."""
        prompts = [json.loads(row) for row in rows]
        for command in self.ran:
            mine = [row for row in prompts if command.mark in row.get("start", "")]
            if len(mine) > 1 or asked[command.mark] > 1 or had[command.mark] > 1:
                yield f"{command} has {mine}, {asked[command.mark]} calls, {had[command.mark]} effects"
            if command.code == 0 and [row["state"] for row in mine] != ["done"]:
                yield f"{command}, and the journal says {mine}"
            if not mine and asked[command.mark]:
                yield f"{command} has reached the model, and nobody knows of it"


def _befall(running: Running, command: Command, rng: random.Random, over: threading.Event) -> None:
    process = running.process
    if command.fate != "to its end":
        over.wait(rng.uniform(0.0, 3.0))
    match command.fate:
        case "killed":
            process.kill()
        case "interrupted":
            process.send_signal(signal.SIGINT)
        case "stopped":
            process.send_signal(signal.SIGSTOP)
            over.wait(rng.uniform(0.0, 20.0))
            process.send_signal(signal.SIGCONT)
    command.code = running.finish(PATIENCE).code
