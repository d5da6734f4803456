"""Standing rules in words: what they let pass, where, and how long. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

from claude_remote.durations import seconds_of
from claude_remote.errors import BadOption
from claude_remote.facts import ApprovalOpened
from claude_remote.messages import RuleInfo, Scope
from claude_remote.rules import BadRule, matches, parse
from claude_remote.uses import in_words, use_of
from claude_remote_gui.words import duration

UNLIMITED = "until it is withdrawn"
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


def _long(seconds: float) -> str:
    return f"{seconds / 86_400:.3g} days" if seconds >= 2 * 86_400 else duration(seconds)
