"""The grammar of rules: `Tool` or `Tool(what)`."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_RULE = 512
_SHAPE = re.compile(r"(?P<tool>[A-Za-z0-9_.*-]+)(?:\((?P<what>.*)\))?", re.DOTALL)
_EDITING = frozenset({"Edit", "MultiEdit", "Write", "NotebookEdit"})
# Questions for a person: no rule answers them.
PERSONAL = frozenset({"AskUserQuestion", "ExitPlanMode", "EnterPlanMode"})


class BadRule(ValueError):
    """This is no rule, or none that is known here. The message is for who wrote it."""


class Rule(NamedTuple):
    """A rule: `what` None is every use of the tool."""

    tool: str
    what: str | None = None

    def __str__(self) -> str:
        return self.tool if self.what is None else f"{self.tool}({self.what})"


def parse(text: str) -> Rule:
    """Read a rule. Raises BadRule with words that say what to write instead."""
    text = text.strip()
    if len(text) > MAX_RULE:
        raise BadRule(f"a rule has at most {MAX_RULE} letters")
    if not text.isprintable():
        raise BadRule("a rule is one line of printable letters")
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise BadRule(f"{text!r} is no rule: write Bash(pytest *), Edit(src/**) or mcp__server__tool")
    rule = Rule(found["tool"], found["what"])
    if rule.tool in PERSONAL:
        raise BadRule(f"{rule.tool} asks a person; no rule answers it")
    if rule.tool.startswith("mcp__"):
        return _server(rule)
    if "*" in rule.tool:
        raise BadRule("only the tools of an MCP server can be named by a *")
    return rule if rule.what is None else _check(rule, rule.what)


def _server(rule: Rule) -> Rule:
    if rule.what is not None:
        raise BadRule("a rule for a tool of an MCP server has no brackets: mcp__server__tool")
    if "*" in rule.tool.removesuffix("__*"):
        raise BadRule("a * stands for all tools of a server: mcp__server__*")
    return rule


def _check(rule: Rule, what: str) -> Rule:
    what = what.strip()
    match rule.tool:
        case "Bash":
            return _command(what)
        case "Edit" | "Read":
            return _files(rule.tool, what)
        case "WebFetch":
            host = what.removeprefix("domain:").lower()
            if host == what.lower() or not re.fullmatch(r"[a-z0-9.-]+", host):
                raise BadRule("a rule for WebFetch names a host: WebFetch(domain:example.com)")
            return Rule("WebFetch", f"domain:{host}")
        case tool if tool in _EDITING:
            raise BadRule(f"rules for files are written Edit({what}), whichever tool edits them")
        case _:
            raise BadRule(f"for {rule.tool} there are only rules without brackets")


def _command(what: str) -> Rule:
    if not what:
        raise BadRule("a rule for commands says which: Bash(pytest *)")
    if what == "*":
        return Rule("Bash")
    if what.endswith(":*"):
        # The older way to write the same.
        what = what.removesuffix(":*") + " *"
    if what.split()[0].startswith("*"):
        raise BadRule("a rule for commands begins with the command: Bash(pytest *)")
    return Rule("Bash", what)


def _files(tool: str, what: str) -> Rule:
    if what.startswith("~") or (what.startswith("/") and not what.startswith("//")):
        raise BadRule(
            f"write {tool}(src/**) for what is below the session's folder, {tool}(//etc/**) for other places"
        )
    what = what.removeprefix("./")
    if not what or ".." in what.split("/") or any(letter in what for letter in "[]{}!\\"):
        raise BadRule("a rule for files is a path with * and **, such as src/**/*.py")
    return Rule(tool, what)
