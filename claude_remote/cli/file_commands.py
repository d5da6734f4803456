"""The commands that move files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from claude_remote.cli.command_line import Context, acquaint, server_option

F = TypeVar("F", bound=Callable[..., Any])


def _options(function: F) -> F:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="For programs: what happens, a line each."),
        click.option("-q", "--quiet", is_flag=True, help="Say only what goes wrong."),
        click.option("-r", "--recursive", is_flag=True, help="Folders, with all that is in them."),
        acquaint,
        server_option,
    ):
        function = option(function)
    return function


@click.command()
@_options
@click.argument("paths", metavar="REMOTE... [LOCAL]", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_obj
def get(
    obj: Context,
    /,
    server: str | None,
    *,
    paths: tuple[str, ...],
    recursive: bool,
    quiet: bool,
    as_json: bool,
    **said: Any,
) -> int:
    """Copy files from the server: into LOCAL if that is a folder, else as LOCAL; `-` is standard output.

    REMOTE is relative to the home of the server's user; @SESSION/PATH to the folder of a session, and
    SERVER:PATH names one of your servers. Patterns are the server's to fill in: quote them. Modes, times and
    symbolic links are kept. A link that breaks is made again; the same command goes on with what was
    interrupted. Needs the right `files`.

    \b
    claude-remote get report.pdf
    claude-remote get -r @fix-test/build/out .
    claude-remote get 'home:logs/*.log' logs
    claude-remote get dump.sql.gz - | zcat | head
    """
    from claude_remote.cli.moving import run_get

    said["server"] = server
    return run_get(obj, paths, said, recursive=recursive, quiet=quiet, json=as_json)


@click.command()
@_options
@click.argument("paths", metavar="LOCAL... REMOTE", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_obj
def put(
    obj: Context,
    /,
    server: str | None,
    *,
    paths: tuple[str, ...],
    recursive: bool,
    quiet: bool,
    as_json: bool,
    **said: Any,
) -> int:
    """Copy files to the server: into REMOTE if that is a folder, else as REMOTE; `-` is standard input.

    REMOTE is relative to the home of the server's user; @SESSION/PATH to the folder of a session, and
    SERVER:PATH names one of your servers. Modes, times and symbolic links are kept. A link that breaks is
    made again; the same command goes on with what was interrupted. Needs the right `files`.

    \b
    claude-remote put fixture.json @fix-test/tests/
    claude-remote put -r src docs home:project
    pg_dump shop | claude-remote put - dumps/shop.sql
    """
    from claude_remote.cli.moving import run_put

    said["server"] = server
    return run_put(obj, paths, said, recursive=recursive, quiet=quiet, json=as_json)
