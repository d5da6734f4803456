"""A laboratory: a real server with the real claude, clients as they are run, and a scripted model.

    with Lab() as lab:
        lab.api.on("hello", text("Hi."))
        alice = lab.approved("alice")
        assert alice.run("-p", "hello").out == "Hi.\\n"

Everything is below one short folder of its own, each client in a home of its own, so that it is a stranger to
the server as on another machine. Leaving the lab proves that no process of it is left and that none of them
complained of a resource that nobody closed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.e2e import leftovers
from tests.e2e.programs import PATIENCE, Ran, Running, Terminal
from tests.e2e.users import User
from tests.fakes.messages_api import ScriptedApi, claude_environment, claude_program

_READY = re.compile(r"(?P<host>\S+):(?P<port>\d+)\b.*?(?P<fingerprint>SHA256:[A-Za-z0-9+/]{43})", re.DOTALL)
_COMPLAINTS = ("ResourceWarning", "Traceback (most recent call last)", "was never awaited")
_KEPT = ("PATH", "PYTHONPATH", "LANG", "LD_LIBRARY_PATH")


def console_script(name: str) -> Path:
    """A command of the installation that runs the tests."""
    return Path(sys.executable).parent / name


def importing_tests() -> dict[str, str]:
    """More environment, for a program that is a module of the tests."""
    folders = (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", ""))
    return {"PYTHONPATH": os.pathsep.join(filter(None, folders))}


class Server:
    """One life of a server."""

    def __init__(self, lab: Lab, port: int, more: tuple[str, ...]) -> None:
        self._lab = lab
        self.argv = more
        where = ("-a", "127.0.0.1", "-p", str(port), "-C", str(lab.work))
        self.running = Running(
            [*lab.as_user, *lab.program, *where, "--claude", str(claude_program()), *more],
            lab.server_environment,
            lab.work,
        )
        try:
            ready = self.running.wait_for(_READY.pattern)
        except (EOFError, TimeoutError):
            self.running.close()
            raise
        self.host, self.port, self.fingerprint = ready["host"], int(ready["port"]), ready["fingerprint"]
        self.address = f"127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What it has logged."""
        return self.running.err

    @property
    def pid(self) -> int:
        """The broker's."""
        return self.running.process.pid

    def stop(self, within: float = 10.0) -> Ran:
        """SIGTERM; raises TimeoutError when it has not ended in time."""
        self.running.process.send_signal(signal.SIGTERM)
        return self.running.finish(within)

    def kill(self) -> None:
        """SIGKILL, the broker alone."""
        self.running.process.kill()
        # Its stderr stays open: what it started lives on.
        self.running.process.wait(PATIENCE)

    def control(self, *argv: str) -> Ran:
        """Run a subcommand of claude-remote-server on the server's own machine."""
        return self._lab.run("claude-remote-server", *argv, env=self._lab.server_environment)

    def clients(self) -> list[dict[str, Any]]:
        """`clients --json`."""
        ran = self.control("clients", "--json")
        assert ran.code == 0, ran
        listed: list[dict[str, Any]] = json.loads(ran.out)
        return listed

    def approve(self, which: str, *, name: str | None = None, rights: str = "work") -> Ran:
        """`clients approve`; fails the test when it fails."""
        argv = ["clients", "approve", which, "--rights", rights]
        ran = self.control(*argv, *(["--name", name] if name else []))
        assert ran.code == 0, ran
        return ran


class Client:
    """A user of claude-remote with a home of his own."""

    def __init__(self, lab: Lab, name: str) -> None:
        self._lab = lab
        self.name = name
        self.home = lab.folder / name
        self.home.mkdir()
        lab.give_away(self.home)
        self.environment = lab.environment(self.home, HOME=str(self.home))

    def run(self, *argv: str, stdin: bytes | None = None, timeout: float = PATIENCE) -> Ran:
        """`claude-remote …` to its end, without a terminal."""
        with self.start(*argv, stdin=stdin) as running:
            return running.finish(timeout)

    def start(self, *argv: str, stdin: bytes | None = None) -> Running:
        """`claude-remote …` beside the test, without a terminal."""
        return Running(self._words(argv), self.environment, self.home, stdin=stdin)

    def watch(self, *argv: str) -> Running:
        """The same for somebody who looks on: stdout is a terminal, so text comes while it is written."""
        return Running(self._words(argv), self.environment, self.home, shown=True)

    def terminal(self, *argv: str) -> Terminal:
        """`claude-remote …` on a terminal."""
        return Terminal(self._words(argv), self.environment, self.home)

    def _words(self, argv: Sequence[str]) -> list[str | Path]:
        return [*self._lab.as_user, self._lab.script("claude-remote"), *argv]

    def add(self, server: Server, *argv: str) -> Ran:
        """Make a server known under the name `home`, and ring there."""
        return self.run("servers", "add", "home", server.address, "--fingerprint", server.fingerprint, *argv)


