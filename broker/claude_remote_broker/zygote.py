"""The zygote, seen from the broker: finding the one that runs, executing a new one, and talking to it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, cast

from claude_remote import codec, files, framing, launch, processes
from claude_remote.errors import RemoteError
from claude_remote_broker.environment import clean
from claude_remote_broker.failure import Failure, FailureExit

log = logging.getLogger(__name__)

# It imports everything that a worker needs; on a busy machine that takes a while.
START_TIMEOUT = 20.0
ANSWER_TIMEOUT = 5.0
_MAX_LOG = 1024 * 1024
_RETRY = 0.02
_UCRED = struct.Struct("3i")

Report: TypeAlias = Callable[[launch.AnyReport], None]


@dataclass
class ZygoteProcess:
    """One we have executed ourselves; it has to be reaped when it ends before us."""

    popen: subprocess.Popen[bytes]

    def let_go(self) -> None:
        """It outlives us, on purpose: Popen would complain of one that nobody waits for."""
        if self.popen.returncode is None:
            self.popen.returncode = 0

    def reap(self) -> bool:
        """Whether it has ended."""
        return self.popen.poll() is not None

    def wait(self, patience: float) -> bool:
        """Whether it has ended, within so many seconds. Blocks."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(patience)
        return self.reap()


class ZygoteLink(asyncio.Protocol):
    """The connection to a zygote: orders out, reports in."""

    def __init__(self, report: Report, lost: Callable[[ZygoteLink], None]) -> None:
        self._report = report
        self._lost = lost
        self._decoder = framing.Decoder()
        self._transport: asyncio.Transport | None = None
        self.pid = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The loop calls this."""
        self._transport = cast("asyncio.Transport", transport)
        peer: socket.socket = transport.get_extra_info("socket")
        self.pid = _UCRED.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))[0]

    def connection_lost(self, exc: Exception | None) -> None:
        """The loop calls this, also after `close`."""
        del exc
        self._transport = None
        self._lost(self)

    def data_received(self, data: bytes) -> None:
        """The loop calls this with bytes from the zygote."""
        try:
            for frame in self._decoder.feed(data):
                self._report(_unpack(frame.header))
        except RemoteError as error:
            log.warning("the zygote (pid %d) does not speak our language: %s", self.pid, error.message)
            self.close()

    def send(self, order: launch.AnyOrder, payload: bytes = b"") -> None:
        """Give an order. Lost when the link is."""
        if self._transport is not None:
            self._transport.write(framing.encode(codec.pack(order), payload))

    def close(self) -> None:
        """Hang up at once."""
        if self._transport is not None:
            self._transport.abort()


async def connect(path: Path, report: Report, lost: Callable[[ZygoteLink], None]) -> ZygoteLink | None:
    """A link to the zygote that listens at `path`; None when none does."""
    loop = asyncio.get_running_loop()
    try:
        _, link = await loop.create_unix_connection(lambda: ZygoteLink(report, lost), str(path))
    except (FileNotFoundError, ConnectionRefusedError, ConnectionResetError):
        return None
    return link


async def execute(
    path: Path,
    environ: Mapping[str, str],
    logs: Path,
    report: Report,
    lost: Callable[[ZygoteLink], None],
    *,
    build: str = "",
) -> tuple[ZygoteProcess, ZygoteLink]:
    """Start a new zygote and connect to it. Raises Failure when it does not come up.

    Executed, never forked: a fork would share our locks. In a session of its own, without our descriptors,
    so that it outlives us; not even our stderr, whose reader may end with us. It and its workers log into the
    file `logs`, and names its `build` when it is asked what it is.
    """
    process = _execute(path, environ, logs, build)
    try:
        link = await _connect_to(process, path, report, lost)
    except BaseException:
        # Also when we are told to end meanwhile: nobody else knows this process.
        process.popen.kill()
        process.popen.wait()
        raise
    if link is None:
        code = process.popen.returncode
        raise Failure(f"the worker launcher ended at once ({code}); the end of {logs} says why")
    return process, link


async def _connect_to(
    process: ZygoteProcess, path: Path, report: Report, lost: Callable[[ZygoteLink], None]
) -> ZygoteLink | None:
    """A link to this very process; None when it has ended."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + START_TIMEOUT
    while loop.time() < deadline:
        if process.reap():
            return None
        link = await connect(path, report, lost)
        if link is not None and link.pid == process.popen.pid:
            return link
        if link is not None:  # to one that was killed and has not quite gone
            link.close()
        await asyncio.sleep(_RETRY)
    raise Failure(
        f"the worker launcher did not come up within {START_TIMEOUT:.0f} s; is this machine overloaded?",
        FailureExit.TRY_AGAIN,
    )


