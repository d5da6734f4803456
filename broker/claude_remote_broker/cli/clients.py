"""`claude-remote-server clients`: who may use this server."""

from __future__ import annotations

import sys
import time

import click
from msgspec import to_builtins

from claude_remote import rights as rights_of
from claude_remote.errors import NoSuchClient
from claude_remote.messages import Approve, ClientInfo, ClientState, ListClients, Refuse, Revoke
from claude_remote.paths import find_paths
from claude_remote_broker.clients import ClientsDesk, open_desk
from claude_remote_broker.failure import Failure

_WHICH = "WHICH is a fingerprint, its beginning, the pairing words, or a name."


class Rights(click.ParamType[frozenset[rights_of.Right]]):
    """`watch`, `work`, `full`, or names with commas between them."""

    name = "rights"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> frozenset[rights_of.Right]:
        """Or fail as click does."""
        try:
            return rights_of.parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


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
        _print_json(infos)
    elif not infos:
        click.echo("No client has asked yet. On the other machine: claude-remote servers add NAME THIS-HOST")
    else:
        _print_table(infos)


@clients.command(epilog=_WHICH)
@click.argument("which", nargs=-1)
@click.option("--name", metavar="NAME", help="How it is called from now on.")
@click.option(
    "--rights",
    "given",
    type=Rights(),
    metavar="watch|work|full|a,b",
    help="What it may do. watch: look; work (the default): prompt, approve, files; full: everything.",
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask on a terminal.")
def approve(
    which: tuple[str, ...], name: str | None, given: frozenset[rights_of.Right] | None, *, yes: bool
) -> int:
    """Let a client in. WHICH may be left out when exactly one waits.

    Compare the pairing words with those on the other machine first: equal words mean that nobody is between
    the two. `prompt` together with `approve` amounts to a shell on this machine.
    """
    desk = _desk()
    client = _find(desk, which)
    if sys.stdin.isatty() and not yes and not _confirm(client, given):
        click.echo("nothing was changed", err=True)
        return 1
    rights = None if given is None else tuple(right for right in rights_of.Right if right in given)
    _tell(desk.ask(Approve(which=client.fingerprint, name=name, rights=rights)))
    return 0


@clients.command(epilog=_WHICH)
@click.argument("which", nargs=-1)
def refuse(which: tuple[str, ...]) -> None:
    """Refuse a client that waits. WHICH may be left out when exactly one does."""
    desk = _desk()
    _tell(desk.ask(Refuse(which=_find(desk, which).fingerprint)))


@clients.command(epilog=_WHICH)
@click.argument("which", nargs=-1, required=True)
def revoke(which: tuple[str, ...]) -> None:
    """Take back what a client may do: at once, its live connections included."""
    desk = _desk()
    _tell(desk.ask(Revoke(which=_find(desk, which).fingerprint)))


def _desk() -> ClientsDesk:
    return open_desk(find_paths())


def _find(desk: ClientsDesk, which: tuple[str, ...]) -> ClientInfo:
    """The client that is meant; what is sent then is its whole fingerprint, so that nobody slips in."""
    infos = desk.ask(ListClients())
    if which:
        return _pick(infos, " ".join(which))
    waiting = [info for info in infos if info.state is ClientState.PENDING]
    if len(waiting) == 1:
        return waiting[0]
    if not waiting:
        raise NoSuchClient("no client waits for approval; on the other machine: claude-remote ping")
    listed = "\n".join(f"  {info.fingerprint}  {_describe(info)}" for info in waiting)
    raise Failure(f"{len(waiting)} clients wait; say which:\n{listed}")


def _pick(infos: list[ClientInfo], which: str) -> ClientInfo:
    from claude_remote import trust

    return trust.find(infos, which)


def _confirm(client: ClientInfo, given: frozenset[rights_of.Right] | None) -> bool:
    what = given if given is not None else frozenset(client.rights) or rights_of.WORK
    if {rights_of.Right.PROMPT, rights_of.Right.APPROVE} <= what:
        click.echo("prompt together with approve amounts to a shell on this machine.")
    return click.confirm(f"{_describe(client)}   approve for {rights_of.describe(what)}?")


def _describe(client: ClientInfo) -> str:
    return f"{client.name}, {client.address}, {client.words}"


def _tell(changed: list[ClientInfo]) -> None:
    for client in changed:
        what = f" for {rights_of.describe(client.rights)}" if client.state is ClientState.APPROVED else ""
        click.echo(f"✓ {client.state} {client.name}{what}")


def _print_json(infos: list[ClientInfo]) -> None:
    import json

    click.echo(json.dumps([to_builtins(_complete(info)) for info in infos], indent=2))


def _complete(info: ClientInfo) -> dict[str, object]:
    """Every field, also those that are as usual."""
    return {name: getattr(info, name) for name in info.__struct_fields__}


def _print_table(infos: list[ClientInfo]) -> None:
    rows = [("NAME", "STATE", "ADDRESS", "RIGHTS", "LAST SEEN", "FINGERPRINT", "WORDS")]
    rows += [
        (
            info.name,
            str(info.state),
            info.address,
            rights_of.describe(info.rights) if info.rights else "-",
            "now" if info.connections else _ago(info.last_seen),
            info.fingerprint,
            info.words,
        )
        for info in infos
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _ago(at: float) -> str:
    seconds = max(0, int(time.time() - at))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"
