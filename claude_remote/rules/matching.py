"""Whether a rule answers a question of Claude's."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from claude_remote.rules.grammar import PERSONAL, Rule
from claude_remote.rules.patterns import fits, is_within
from claude_remote.rules.shell import cut

MAX_INPUT = 256 * 1024
_MAX_PATH = 4096
_MOST_FOLDERS = 64
# Why Claude asks, when it is only that nobody has allowed it. Others (a rule of the user's own that says ask,
# a hook, a safety check) are for a person, and so is what a later claude calls otherwise.
_PLAIN_REASONS = frozenset({"", "other", "subcommandResults", "workingDir"})
_PLAIN_WORDS = frozenset({"", "This command requires approval"})
# Commands whose paths Claude checks one by one. In a command line of several, or with several paths, it does
# not say what it found.
_PATH_COMMANDS = (
    "cd ls find mkdir touch rm rmdir mv cp cat head tail sort uniq wc cut paste column tr file stat diff awk"
    " strings hexdump od base64 nl grep rg sed jq sha256sum sha1sum md5sum tee ln chmod chown dd install"
    " rsync tar unzip zip truncate shred xargs"
)
_ON_PATHS = frozenset(_PATH_COMMANDS.split())
_HARMLESS = re.compile(r"true|false|pwd|echo( .*)?|(head|tail|wc|cat)( -[0-9clnw]+)*", re.DOTALL)
_EDITING = frozenset({"Edit", "MultiEdit", "Write", "NotebookEdit"})


class Use(Struct, frozen=True, kw_only=True):
    """What Claude asks for. `input`: JSON. `path`: of a tool for files, with every link followed.

    `reason` and `reason_type`: why it asks. `blocked`: a path that it names as the obstacle. `guarded`: it
    wants a person to decide.
    """

    tool: str
    input: bytes
    folder: str  # where the session works
    reason: str = ""
    reason_type: str = ""
    blocked: str = ""
    path: str = ""
    guarded: bool = False


class _Input(Struct):
    command: str = ""
    file_path: str = ""
    notebook_path: str = ""
    url: str = ""
    dangerouslyDisableSandbox: bool = False  # noqa: N815  claude's own spelling


def matches(rule: Rule, use: Use) -> bool:
    """Whether this rule lets that pass without asking."""
    if why_never(use) or not _names(rule, use.tool):
        return False
    return rule.what is None or _is_like(rule.tool, rule.what, use)


def why_never(use: Use) -> str:
    """Why no rule answers this, whatever it says: in words for people. Empty: one may."""
    if use.tool in PERSONAL:
        return "it is a question for a person"
    if use.guarded or use.reason_type == "safetyCheck":
        return "Claude marks it as one that a person decides"
    if use.reason_type not in _PLAIN_REASONS:
        return f"Claude asks for a reason that is for a person to judge ({use.reason_type})"
    return ""


def _is_like(tool: str, what: str, use: Use) -> bool:
    if len(use.input) > MAX_INPUT:
        return False
    try:
        given = msgspec.json.decode(use.input, type=_Input)
    except (msgspec.DecodeError, RecursionError):
        return False
    match tool:
        case "Bash":
            return not given.dangerouslyDisableSandbox and _runs(what, given.command, use)
        case "Edit" | "Read":
            return _touches(what, given.file_path or given.notebook_path, use)
        case _:
            return _fetches(what.removeprefix("domain:"), given.url)


def _names(rule: Rule, tool: str) -> bool:
    if rule.what is not None and rule.tool == "Edit":
        return tool in _EDITING
    if rule.tool.startswith("mcp__"):
        server = rule.tool.removesuffix("__*")
        whole = server != rule.tool or server.count("__") == 1
        return tool == rule.tool or (whole and tool.startswith(f"{server}__"))
    return tool == rule.tool


def _runs(what: str, command: str, use: Use) -> bool:
    """Whether every part of a command line is let pass."""
    parts = cut(command)
    if parts is None or use.reason not in _PLAIN_WORDS:
        return False
    if not any(_is_meant(what, part) for part in parts):
        return False
    if len(parts) == 1:
        return _stays(parts[0], use)
    return not use.blocked and all(
        _HARMLESS.fullmatch(part) or (_is_meant(what, part) and _name(part) not in _ON_PATHS)
        for part in parts
    )


def _is_meant(what: str, part: str) -> bool:
    if what.endswith(" *") and part == what.removesuffix(" *"):
        return True
    return fits(part, what)


def _stays(part: str, use: Use) -> bool:
    """Of a command for paths: that it is for one, within the session's folder."""
    if _name(part) not in _ON_PATHS:
        return not use.blocked
    operands = [word for word in part.split()[1:] if not word.startswith("-")]
    if any(letter in part for letter in "*?"):
        return False
    return len(operands) <= 1 and (not use.blocked or _is_below(use.blocked, use.folder))


def _name(part: str) -> str:
    return part.split(maxsplit=1)[0].rpartition("/")[2].strip("'\"")


def _is_below(path: str, folder: str) -> bool:
    place = PurePosixPath(path)
    return ".." not in place.parts and place != PurePosixPath(folder) and place.is_relative_to(folder)


def _touches(what: str, name: str, use: Use) -> bool:
    folder = PurePosixPath(use.folder)
    written = folder / name
    resolved = PurePosixPath(use.path)
    for place in (written, resolved):
        plain = place.is_absolute() and ".." not in place.parts
        if not plain or len(str(place)) > _MAX_PATH or len(place.parts) > _MOST_FOLDERS:
            return False
    return bool(name) and is_within(written, what, folder) and is_within(resolved, what, folder)


def _fetches(host: str, url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and "@" not in parts.netloc and parts.hostname == host
