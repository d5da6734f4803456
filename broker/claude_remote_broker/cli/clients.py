"""`claude-remote-server clients`: who may use this server."""

from __future__ import annotations

import sys

import click

from claude_remote.client import admission
from claude_remote.messages import Approve, ClientInfo, ListClients, Refuse, Revoke
from claude_remote.paths import find_paths
from claude_remote.rights import Right
from claude_remote_broker.clients import ClientsDesk, open_desk


@click.group(invoke_without_command=True, short_help="Show, approve, refuse and revoke clients.")
@click.option("--json", "as_json", is_flag=True, help="A list of objects, for programs.")
@click.pass_context
def clients(ctx: click.Context, *, as_json: bool) -> None:
    """Show who knows this server and what each may do; approve, refuse and revoke.

    It asks the running server, or reads its files when none runs.
    """
    if ctx.invoked_subcommand is not None:
        return
    infos = _desk().ask(ListClients())
    if as_json:
        click.echo(admission.as_json(infos), nl=False)
    elif not infos:
        click.echo("No client has asked yet. On the other machine: claude-remote servers add NAME THIS-HOST")
    else:
        _print_table(infos)


@clients.command(epilog=admission.WHICH)
@click.argument("which", nargs=-1)
@click.option("--name", metavar="NAME", help="How it is called from now on.")
@click.option(
    "--rights",
    metavar=admission.RIGHTS,
    help=admission.RIGHTS_HELP,
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask on a terminal.")
def approve(which: tuple[str, ...], name: str | None, rights: str | None, *, yes: bool) -> int:
    """Let a client in. WHICH may be left out when exactly one waits.

    Compare the pairing words with those on the other machine first: equal words mean that nobody is between
    the two. `prompt` together with `approve` amounts to a shell on this machine.
    """
    given = admission.read_rights(rights)
    desk = _desk()
    client = _find(desk, which)
    if sys.stdin.isatty() and not yes and not _confirm(client, given):
        click.echo(admission.UNCHANGED, err=True)
        return 1
    _tell(desk.ask(Approve(which=client.fingerprint, name=name, rights=admission.in_order(given))))
    return 0


@clients.command(epilog=admission.WHICH)
@click.argument("which", nargs=-1)
def refuse(which: tuple[str, ...]) -> None:
    """Refuse a client that waits. WHICH may be left out when exactly one does."""
    desk = _desk()
    _tell(desk.ask(Refuse(which=_find(desk, which).fingerprint)))


@clients.command(epilog=admission.WHICH)
@click.argument("which", nargs=-1, required=True)
def revoke(which: tuple[str, ...]) -> None:
    """Take back what a client may do: at once, its live connections included."""
    desk = _desk()
    _tell(desk.ask(Revoke(which=_find(desk, which).fingerprint)))


def _desk() -> ClientsDesk:
    return open_desk(find_paths())


def _find(desk: ClientsDesk, which: tuple[str, ...]) -> ClientInfo:
    return admission.choose(desk.ask(ListClients()), which)


def _confirm(client: ClientInfo, given: frozenset[Right] | None) -> bool:
    if admission.is_shell(client, given):
        click.echo(admission.SHELL)
    return click.confirm(admission.question(client, given))


def _tell(changed: list[ClientInfo]) -> None:
    for client in changed:
        click.echo(admission.changed(client))


def _print_table(infos: list[ClientInfo]) -> None:
    rows = admission.rows(infos)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
