"""What Claude asks for, as standing rules look at it."""

from __future__ import annotations

from claude_remote.facts import ApprovalOpened
from claude_remote.rules import BadRule, Use, matches, parse
from claude_remote.session_rules import session_rules


def use_of(fact: ApprovalOpened, folder: str) -> Use:
    """The use of a tool in a session that works in `folder`."""
    return Use(
        tool=fact.tool,
        input=bytes(fact.input),
        folder=folder,
        reason=fact.reason,
        reason_type=fact.reason_type,
        blocked=fact.blocked,
        path=fact.path,
        guarded=fact.guarded,
    )


def proposed_rule(fact: ApprovalOpened, folder: str) -> str:
    """A rule that would have answered this, as Claude proposes it; empty when there is none."""
    use = use_of(fact, folder)
    for each in session_rules(fact.tool, bytes(fact.input), bytes(fact.suggestions), folder):
        text = each.tool_name if each.rule_content is None else f"{each.tool_name}({each.rule_content})"
        try:
            rule = parse(text)
        except BadRule:
            continue  # of a kind that is claude's alone
        if matches(rule, use):
            return str(rule)
    return ""
