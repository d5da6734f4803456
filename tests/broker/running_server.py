"""The real server as a process of its own, in a folder of its own."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from claude_remote import processes
from claude_remote.paths import Paths, find_paths
from claude_remote_broker import zygote

_READY = re.compile(r"claude-remote-server: listening on (.+), fingerprint (SHA256:\S+)\n")
_COMMAND = [sys.executable, "-m", "claude_remote_broker"]
PATIENCE = 30.0


def stand_in_claude(folder: Path, *, logged_in: bool = True) -> Path:
    """A program that answers what the server asks claude at its start, and nothing else."""
    path = folder / "claude"
    path.write_text(
        f"#!/bin/sh\n[ \"$1\" = -v ] && echo '9.9.9 (Claude Code)' && exit 0\nexit {0 if logged_in else 1}\n"
    )
    path.chmod(0o755)
    return path


def server_environment(home: Path, **more: str) -> dict[str, str]:
    """The environment in which server and client of a test share one folder."""
    kept = ("PATH", "PYTHONPATH", "LANG")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "HOME": str(home),
        "CLAUDE_REMOTE_HOME": str(home / "remote"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        **more,
    }


def run_command(
    arguments: Sequence[str], environ: Mapping[str, str], timeout: float = PATIENCE
) -> subprocess.CompletedProcess[str]:
    """`claude-remote-server` with these arguments, to its end; without a terminal."""
    return subprocess.run(
        [*_COMMAND, *arguments],
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


class RunningServer:
    """`with RunningServer(environ, "--port", "0") as server:` it has said that it is ready."""

    def __init__(self, environ: Mapping[str, str], *arguments: str) -> None:
        self.environ = dict(environ)
        self.paths: Paths = find_paths(self.environ)
        self.arguments = arguments
        self.where = ""
        self.fingerprint = ""
        self.log = Path(self.environ["HOME"]) / "server.log"

    @property
    def port(self) -> int:
        """The TCP port."""
        return int(self.where.rpartition(":")[2])

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        finally:
            left = [*zygote.find_family(self.paths.zygote_socket), *self.marked()]
            processes.kill_tree(left)
        if kind is None:
            assert not left, f"the server left {left}"

    def start(self) -> None:
        """Start it and wait until it is ready."""
        # Into a file: what outlives the server would keep a pipe open.
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*_COMMAND, "run", *self.arguments],
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        found = _READY.fullmatch(self._line())
        assert found, f"it did not come up:\n{self.log.read_text()}"
        self.where, self.fingerprint = found.groups()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def marked(self) -> list[processes.Process]:
        """Every process with a lease marker whose environment is of this test."""
        home = f"CLAUDE_REMOTE_HOME={self.environ['CLAUDE_REMOTE_HOME']}".encode()
        return [process for process in processes.find_marked("") if home in _environ(process.pid)]

    def _line(self) -> str:
        stdout = self.process.stdout
        assert stdout is not None
        line = b""
        end = time.monotonic() + PATIENCE
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([stdout], [], [], max(0.0, end - time.monotonic()))
            data = os.read(stdout.fileno(), 4096) if ready else b""
            if not data:
                break
            line += data
        return line.decode()


def _environ(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""