def _execute(path: Path, environ: Mapping[str, str], logs: Path, build: str) -> ZygoteProcess:
    files.make_private_folder(logs.parent)
    if logs.exists() and logs.stat().st_size > _MAX_LOG:
        logs.replace(logs.with_suffix(".old"))
    with files.private_umask():
        log_file = logs.open("ab")
    # Outside: the umask is inherited, down to what claude's tools create.
    with log_file:
        popen = subprocess.Popen(
            [sys.executable, "-m", "claude_remote_workers.zygote", "--socket", str(path), "--build", build],
            env=clean(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log_file,
            close_fds=True,
            start_new_session=True,
            cwd="/",
        )
    return ZygoteProcess(popen)


def find_family(path: Path) -> list[processes.Process]:
    """Every zygote of this socket and every worker forked from one: they share its command line.

    Only those of this user: anybody can start a program with such a command line.
    """
    wanted, own = os.fsencode(path), os.geteuid()
    found: list[processes.Process] = []
    for pid in processes.snapshot():
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}").stat().st_uid != own:
                continue
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if wanted in words and b"claude_remote_workers.zygote" in words:
                process = processes.find_process(pid)
                if process is not None:
                    found.append(process)
    return found


def find_unknown(path: Path, own: int, known: set[int], began: float) -> list[processes.Process]:
    """Of this family, all but the zygote `own`, who is `known`, and what is just starting.

    What a zygote starts is its own affair; and a new zygote may be starting itself: then it is our child, and
    younger than `began` (seconds since the boot). An orphan of a life before is older, which is our child,
    too, where this process is the first of its container.
    """
    found: list[processes.Process] = []
    for process in find_family(path):
        parent = next(processes.ancestors(process.pid), None)
        starts = parent == own or (parent == os.getpid() and process.started >= began)
        if process.pid != own and process.pid not in known and not starts:
            found.append(process)
    return found


def inherited(path: Path) -> set[int]:
    """Children of the lives that this process had before: zygotes, and what died and was not reaped."""
    own = os.getpid()
    family = {process.pid for process in find_family(path)}
    return {
        pid
        for pid, entry in processes.snapshot().items()
        if entry.parent == own and (pid in family or not processes.is_alive(entry.process))
    }


def is_reaped(pid: int) -> bool:
    """Whether this zygote is no child of ours (any more): after a restart it is, though we know no Popen."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def kill_hung(pid: int) -> None:
    """End a zygote that does not answer. Its workers live on."""
    process = processes.find_process(pid)
    if process is not None:
        processes.send_signal(process, signal.SIGKILL)


def end(pid: int) -> None:
    """End a zygote, and see it gone. Its workers live on. Blocks."""
    process = processes.find_process(pid)
    deadline = time.monotonic() + ANSWER_TIMEOUT
    while process is not None and processes.is_alive(process) and time.monotonic() < deadline:
        processes.send_signal(process, signal.SIGKILL)
        time.sleep(_RETRY)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # it may be a child of this process's life before


def _unpack(header: bytes) -> launch.AnyReport:
    return cast("launch.AnyReport", codec.unpack(header, cast("type[launch.Report]", launch.AnyReport)))
