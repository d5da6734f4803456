"""`claude-remote rules`: what passes without asking; more of it, or less."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence

from claude_remote.cli.reaching import Reach, reach_server
from claude_remote.cli.table import Column, age, columns, fit
from claude_remote.cli.terminal import Terminal, escape
from claude_remote.durations import seconds_of
from claude_remote.errors import BadOption, Exit
from claude_remote.messages import RuleInfo, Scope


def list_rules(reach: Reach, terminal: Terminal, *, json: bool) -> int:
    """The standing rules that this client may see. Raises RemoteError."""
    with reach_server(reach, terminal) as client:
        found = client.rules()
    if json:
        import msgspec

        terminal.write(msgspec.json.encode([msgspec.structs.asdict(rule) for rule in found]) + b"\n")
    elif not found:
        terminal.say("There are no rules. Make one: claude-remote rules add 'Bash(pytest *)' --everywhere")
    else:
        wide = shutil.get_terminal_size().columns if terminal.shows_output else None
        terminal.print(columns(fit(_table(found, time.time()), wide)))
    return Exit.OK


def add(
    reach: Reach,
    rule: str,
    terminal: Terminal,
    *,
    session: str | None,
    folder: str | None,
    mine: bool,
    everywhere: bool,
    lasts: str | None,
) -> int:
    """Make one. Raises RemoteError."""
    chosen = [
        scope
        for scope, said in (
            (Scope.SESSION, session is not None),
            (Scope.FOLDER, folder is not None),
            (Scope.CLIENT, mine),
            (Scope.EVERYWHERE, everywhere),
        )
        if said
    ]
    if len(chosen) != 1:
        raise BadOption("say where it holds: --session NAME, --in FOLDER, --mine or --everywhere")
    seconds = None if lasts is None else seconds_of(lasts)
    with reach_server(reach, terminal) as client:
        made = client.add_rule(rule, chosen[0], session=session, folder=folder, seconds=seconds)
    if terminal.shows_errors:
        terminal.say(f"{escape(made.rule)} passes {_where(made)}")
    terminal.print(made.id)
    return Exit.OK


def remove(reach: Reach, which: Sequence[str], terminal: Terminal) -> int:
    """Withdraw rules. Raises RemoteError for the first that cannot be."""
    with reach_server(reach, terminal) as client:
        for each in which:
            rule = client.remove_rule(each)
            if terminal.shows_errors:
                terminal.say(f"{escape(rule.rule)} is withdrawn; Claude asks again")
    return Exit.OK


def _table(found: Sequence[RuleInfo], now: float) -> list[Column]:
    return [
        Column("ID", [rule.id[:8] for rule in found]),
        Column("RULE", [escape(rule.rule) for rule in found], least=16, most=60),
        Column("WHERE", [_where(rule) for rule in found], least=12, most=48),
        Column("ENDS", ["never" if rule.expires is None else _ends(rule.expires - now) for rule in found]),
        Column("USED", [str(rule.used or "") for rule in found], drop=1),
        Column("BY", [escape(rule.by) for rule in found], most=24, drop=3),
        Column("AGE", [age(now - rule.created) for rule in found], drop=2),
    ]


def _ends(left: float) -> str:
    return f"in {age(left)}" if left > 0 else "now"


def _where(rule: RuleInfo) -> str:
    match rule.scope:
        case Scope.SESSION:
            return f"in session {escape(rule.session_name or rule.session)}"
        case Scope.FOLDER:
            return f"in {escape(rule.folder)}"
        case Scope.CLIENT:
            return f"for {escape(rule.by)}"
        case Scope.EVERYWHERE:
            return "everywhere"
