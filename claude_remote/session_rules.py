"""What "yes, for this session" makes claude remember: the rules that it is given, and the same in words.

Claude's suggestions are alternatives of different breadth: its rules that allow are taken, a change of the
whole mode or another folder to work in is not. For files it suggests just that: there, a rule for the folder
stands in. Where claude suggests nothing (it calls the tool unsafe, or it is a question for a person) there is
no rule. As observed with Claude Code 2.1.197 to 2.1.330.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

import msgspec
from msgspec import Struct

_EDITING = frozenset({"Edit", "MultiEdit", "Write", "NotebookEdit"})
_VERBS = {"Read": "reading", "Edit": "editing", "Write": "editing", "Glob": "finding", "Grep": "searching"}
_MOST = 100


class Rule(Struct, frozen=True, rename="camel"):
    """One of claude's permission rules: `rule_content` None is every use of the tool."""

    tool_name: str
    rule_content: str | None = None


class _Suggestion(Struct):
    type: str = ""
    behavior: str = ""
    rules: list[Rule] = []


class _Input(Struct):
    file_path: str = ""
    notebook_path: str = ""


def session_rules(tool: str, given: bytes, suggestions: bytes | Sequence[Any], folder: str) -> list[Rule]:
    """Allow the like of this for the session, and no more; empty: there is nothing to remember.

    `given` is the tool's input and `suggestions` what claude suggests, JSON; `folder` is where the session
    works. What is not of a known shape is left out.
    """
    offered = _read(suggestions)
    rules = [
        rule
        for each in offered
        if each is not None and (each.type, each.behavior) == ("addRules", "allow")
        for rule in each.rules
    ]
    if rules or not offered:
        return rules[:_MOST]
    where = _folder_of(tool, given, PurePosixPath(folder))
    # Absolute paths begin with two slashes in rules; rules of Edit are those of every editing tool.
    return [] if where is None else [Rule("Edit", f"/{where.as_posix().rstrip('/')}/**")]


def to_claude(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """The `updatedPermissions` of an answer that adds these rules to the session."""
    if not rules:
        return []
    given = [
        {"toolName": rule.tool_name}
        | ({} if rule.rule_content is None else {"ruleContent": rule.rule_content})
        for rule in rules
    ]
    return [{"type": "addRules", "rules": given, "behavior": "allow", "destination": "session"}]


def in_words(rule: Rule) -> str:
    """What a rule lets pass, for whoever decides: one line, in claude's own words not yet harmless."""
    tool, what = rule.tool_name, rule.rule_content
    if not what or what == "*":
        return f"every use of {tool}"
    if tool == "Bash":
        return _command(what)
    if tool == "WebFetch" and what.startswith("domain:"):
        return f"fetching anything from {what.removeprefix('domain:')}"
    if tool in _VERBS:
        verb, path = _VERBS[tool], what[1:] if what.startswith("//") else what
        if path.endswith("/**"):
            return f"{verb} every file below {path.removesuffix('/**') or '/'}"
        return f"{verb} {path}"
    return f"{tool}({what})"


def _command(what: str) -> str:
    for end in (":*", " *"):
        if what.endswith(end) and "*" not in what.removesuffix(end):
            return f"commands that begin with `{what.removesuffix(end)}`"
    return f"commands like `{what}`" if "*" in what else f"the command `{what}`"


def _read(suggestions: bytes | Sequence[Any]) -> list[_Suggestion | None]:
    """Each that is not understood is None: it is there, but says nothing."""
    try:
        raw: Any = msgspec.json.decode(suggestions) if isinstance(suggestions, bytes) else suggestions
    except (msgspec.DecodeError, RecursionError):
        return []
    return [_suggestion(each) for each in raw] if isinstance(raw, (list, tuple)) else []


def _suggestion(raw: object) -> _Suggestion | None:
    try:
        return msgspec.convert(raw, _Suggestion)
    except msgspec.ValidationError:
        return None


def _folder_of(tool: str, given: bytes, folder: PurePosixPath) -> PurePosixPath | None:
    if tool not in _EDITING:
        return None
    try:
        read = msgspec.json.decode(given, type=_Input)
    except (msgspec.DecodeError, RecursionError):
        return None
    name = read.file_path or read.notebook_path
    if not name.startswith("/") or ".." in PurePosixPath(name).parts:
        return None
    path = PurePosixPath(name)
    return folder if path.is_relative_to(folder) else path.parent
