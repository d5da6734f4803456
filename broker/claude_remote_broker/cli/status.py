"""`claude-remote-server status`: whether the server of this state runs, and how it fares."""

from __future__ import annotations

import json

import click

from claude_remote.client import vitals
from claude_remote.client.client import Client
from claude_remote.client.roads import LocalRoad
from claude_remote.errors import RemoteError
from claude_remote.paths import find_paths
from claude_remote_broker.failure import Failure, FailureExit
from claude_remote_broker.plain import plain
from claude_remote_broker.state_lock import read_holder

_TIMEOUT = 10.0
_WIDEST = 400


@click.command(short_help="Show whether the server runs, and how it fares.")
@click.option("--json", "as_json", is_flag=True, help="An object, for programs.")
def status(*, as_json: bool) -> int:
    """Show whether the server runs, and how every hop from its door to claude fares.

    Exit codes: 0 it runs and answers; 3 it does not.
    """
    paths = find_paths()
    holder = read_holder(paths.lock)
    if holder is None:
        raise Failure(f"no server runs on this state ({paths.state})", FailureExit.TRY_AGAIN)
    if not holder.address:
        raise Failure(f"the server (pid {holder.pid}) is just starting", FailureExit.TRY_AGAIN)
    try:
        with Client(LocalRoad(paths.control_socket, _TIMEOUT)) as client:
            report = client.status()
    except RemoteError as error:
        raise Failure(
            f"the server (pid {holder.pid}, {holder.address}) runs, but does not answer: {error.message}",
            FailureExit.TRY_AGAIN,
        ) from None
    if as_json:
        import msgspec

        told = {"address": holder.address, **vitals.as_object(report)}
        click.echo(json.dumps(msgspec.to_builtins(told), indent=2))
        return 0
    click.echo(f"listening on {holder.address}")
    for line in vitals.describe(report):
        click.echo(plain(line, _WIDEST))
    rows = [vitals.TITLES, *vitals.rows(report)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows if report.sessions else ():
        click.echo(
            "  ".join(
                plain(cell, _WIDEST).ljust(wide) for cell, wide in zip(row, widths, strict=True)
            ).rstrip()
        )
    return 0
