"""What Claude asks for, as standing rules look at it; and rules in words."""

from __future__ import annotations

from claude_remote import session_rules
from claude_remote.facts import ApprovalOpened
from claude_remote.rules import BadRule, Rule, Use, matches, parse


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


def proposed_rules(fact: ApprovalOpened, folder: str) -> list[str]:
    """The rules that Claude proposes and that would have answered this, in its order."""
    use = use_of(fact, folder)
    found: dict[str, None] = {}
    for each in session_rules.session_rules(fact.tool, bytes(fact.input), bytes(fact.suggestions), folder):
        text = each.tool_name if each.rule_content is None else f"{each.tool_name}({each.rule_content})"
        try:
            rule = parse(text)
        except BadRule:
            continue  # of a kind that is claude's alone
        if matches(rule, use):
            found[str(rule)] = None
    return list(found)


def proposed_rule(fact: ApprovalOpened, folder: str) -> str:
    """The first of them; empty when there is none."""
    return next(iter(proposed_rules(fact, folder)), "")


def in_words(rule: Rule) -> str:
    """What a rule lets pass, for whoever decides: one line, not yet harmless."""
    if rule.tool.startswith("mcp__"):
        server, _, tool = rule.tool.removeprefix("mcp__").partition("__")
        return f"every tool of the server {server}" if tool in {"", "*"} else f"every use of {rule.tool}"
    if rule.tool in {"Edit", "Read"} and rule.what is not None and not rule.what.startswith("//"):
        where = "at any depth of" if "/" not in rule.what.rstrip("/") else "in"
        return f"{session_rules.in_words(session_rules.Rule(*rule))}, {where} the session's folder"
    return session_rules.in_words(session_rules.Rule(*rule))