class Lab:
    """See above. `server` is the one that runs now; `start` begins it, again after a stop or a kill.

    `user`: whose processes all of them are, if not ours, and whose folder everything is in.
    """

    def __init__(self, user: User | None = None) -> None:
        self._user = user
        self.as_user: tuple[str, ...] = () if user is None else user.words
        self.folder = Path(tempfile.mkdtemp(prefix="cr-"))
        self.mark = self.folder.name
        self.home = self.folder / "home"  # of the server's user
        self.work = self.home / "work"  # where sessions start
        self.work.mkdir(parents=True)
        self.give_away(self.folder, self.home, self.work)
        self.api = ScriptedApi()
        self.servers: list[Server] = []
        self.program: tuple[str | Path, ...] = (self.script("claude-remote-server"),)
        self.clients: dict[str, Client] = {}
        self.server_environment = self.environment(
            self.folder / "server", **claude_environment(self.api, self.home)
        )
        self.give_away(Path(self.server_environment["TMPDIR"]))

    def script(self, name: str) -> Path:
        """A command of the installation that is tested."""
        return console_script(name) if self._user is None else self._user.programs / name

    def give_away(self, *paths: Path) -> None:
        """To the user of this lab."""
        for path in paths if self._user is not None else ():
            os.chown(path, self._user.number, self._user.number)

    def environment(self, home: Path, **more: str) -> dict[str, str]:
        """What every program of the lab gets: little of ours, and the mark by which it is found."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return kept | {
            "CLAUDE_REMOTE_HOME": str(home),
            "PYTHONWARNINGS": "always::ResourceWarning",
            leftovers.MARK: self.mark,
            **more,
        }

    def __enter__(self) -> Self:
        self.api.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self.servers and self.server.running.process.poll() is None:
                self.server.stop()
        finally:
            left = leftovers.wait_until_gone(self.mark, within=5.0)
            leftovers.kill(left)
            for server in self.servers:
                server.running.close()
            self.api.close()
            shutil.rmtree(self.folder, ignore_errors=True)
        if kind is None:
            assert not left, f"processes are left: {left}"
            assert not self.complaints(), self.log()

    @property
    def server(self) -> Server:
        """The server that was started last."""
        return self.servers[-1]

    def start(self, *argv: str, port: int = 0, window: bool = False) -> Server:
        """Start the server; it is ready when this returns. Without a warm claude, unless `argv` wants one:
        many tests count claudes. `window`: it may open its own.
        """
        quiet = () if window else ("--no-gui",)
        server = Server(self, port, ("--warm", "0", *quiet, *argv))
        self.servers.append(server)
        return server

    def client(self, name: str) -> Client:
        """A client that nobody knows yet."""
        self.clients[name] = Client(self, name)
        return self.clients[name]

    def approved(self, name: str, rights: str = "work") -> Client:
        """A client that the server knows; `home` is its default server."""
        client = self.client(name)
        known = {entry["fingerprint"] for entry in self.server.clients()}
        rang = client.add(self.server)
        assert rang.code == 4, rang  # pending
        (new,) = [entry for entry in self.server.clients() if entry["fingerprint"] not in known]
        self.server.approve(new["fingerprint"], name=name, rights=rights)
        return client

    def run(self, program: str, *argv: str, env: Mapping[str, str]) -> Ran:
        """A program to its end."""
        with Running([*self.as_user, self.script(program), *argv], env, self.work) as running:
            return running.finish()

    def claude(self, *argv: str) -> Ran:
        """The server's claude, run by hand on the server's machine in the folder of the sessions."""
        ran = subprocess.run(
            [claude_program(), *argv],
            env=self.server_environment,
            cwd=self.work,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def claudes(self) -> dict[int, str]:
        """The claude processes that run now."""
        program = str(claude_program())
        return {pid: words for pid, words in leftovers.marked(self.mark).items() if words.startswith(program)}

    def claude_of(self, words: str) -> int:
        """The process in whose conversation something was said, as soon as claude has put that on disk."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            # Elsewhere below it claude makes files and takes them away again.
            noted = (self.home / ".claude" / "projects").glob("*/*.jsonl")
            said = [path.stem for path in noted if words in path.read_text()]
            for pid, argv in self.claudes().items():
                if any(f"={session}" in argv for session in said):
                    return pid
            time.sleep(0.02)
        raise TimeoutError(f"no claude has noted {words!r}")

    def complaints(self) -> list[str]:
        """Lines of the servers' logs that no good server writes."""
        return [line for line in self.log().splitlines() if any(word in line for word in _COMPLAINTS)]

    def log(self) -> str:
        """What all servers of this lab have logged."""
        return "\n".join(server.log for server in self.servers)
