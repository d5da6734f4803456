"""`claude-remote-server clients`: who may use this server."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from claude_remote import trust
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
@click.option("--root", "roots", multiple=True, metavar="DIR", help=admission.ROOT_HELP)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def approve(
    which: tuple[str, ...], name: str | None, rights: str | None, roots: tuple[str, ...], *, yes: bool
) -> int:
    """Let a client in. WHICH may be left out on a terminal, or with --yes, when exactly one waits.

    Compare the pairing words with those on the other machine first: equal words mean that nobody is between
    the two. `prompt` together with `approve` amounts to a shell on this machine.
    """
    given = admission.read_rights(rights)
    desk = _desk()
    client = _find(desk, which)
    if not yes and not _agreed(client, which, given):
        click.echo(admission.UNCHANGED, err=True)
        return 1
    request = Approve(
        which=client.fingerprint,
        name=name,
        rights=admission.in_order(given),
        roots=tuple(map(_absolute, roots)) or None,
    )
    _tell(desk.ask(request))
    return 0


class _RightsCommand(click.Command):
    """`-approve` is a right that is taken, and no options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Lay the changes aside."""
        ctx.obj, others = admission.split_changes(args)
        return super().parse_args(ctx, others)


@clients.command(
    cls=_RightsCommand,
    epilog=admission.WHICH,
    options_metavar="WHICH... [+RIGHT] [-RIGHT] [=RIGHTS] [OPTIONS]",
)
@click.argument("which", nargs=-1, required=True, metavar="")
@click.option("--root", "roots", multiple=True, metavar="DIR", help=admission.ROOT_HELP)
@click.option("--no-roots", is_flag=True, help="It may use every folder.")
@click.pass_obj
def rights(changes: list[str], /, which: tuple[str, ...], roots: tuple[str, ...], *, no_roots: bool) -> None:
    """Change what a client may do: at once, its live connections included.

    \b
    claude-remote-server clients rights phone +approve -files
    claude-remote-server clients rights laptop =work --root ~/projects --root /srv/data

    Rights: view, prompt, approve, files, exec, admin (which implies exec), or a preset: watch, work, full.
    Roots are the folders that sessions, prompts and files of this client are held to; exec knows none.
    """
    folders = [_absolute(root) for root in roots]
    admission.read_changes("", changes, folders, no_roots=no_roots)
    desk = _desk()
    client = trust.find(desk.ask(ListClients()), " ".join(which))
    request = admission.read_changes(client.fingerprint, changes, folders, no_roots=no_roots)
    for changed in desk.ask(request):
        click.echo(admission.may_now(changed))


def _absolute(folder: str) -> str:
    """As the owner means it, who stands in a folder here."""
    return str(Path(folder).expanduser().absolute())


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


def _agreed(client: ClientInfo, which: tuple[str, ...], given: frozenset[Right] | None) -> bool:
    if not sys.stdin.isatty():
        admission.check_named(client, which)
        return True
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
