"""A real server, a client that it knows, and the environment in which their programs are run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from claude_remote import connect
from claude_remote.client import Client as Connection
from claude_remote.client.events import Fact
from claude_remote.facts import ClaudeReady
from claude_remote.paths import find_paths
from tests.benchmarks.bare_pipe import make_program
from tests.e2e import leftovers
from tests.e2e.lab import Client, Lab


class Yard:
    """What a benchmark needs of a laboratory. `stand_in` is the program in claude's place, if any."""

    def __init__(self, lab: Lab, client: Client, stand_in: Path | None) -> None:
        self.lab = lab
        self.client = client
        self.stand_in = stand_in

    @property
    def remote_environment(self) -> dict[str, str]:
        """For `claude-remote` as on another machine: it is approved, and goes by TLS."""
        return _plain(self.client.environment)

    @property
    def local_environment(self) -> dict[str, str]:
        """For `claude-remote` on the server's own machine: it goes by the control socket."""
        return _plain(self.lab.server_environment)

    def connect(self) -> Connection:
        """The client library, by TLS."""
        return connect("home", paths=find_paths(self.client.environment))

    @property
    def broker(self) -> psutil.Process:
        """The server's process."""
        return psutil.Process(self.lab.server.pid)

    def wait_for_warm(self) -> None:
        """Wait until a claude is kept for the next new session."""
        deadline = time.monotonic() + 60
        while '"state": "warm"' not in self.lab.server.control("workers", "--json").out:
            if time.monotonic() > deadline:
                raise TimeoutError("no claude is kept warm")
            time.sleep(0.2)

    @property
    def workers(self) -> list[psutil.Process]:
        """The workers' processes."""
        processes = [psutil.Process(pid) for pid in leftovers.marked(self.lab.mark)]
        zygotes = [process for process in processes if "claude_remote_workers.zygote" in process.cmdline()]
        pids = {process.pid for process in zygotes}
        return [process for process in zygotes if process.ppid() in pids]


@contextmanager
def yard(*, workers: int, stand_in: bool = False, warm: int = 0) -> Iterator[Yard]:
    """Start all of it; at the end it is proven that nothing is left."""
    with Lab() as lab:
        program = make_program(lab.folder) if stand_in else None
        said = ["--workers", str(workers), "--warm", str(warm)]
        lab.start(*said, *(["--claude", str(program)] if program else []))
        yield Yard(lab, lab.approved("bench"), program)


def _plain(environment: dict[str, str]) -> dict[str, str]:
    """Without what only tests want and users do not have."""
    return {name: value for name, value in environment.items() if name != "PYTHONWARNINGS"}


def open_ready(client: Connection) -> str:
    """Begin a session, and wait until its claude is there. Its id."""
    session = client.open().session.id
    with client.attach(session) as log:
        for event in log:
            if isinstance(event, Fact) and isinstance(event.fact, ClaudeReady):
                return session
    raise EOFError(f"the claude of session {session} did not come up")
