"""`claude-remote allow` and `deny`: they return when Claude has taken the decision, or say why it has not."""

from __future__ import annotations

from claude_remote.cli.reaching import Reach, reach_server
from claude_remote.cli.terminal import Terminal, escape
from claude_remote.client.client import Client
from claude_remote.client.turn import Verdict
from claude_remote.durations import seconds_of
from claude_remote.errors import AlreadyDecided, BadOption, Exit
from claude_remote.messages import ApprovalInfo, ApprovalState, Behavior, Scope
from claude_remote.rules import matches, parse
from claude_remote.uses import use_of


def allow(
    reach: Reach,
    which: str,
    terminal: Terminal,
    *,
    for_session: bool = False,
    rule: str | None = None,
    lasts: str | None = None,
    folder: str | None = None,
    everywhere: bool = False,
) -> int:
    """Yes: once, for the session, or from now on by a rule. Raises RemoteError."""
    if rule is None and (lasts or folder or everywhere):
        raise BadOption("--for, --in and --everywhere say where and how long a --rule holds")
    if rule is not None and for_session:
        raise BadOption("--session allows what Claude proposes; a --rule says it itself. Give one of them")
    if folder is not None and everywhere:
        raise BadOption("--in and --everywhere both say where the rule holds; give one of them")
    with reach_server(reach, terminal) as client:
        asked = client.approval(which)
        info = asked.info
        if rule is not None and info.behavior is None and info.state is not ApprovalState.VOID:
            scope = Scope.EVERYWHERE if everywhere else Scope.SESSION if folder is None else Scope.FOLDER
            made = client.add_rule(
                rule,
                scope,
                session=info.session if scope is Scope.SESSION else None,
                folder=folder,
                seconds=None if lasts is None else seconds_of(lasts),
            )
            if not matches(parse(made.rule), use_of(asked.fact, info.cwd)):
                terminal.say(
                    f"{escape(made.rule)} would not have answered this; it is allowed once all the same"
                )
            if terminal.shows_errors:
                terminal.say(f"from now on {escape(made.rule)} passes ({made.id[:8]})")
        verdict = Verdict(behavior=Behavior.ALLOW, for_session=for_session)
        return settle(client, info, verdict, terminal)


def deny(reach: Reach, which: str, terminal: Terminal, *, message: str, stop: bool) -> int:
    """No, with a reason for Claude; `stop` ends the turn, too. Raises RemoteError."""
    with reach_server(reach, terminal) as client:
        verdict = Verdict(behavior=Behavior.DENY, message=message, stop=stop)
        return settle(client, client.approval(which).info, verdict, terminal)


def settle(client: Client, info: ApprovalInfo, verdict: Verdict, terminal: Terminal) -> int:
    """Decide, and say what came of it. The exit code."""
    try:
        receipt = client.settle(info.id, verdict)
    except AlreadyDecided as error:
        terminal.fail(escape(error.message))
        return Exit.CLAUDE
    if receipt.behavior is not verdict.behavior:
        done = "allowed" if receipt.behavior is Behavior.ALLOW else "denied"
        terminal.fail(f"{escape(receipt.by)} was first and has {done} it")
        return Exit.CLAUDE
    if receipt.state is ApprovalState.VOID:
        terminal.fail(f"it had no effect: {escape(receipt.reason) or 'the question is no more'}")
        return Exit.CLAUDE
    if terminal.shows_errors:
        done = "allowed" if receipt.behavior is Behavior.ALLOW else "denied"
        terminal.say(f"{terminal.paint('✓', '32')} {done} by {escape(receipt.by)}, taken by Claude")
    return Exit.OK
