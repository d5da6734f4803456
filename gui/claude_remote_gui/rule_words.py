"""Standing rules in words: what they let pass, where, and how long. No Qt."""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from claude_remote.durations import seconds_of
from claude_remote.errors import BadOption
from claude_remote.facts import ApprovalOpened
from claude_remote.messages import RuleInfo, Scope
from claude_remote.rules import BadRule, matches, parse
from claude_remote.uses import in_words, proposed_rules, use_of
from claude_remote_gui.words import count, duration

UNLIMITED = "until it is withdrawn"
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,40}")
_ANYTHING = frozenset(
    [
        "sh",
        "bash",
        "zsh",
        "dash",
        "fish",
        "env",
        "sudo",
        "su",
        "doas",
        "xargs",
        "find",
        "ssh",
        "eval",
        "exec",
        "nohup",
        "time",
        "timeout",
        "nice",
        "setsid",
        "watch",
        "python",
        "python3",
        "node",
        "deno",
        "bun",
        "perl",
        "ruby",
        "php",
        "lua",
        "awk",
        "npx",
        "uvx",
        "uv",
        "docker",
        "podman",
    ]
)
_LONGEST = 1e9  # seconds, as the exchange takes them


@dataclass(frozen=True)
class Wish:
    """A rule that somebody wants. `folder`: of the scope folder; `seconds`: None is no end."""

    rule: str
    scope: Scope
    folder: str = ""
    seconds: float | None = None


def read_wish(rule: str, scope: Scope, folder: str, lasts: str) -> Wish:
    """What somebody has written. Raises BadOption, in words for whoever wrote it."""
    if not rule.strip():
        raise BadOption("Write what shall pass: Bash(pytest *), Edit(src/**) or mcp__server__tool.")
    try:
        read = parse(rule)
    except BadRule as error:
        raise BadOption(f"That cannot be a rule: {error}.") from None
    if scope is Scope.FOLDER and not folder.strip():
        raise BadOption("Write the folder of the server below which it holds.")
    seconds = None if lasts.strip() in {"", UNLIMITED} else seconds_of(lasts)
    if seconds is not None and seconds > _LONGEST:
        raise BadOption(f"That is too long. Choose: {UNLIMITED}.")
    return Wish(str(read), scope, folder.strip() if scope is Scope.FOLDER else "", seconds)


def describe(wish: Wish, session: str, server: str) -> str:
    """What would pass from then on, in a sentence."""
    where = {
        Scope.SESSION: f"in the session {session}",
        Scope.FOLDER: f"in sessions that work in {wish.folder} or below",
        Scope.CLIENT: "in turns that you prompt from here",
        Scope.EVERYWHERE: f"in every session on {server}",
    }[wish.scope]
    until = UNLIMITED if wish.seconds is None else f"for {_long(wish.seconds)}"
    told = f"From the next question on, without asking: {passes(wish.rule)}; {where}, {until}."
    if wish.rule == "Bash":
        told += " Every command: that is as good as no asking at all."
    return told


def doubt(wish: Wish, fact: ApprovalOpened, folder: str) -> str:
    """Words for a rule that would not have answered this question; empty when it would."""
    if matches(parse(wish.rule), use_of(fact, folder)):
        return ""
    return "It would not have answered this question, which is allowed once all the same."


def passes(rule: str) -> str:
    """What a rule lets pass."""
    try:
        return in_words(parse(rule))
    except BadRule:
        return rule  # of a server that knows more rules


def where(rule: RuleInfo) -> str:
    """Where a rule holds."""
    return {
        Scope.SESSION: f"in session {rule.session_name or rule.session[:8]}",
        Scope.FOLDER: f"in {rule.folder}",
        Scope.CLIENT: f"in turns of {rule.by}",
        Scope.EVERYWHERE: "everywhere",
    }[rule.scope]


def ends(rule: RuleInfo, now: float) -> str:
    """When it ends; `now` by our clock."""
    if rule.expires is None:
        return "never"
    left = rule.expires - now
    return f"in {_long(left)}" if left > 0 else "now"


def offers(fact: ApprovalOpened, folder: str) -> list[str]:
    """Rules to begin with, each of which would have answered this: those that Claude proposes, then every use
    of the same command, unless that is one which runs anything.
    """
    found = proposed_rules(fact, folder)
    command = _command(fact)
    beginnings = [command[:2]] if len(command) > 2 else []
    for words in (*beginnings, command[:1]):
        if not words or words[0] in _ANYTHING or not all(_PLAIN.fullmatch(word) for word in words):
            continue
        rule = parse(f"Bash({' '.join(words)} *)")
        if str(rule) not in found and matches(rule, use_of(fact, folder)):
            found.append(str(rule))
    return found


def _command(fact: ApprovalOpened) -> list[str]:
    try:
        given = msgspec.json.decode(bytes(fact.input)) if fact.tool == "Bash" else {}
    except (msgspec.DecodeError, RecursionError):
        return []
    command = given.get("command") if isinstance(given, dict) else ""
    return command.split(maxsplit=3) if isinstance(command, str) else []


def _long(seconds: float) -> str:
    for unit, name in ((86_400, "day"), (3_600, "h"), (60, "min")):
        if seconds >= unit and not seconds % unit:
            return count(int(seconds // unit), name) if name == "day" else f"{seconds // unit:.0f} {name}"
    return count(round(seconds / 86_400), "day") if seconds >= 2 * 86_400 else duration(seconds)
