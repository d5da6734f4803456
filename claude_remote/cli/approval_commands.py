"""The commands about Claude's questions, and the rules that answer some of them."""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import CompletionItem

from claude_remote.cli.command_line import (
    Context,
    acquaint,
    json_option,
    named_server,
    server_option,
    session_argument,
)

_for_option = click.option("--for", "lasts", metavar="2h", help="How long it holds: 30s, 20min, 2h, 7d.")


def _ids(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from claude_remote.cli.completion.names import approval_ids

    return [
        CompletionItem(each) for each in approval_ids(named_server(context)) if each.startswith(incomplete)
    ]


_id_argument = click.argument("which", metavar="ID", shell_complete=_ids)


@click.command()
@server_option
@acquaint
@json_option
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option("--all-servers", is_flag=True, help="Of every server that this machine trusts.")
@click.pass_obj
def approvals(
    obj: Context, /, server: str | None, *, as_json: bool, follow: bool, all_servers: bool, **said: Any
) -> int:
    """What Claude asks, in all sessions that you may see.

    \b
    claude-remote approvals
    claude-remote approvals --follow --all-servers
    claude-remote approvals --json | jq -r '.[].id'
    """
    from claude_remote.cli.approving import following, listing

    if all_servers:
        run = following.follow_everywhere if follow else listing.list_everywhere
        return run(obj.terminal, json=as_json)
    run_here = following.follow if follow else listing.list_approvals
    return run_here(obj.reach(server, **said), obj.terminal, json=as_json)


@click.command()
@_id_argument
@server_option
@acquaint
@json_option
@click.pass_obj
def show(obj: Context, /, which: str, server: str | None, *, as_json: bool, **said: Any) -> int:
    """The whole of what Claude asks: the command as it would run, a change against the file as it is there.

    ID may be shortened.
    """
    from claude_remote.cli.approving.showing import show as run_show

    return run_show(obj.reach(server, **said), which, obj.terminal, json=as_json)


@click.command()
@_id_argument
@server_option
@acquaint
@click.option("--session", "for_session", is_flag=True, help="The like of it too, in this session.")
@click.option("--rule", metavar="RULE", help="All that this rule lets pass, from now on: 'Bash(pytest *)'.")
@_for_option
@click.option("--in", "folder", metavar="FOLDER", help="The rule holds in sessions below this folder.")
@click.option("--everywhere", is_flag=True, help="The rule holds in all sessions, not in this alone.")
@click.pass_obj
def allow(
    obj: Context,
    /,
    which: str,
    server: str | None,
    *,
    for_session: bool,
    rule: str | None,
    lasts: str | None,
    folder: str | None,
    everywhere: bool,
    **said: Any,
) -> int:
    """Let Claude do what it asks for. Returns when Claude has taken it.

    Ends with 0 then, and with 1 if it had no effect: claude has died, the turn was stopped, or somebody else
    was first and decided otherwise. ID may be shortened.

    \b
    claude-remote allow 3f2a
    claude-remote allow 3f2a --rule 'Bash(pytest *)' --for 2h
    claude-remote allow 3f2a --rule 'Edit(src/**)' --in projects/api
    """
    from claude_remote.cli.approving.deciding import allow as run_allow

    return run_allow(
        obj.reach(server, **said),
        which,
        obj.terminal,
        for_session=for_session,
        rule=rule,
        lasts=lasts,
        folder=folder,
        everywhere=everywhere,
    )


@click.command()
@_id_argument
@server_option
@acquaint
@click.option("-m", "--message", default="", metavar="REASON", help="Told to Claude.")
@click.option("--stop", is_flag=True, help="End the turn, too.")
@click.pass_obj
def deny(obj: Context, /, which: str, server: str | None, *, message: str, stop: bool, **said: Any) -> int:
    """Do not let Claude do what it asks for. Returns when Claude has taken it, as `allow` does.

    \b
    claude-remote deny 3f2a -m "use the copy in /tmp"
    claude-remote deny 3f2a --stop
    """
    from claude_remote.cli.approving.deciding import deny as run_deny

    return run_deny(obj.reach(server, **said), which, obj.terminal, message=message, stop=stop)


@click.command()
@_id_argument
@click.argument("answers", nargs=-1, metavar="[ANSWER]...")
@server_option
@acquaint
@click.pass_obj
def answer(obj: Context, /, which: str, answers: tuple[str, ...], server: str | None, **said: Any) -> int:
    """Answer Claude's questions, or its plan. Without ANSWER you are asked on the terminal.

    One ANSWER for each question: the number or the label of an option, several divided by commas where
    several may be chosen, or your own words. A plan is answered with yes, edits (edits pass without asking
    from there on) or keep WORDS.

    \b
    claude-remote answer 3f2a 2
    claude-remote answer 3f2a 1,3 "neither; use sqlite"
    claude-remote answer 3f2a keep "leave the tests as they are"
    """
    from claude_remote.cli.approving.answering import answer as run_answer

    return run_answer(obj.reach(server, **said), which, answers, obj.terminal)


@click.group(invoke_without_command=True)
@server_option
@acquaint
@json_option
@click.pass_context
def rules(context: click.Context, /, server: str | None, *, as_json: bool, **said: Any) -> int:
    """What Claude may do without asking, by rules that you and others have made here.

    Rules are written as in Claude's own settings. They answer at most what those would; what Claude marks as
    unsafe is always asked. A rule ends with its time, or when its client may not approve any more.

    \b
    claude-remote rules
    claude-remote rules add 'Bash(pytest *)' --in projects/api --for 8h
    claude-remote rules remove 3f2a
    """
    own: Context = context.obj
    if context.invoked_subcommand is not None:
        own.server = server or own.server
        return 0
    from claude_remote.cli.approving.rules import list_rules

    return list_rules(own.reach(server, **said), own.terminal, json=as_json)


@rules.command()
@click.argument("rule")
@server_option
@acquaint
@click.option("--session", metavar="SESSION", help="In this session.")
@click.option("--in", "folder", metavar="FOLDER", help="In sessions below this folder of the server.")
@click.option("--mine", is_flag=True, help="In turns that this client prompts.")
@click.option("--everywhere", is_flag=True, help="In all sessions.")
@_for_option
@click.pass_obj
def add(
    obj: Context,
    /,
    rule: str,
    server: str | None,
    *,
    session: str | None,
    folder: str | None,
    mine: bool,
    everywhere: bool,
    lasts: str | None,
    **said: Any,
) -> int:
    """Let pass what RULE says: 'Bash(pytest *)', 'Edit(src/**)', 'mcp__server__tool'. Prints its id."""
    from claude_remote.cli.approving.rules import add as run_add

    return run_add(
        obj.reach(server, **said),
        rule,
        obj.terminal,
        session=session,
        folder=folder,
        mine=mine,
        everywhere=everywhere,
        lasts=lasts,
    )


@rules.command()
@click.argument("which", metavar="ID...", nargs=-1, required=True)
@server_option
@acquaint
@click.pass_obj
def remove(obj: Context, /, which: tuple[str, ...], server: str | None, **said: Any) -> int:
    """Withdraw rules, by their ids, which may be shortened."""
    from claude_remote.cli.approving.rules import remove as run_remove

    return run_remove(obj.reach(server, **said), which, obj.terminal)


@click.command()
@session_argument
@server_option
@acquaint
@click.pass_obj
def trust(obj: Context, /, session: str, server: str | None, **said: Any) -> int:
    """Have Claude trust the folder of a session: its own settings, with their rules and hooks.

    Until then Claude ignores what they allow, and says so when the session begins. It holds when Claude
    starts anew there: after `claude-remote stop SESSION`, or when the session has rested for a while.
    """
    from claude_remote.cli.approving.trusting import trust as run_trust

    return run_trust(obj.reach(server, **said), session, obj.terminal)


APPROVAL_COMMANDS = (approvals, show, allow, deny, answer, rules, trust)
