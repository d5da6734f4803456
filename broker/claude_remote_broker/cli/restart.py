"""`claude-remote-server restart`: the same server with the code that is installed now; what runs goes on."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import click

from claude_remote import processes
from claude_remote.paths import find_paths
from claude_remote_broker.failure import Failure, FailureExit
from claude_remote_broker.state_lock import Holder, read_holder

_LOOK_AGAIN = 0.05


@click.command(short_help="Restart the server; what runs goes on.")
@click.option(
    "--timeout",
    type=click.FloatRange(1, 3600),
    default=90.0,
    show_default=True,
    help="Seconds after which it is given up.",
)
def restart(timeout: float) -> int:
    """Restart the running server: the same arguments, the code that is installed now.

    Nothing that runs is ended: turns go on, approvals stay open, clients come back by themselves. A server
    that would not start is not begun: the one that runs goes on, and the reason is told.

    Exit codes: 0 restarted; 2 it would not start; 3 no server runs, or it did not come back.
    """
    path = find_paths().lock
    before = _find(path)
    if not before.address:
        raise Failure(f"the server (pid {before.pid}) is just starting", FailureExit.TRY_AGAIN)
    process = processes.find_process(before.pid)
    if process is None or not processes.send_signal(process, signal.SIGUSR2):
        raise Failure(f"the server (pid {before.pid}) cannot be signalled", FailureExit.TRY_AGAIN)
    after = _wait(path, before, process, time.monotonic() + timeout)
    click.echo(
        f"restarted: version {after.version}, pid {after.pid}, listening on {after.address}; what ran goes on"
    )
    return 0


def _find(path: Path) -> Holder:
    holder = read_holder(path)
    if holder is None:
        raise Failure(
            "no server runs here; start it with: claude-remote-server service install", FailureExit.TRY_AGAIN
        )
    return holder


def _wait(path: Path, before: Holder, process: processes.Process, deadline: float) -> Holder:
    """The next life, when it listens. Raises Failure."""
    while time.monotonic() < deadline:
        time.sleep(_LOOK_AGAIN)
        holder = read_holder(path)
        if holder is None:
            if not processes.is_alive(process):
                raise Failure("the server has ended instead; its log says why", FailureExit.TRY_AGAIN)
        elif holder.since == before.since and holder.problem:
            raise Failure(f"not restarted, the server goes on as it is: {holder.problem}")
        elif holder.since != before.since and holder.address:
            return holder
    raise Failure(
        "the server has not come back yet; claude-remote-server status tells", FailureExit.TRY_AGAIN
    )
