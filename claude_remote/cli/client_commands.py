"""The command `clients`: who may use a server."""

from __future__ import annotations

from typing import Any

import click

from claude_remote.cli.command_line import Context, acquaint, json_option, server_option

_WHICH = "WHICH is a fingerprint, its beginning, the pairing words, or a name."
_CHANGES = "claude_remote.changes"
_which = click.argument("which", nargs=-1)


@click.group(invoke_without_command=True)
@server_option
@acquaint
@json_option
@click.pass_context
def clients(context: click.Context, /, server: str | None, *, as_json: bool, **said: Any) -> int:
    """Who may use the server, and who waits to; let them in or out. Needs the right admin.

    \b
    claude-remote clients
    claude-remote clients approve amber fox oak river moon tree
    claude-remote clients revoke laptop
    """
    own: Context = context.obj
    if context.invoked_subcommand is not None:
        own.server = server or own.server
        return 0
    from claude_remote.cli.clients import list_clients

    return list_clients(own.reach(server, **said), own.terminal, json=as_json)


@clients.command(epilog=_WHICH)
@server_option
@acquaint
@_which
@click.option("--name", metavar="NAME", help="How it is called from now on.")
@click.option("--rights", metavar="watch|work|full|a,b", help="What it may do; `work` if not said.")
@click.option("--root", "roots", multiple=True, metavar="DIR", help="A folder of the server that it may use.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def approve(
    obj: Context,
    /,
    server: str | None,
    which: tuple[str, ...],
    name: str | None,
    rights: str | None,
    *,
    roots: tuple[str, ...],
    yes: bool,
    **said: Any,
) -> int:
    """Let a client in. WHICH may be left out on a terminal, or with --yes, when exactly one waits.

    Compare the pairing words with those on the other machine first: equal words mean that nobody is between
    it and the server. `prompt` together with `approve` amounts to a shell on the server.
    """
    from claude_remote.cli.clients import approve as run_approve

    reach = obj.reach(server, **said)
    return run_approve(reach, obj.terminal, which, name=name, rights=rights, roots=roots, sure=yes)


class _RightsCommand(click.Command):
    """`-approve` is a right that is taken, and no options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Lay the changes aside."""
        from claude_remote.client.admission import split_changes

        ctx.meta[_CHANGES], others = split_changes(args)
        return super().parse_args(ctx, others)


@clients.command(
    cls=_RightsCommand,
    epilog=_WHICH,
    options_metavar="WHICH... [+RIGHT] [-RIGHT] [=RIGHTS] [OPTIONS]",
)
@server_option
@acquaint
@click.argument("which", nargs=-1, required=True, metavar="")
@click.option(
    "--root", "roots", multiple=True, metavar="DIR", help="A folder of the server that it may use; absolute."
)
@click.option("--no-roots", is_flag=True, help="It may use every folder.")
@click.pass_context
def rights(
    context: click.Context,
    /,
    server: str | None,
    which: tuple[str, ...],
    roots: tuple[str, ...],
    *,
    no_roots: bool,
    **said: Any,
) -> int:
    """Change what a client may do: at once, its live connections included.

    \b
    claude-remote clients rights phone +approve -files
    claude-remote clients rights laptop =work --root /home/me/projects

    Rights: view, prompt, approve, files, exec, admin (which implies exec), or a preset: watch, work, full.
    """
    from claude_remote.cli.clients import rights as run_rights

    obj: Context = context.obj
    changes: list[str] = context.meta[_CHANGES]
    reach = obj.reach(server, **said)
    return run_rights(reach, obj.terminal, which, changes, roots=roots, no_roots=no_roots)


@clients.command(epilog=_WHICH)
@server_option
@acquaint
@_which
@click.pass_obj
def refuse(obj: Context, /, server: str | None, which: tuple[str, ...], **said: Any) -> int:
    """Refuse a client that waits. WHICH may be left out when exactly one does."""
    from claude_remote.cli.clients import refuse as run_refuse

    return run_refuse(obj.reach(server, **said), obj.terminal, which)


@clients.command(epilog=_WHICH)
@server_option
@acquaint
@click.argument("which", nargs=-1, required=True)
@click.pass_obj
def revoke(obj: Context, /, server: str | None, which: tuple[str, ...], **said: Any) -> int:
    """Take back what a client may do: at once, its live connections included."""
    from claude_remote.cli.clients import revoke as run_revoke

    return run_revoke(obj.reach(server, **said), obj.terminal, which)
