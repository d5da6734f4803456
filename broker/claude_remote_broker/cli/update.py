"""`claude-remote-server update`: the owner's own way to the newest version."""

from __future__ import annotations

import click

from claude_remote.client.client import Client
from claude_remote.client.roads import LocalRoad
from claude_remote.client.update_words import OUTDATED, in_words
from claude_remote.messages import FromUpdate, Plan
from claude_remote.paths import find_paths
from claude_remote_broker.failure import Failure, FailureExit
from claude_remote_broker.plain import plain
from claude_remote_broker.state_lock import read_holder

_TIMEOUT = 10.0
_WIDEST = 1000


@click.command(short_help="Update the running server; what runs goes on.")
@click.option("--check", is_flag=True, help="Only say what is there; exit code 1 if it is newer.")
@click.option("--claude", is_flag=True, help="The claude that the server runs, not the server.")
def update(*, check: bool, claude: bool) -> int:
    """Install the newest version beside the running one, and restart the server into it.

    No turn is ended. A version that does not start is not begun, or left again: the server goes on as it was,
    and the reason is told.

    Exit codes: 0 done, or nothing newer; 1 --check has found something newer; 3 it was not updated, or no
    server runs.
    """
    paths = find_paths()
    if read_holder(paths.lock) is None:
        raise Failure(f"no server runs on this state ({paths.state})", FailureExit.TRY_AGAIN)
    plans: list[Plan] = []

    def on_told(word: FromUpdate, payload: bytes) -> None:
        if isinstance(word, Plan):
            plans.append(word)
        for line in in_words(word, payload):
            click.echo(plain(line, _WIDEST), err=not isinstance(word, Plan))

    with Client(LocalRoad(paths.control_socket, _TIMEOUT)) as client:
        version = client.update(on_told, check=check, claude=claude)
    if version is not None:
        click.echo(f"the server speaks version {plain(version, _WIDEST)}")
    return OUTDATED if check and any(plan.newer and plan.newest for plan in plans) else 0
