"""One row for each option of claude 2.1.330 in print mode (`claude --help`, and what it keeps out of it).

Rights are beyond `prompt`. The rule: what lets claude do more without asking needs `approve`, for whoever
may approve could have said yes each time; what ends the asking altogether needs `exec`, and so does an option
that is not in this table. What only narrows or tunes needs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from claude_remote.rights import Right


class Values(Enum):
    """How many values follow an option, as in the notation of `claude --help`."""

    NONE = ""
    ONE = "<value>"
    OPTIONAL = "[value]"
    MANY = "<value...>"


class Kind(Enum):
    """Who deals with an option."""

    CLAUDE = "claude"  # passed on
    OURS = "ours"  # means the same to claude-remote, which deals with it
    REFUSED = "refused"  # has no meaning here; `words` say what to do instead


class Paths(Enum):
    """Whether an option's values name files of the server."""

    NO = "no"
    YES = "yes"
    UNLESS_JSON = "unless-json"


@dataclass(frozen=True, slots=True)
class Option:
    """An option. `name` is its long spelling, under which it is passed on."""

    name: str
    values: Values = Values.NONE
    kind: Kind = Kind.CLAUDE
    right: Right | None = None
    paths: Paths = Paths.NO
    also: tuple[str, ...] = ()
    words: str = ""


NONE, ONE, OPTIONAL, MANY = Values.NONE, Values.ONE, Values.OPTIONAL, Values.MANY
APPROVE, EXEC = Right.APPROVE, Right.EXEC


def _tune(name: str, values: Values = ONE, *also: str) -> Option:
    return Option(name, values, also=also)


def _widen(name: str, values: Values = ONE, *also: str, paths: Paths = Paths.NO) -> Option:
    return Option(name, values, right=APPROVE, paths=paths, also=also)


def _ours(name: str, values: Values = NONE, *also: str) -> Option:
    return Option(name, values, Kind.OURS, also=also)


def _refuse(name: str, values: Values, words: str, *also: str) -> Option:
    return Option(name, values, Kind.REFUSED, also=also, words=words)


_ELSEWHERE = "it concerns the terminal or another service, not a session on a server"
_BACKGROUND = "sessions of claude-remote go on by themselves: leave with Ctrl-D and come back with --resume"

_ROWS = (
    # --- passed on: tuning and narrowing ---------------------------------------------------------------
    _tune("--advisor"),
    _tune("--agent"),
    _tune("--append-system-prompt"),
    _tune("--autocompact"),
    _tune("--betas", MANY),
    _tune("--brief", NONE),
    _tune("--disable-slash-commands", NONE),
    _tune("--disallowedTools", MANY, "--disallowed-tools"),
    _tune("--effort"),
    _tune("--exclude-dynamic-system-prompt-sections", NONE),
    _tune("--fallback-model"),
    _tune("--forward-subagent-text", NONE),
    _tune("--include-hook-events", NONE),
    _tune("--json-schema"),
    _tune("--max-budget-usd"),
    _tune("--max-thinking-tokens"),
    _tune("--max-turns"),
    _tune("--model"),
    _tune("--permission-mode"),  # the right depends on the mode
    _tune("--permission-prompts"),
    _tune("--prompt-suggestions", OPTIONAL),
    _tune("--restricted", NONE),
    _tune("--strict-mcp-config", NONE),
    _tune("--system-prompt"),
    _tune("--system-prompt-snapshot"),
    _tune("--task-budget"),
    _tune("--thinking"),
    _tune("--thinking-display"),
    _tune("--tools", MANY),
    # --- passed on: they widen what runs, or is read, without asking -----------------------------------
    _widen("--add-dir", MANY, paths=Paths.YES),
    _widen("--agents", paths=Paths.UNLESS_JSON),
    _widen("--allowedTools", MANY, "--allowed-tools"),
    _widen("--append-subagent-system-prompt-file", paths=Paths.YES),
    _widen("--append-system-prompt-file", paths=Paths.YES),
    _widen("--bare", NONE),  # leaves out hooks, which may be there to forbid
    _widen("--debug-file", paths=Paths.YES),
    _widen("--mcp-config", MANY, paths=Paths.UNLESS_JSON),
    _widen("--plugin-dir", paths=Paths.YES),
    _widen("--plugin-dir-no-mcp", paths=Paths.YES),
    _widen("--plugin-url"),
    _widen("--safe-mode", NONE),  # as --bare
    _widen("--setting-sources"),  # leaves out settings, which may be there to forbid
    _widen("--settings", paths=Paths.UNLESS_JSON),
    _widen("--system-prompt-file", paths=Paths.YES),
    Option("--allow-dangerously-skip-permissions", right=EXEC),
    Option("--dangerously-skip-permissions", right=EXEC),
    # --- the same to claude-remote ---------------------------------------------------------------------
    _ours("--continue", NONE, "-c"),
    _ours("--fork-session"),
    _ours("--help", NONE, "-h"),
    _ours("--include-partial-messages"),
    _ours("--input-format", ONE),
    _ours("--name", ONE, "-n"),
    _ours("--output-format", ONE),
    _ours("--print", NONE, "-p"),
    _ours("--replay-user-messages"),
    _ours("--resume", OPTIONAL, "-r"),
    _ours("--verbose"),
    _ours("--version", NONE, "-v"),
    _ours("--worktree", OPTIONAL, "-w"),
    # --- refused ---------------------------------------------------------------------------------------
    _refuse("--ax-screen-reader", NONE, _ELSEWHERE),
    _refuse("--background", NONE, _BACKGROUND, "--bg"),
    _refuse("--chrome", NONE, _ELSEWHERE),
    _refuse("--cloud", OPTIONAL, _ELSEWHERE, "--remote"),
    _refuse(
        "--debug", OPTIONAL, "its log would stay on the server: name a file there with --debug-file", "-d"
    ),
    _refuse("--desktop", NONE, _ELSEWHERE),
    _refuse("--environment", ONE, _ELSEWHERE),
    _refuse("--file", MANY, "it would be written on the server without asking"),
    _refuse("--from-pr", OPTIONAL, "name the session with --resume"),
    _refuse("--ide", NONE, _ELSEWHERE),
    _refuse("--no-chrome", NONE, _ELSEWHERE),
    _refuse(
        "--no-session-persistence", NONE, "a server keeps its sessions, so that they outlive a connection"
    ),
    _refuse("--permission-prompt-tool", ONE, "claude-remote asks you itself; see --on-approval"),
    _refuse("--remote-control", OPTIONAL, _ELSEWHERE, "--rc"),
    _refuse("--remote-control-session-name-prefix", ONE, _ELSEWHERE),
    _refuse("--session-id", ONE, "a session's id is given by the server; name it with --name"),
    _refuse("--teleport", OPTIONAL, _ELSEWHERE),
    _refuse("--tmux", OPTIONAL, _ELSEWHERE),
)

# By every spelling.
OPTIONS: dict[str, Option] = {spelling: row for row in _ROWS for spelling in (row.name, *row.also)}

# What each permission mode needs. `dontAsk` denies whatever it would ask.
MODES: dict[str, Right | None] = {
    "default": None,
    "manual": None,
    "plan": None,
    "dontAsk": None,
    "acceptEdits": APPROVE,
    "auto": APPROVE,
    "bypassPermissions": EXEC,
}


def short(text: str) -> str:
    """What somebody gave, no longer than an error should quote."""
    return text if len(text) <= 64 else f"{text[:63]}…"
