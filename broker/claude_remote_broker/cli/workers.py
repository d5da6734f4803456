"""`claude-remote-server workers`: what the claudes of the running server do, and how many there may be."""

from __future__ import annotations

import time

import click

from claude_remote.client.crew import Crew, in_words, rows
from claude_remote.client.crew import as_json as in_json
from claude_remote.messages import ListWorkers, ScaleWorkers
from claude_remote.paths import find_paths
from claude_remote.scale import Scale
from claude_remote_broker import crew
from claude_remote_broker.cli.values import ScaleType
from claude_remote_broker.plain import plain


@click.group(invoke_without_command=True, short_help="Show the claudes that run, and change how many may.")
@click.option("--json", "as_json", is_flag=True, help="One object, for programs.")
@click.pass_context
def workers(ctx: click.Context, *, as_json: bool) -> None:
    """Show what each worker and its claude does, for whom, since when, and the memory that is theirs alone.

    Those that wait for an approval do not count towards the number of claudes at once; those that are kept
    warm for a new session do, and make room first.
    """
    if ctx.invoked_subcommand is None:
        _tell(crew.ask(find_paths(), ListWorkers()), as_json=as_json)


@workers.command(epilog="It holds until the server is started with another --workers.")
@click.argument("scale", type=ScaleType(), metavar="N|MIN:MAX")
@click.option("--json", "as_json", is_flag=True, help="One object, for programs.")
def scale(scale: Scale, *, as_json: bool) -> None:
    """At most MAX claudes at once from now on; MIN of the idle ones are kept, the others parked in time.

    No turn is interrupted: what is above MAX is parked when it is idle and has no tasks in the background.
    """
    _tell(crew.ask(find_paths(), ScaleWorkers(least=scale.least, most=scale.most)), as_json=as_json)


def _tell(found: Crew, *, as_json: bool) -> None:
    if as_json:
        click.echo(in_json(found), nl=False)
        return
    click.echo(in_words(found))
    if found.workers or found.line:
        table = [[plain(cell, 80) for cell in row] for row in rows(found, time.time())]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for row in table:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            click.echo("  ".join(cells).rstrip())
