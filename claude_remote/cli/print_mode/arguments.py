"""What a command line without a command asks for: claude's own arguments, and a few of ours."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from claude_remote.cli.reaching import Reach
from claude_remote.errors import BadOption
from claude_remote.options import OPTIONS, Values, split

FORMATS = ("text", "json", "stream-json")
INPUTS = ("text", "stream-json")
POLICIES = ("wait", "deny", "fail")

# Our own options, beside claude's.
OWN = {
    "-s": Values.ONE,
    "--server": Values.ONE,
    "-C": Values.ONE,
    "--cwd": Values.ONE,
    "--on-approval": Values.ONE,
    "--timeout": Values.ONE,
    "--fingerprint": Values.ONE,
    "--accept-new": Values.NONE,
    "--wait": Values.OPTIONAL,
    "--bg": Values.NONE,
    "--detach": Values.NONE,
}


class Arguments(Struct, frozen=True, kw_only=True):
    """The command line. None: not said. `options` go to claude as they are."""

    reach: Reach
    prompt: str
    options: tuple[str, ...] = ()
    print: bool = False
    help: bool = False
    version: bool = False
    output_format: str = "text"
    input_format: str = "text"
    partial: bool = False
    replay: bool = False
    verbose: bool = False
    name: str | None = None
    resume: str | None = None  # "" when it was given without a value
    latest: bool = False
    fork: bool = False
    cwd: str | None = None
    worktree: str | None = None  # "" when it was given without a name
    on_approval: str | None = None
    timeout: float | None = None
    background: bool = False


def parse(words: Sequence[str]) -> Arguments:
    """Read the words. Raises BadOption with words for the user."""
    parsed = split(words, OWN)
    _refuse_unknown(words)
    values: dict[str, str] = {}
    rest = list(parsed.words)
    for found in parsed.own:
        value = found.values[-1] if found.values else ""
        if value and _is_prompt(found.name, value):
            # An optional value takes the word behind it; this one was the prompt.
            rest.insert(0, value)
            value = ""
        values[_LONG.get(found.name, found.name)] = value
    wait = values.get("--wait")
    return Arguments(
        reach=Reach(
            server=values.get("--server"),
            fingerprint=values.get("--fingerprint"),
            accept_new="--accept-new" in values,
            wait=None if wait is None else float(wait or -1),
        ),
        prompt=" ".join(rest),
        options=parsed.options,
        print="--print" in values,
        help="--help" in values,
        version="--version" in values,
        output_format=_one_of("--output-format", values.get("--output-format", "text"), FORMATS),
        input_format=_one_of("--input-format", values.get("--input-format", "text"), INPUTS),
        partial="--include-partial-messages" in values,
        replay="--replay-user-messages" in values,
        verbose="--verbose" in values,
        name=values.get("--name"),
        resume=values.get("--resume"),
        latest="--continue" in values,
        fork="--fork-session" in values,
        cwd=values.get("--cwd"),
        worktree=values.get("--worktree"),
        on_approval=_policy(values.get("--on-approval")),
        timeout=_seconds("--timeout", values.get("--timeout")),
        background="--bg" in values,
    )


def check(arguments: Arguments) -> None:
    """What does not go together, for prompting once. Raises BadOption."""
    if arguments.resume == "":
        raise BadOption("--resume needs the id or the name of a session; `claude-remote sessions` lists them")
    if arguments.resume is not None and arguments.latest:
        raise BadOption("--resume and --continue both say which session; give one of them")
    if arguments.fork and arguments.resume is None and not arguments.latest:
        raise BadOption("--fork-session needs --resume or --continue: which session is to be copied?")
    if arguments.worktree is not None and not arguments.fork and (arguments.latest or arguments.resume):
        raise BadOption("a session stays where it is: --worktree is for a new one, or with --fork-session")
    if arguments.input_format == "stream-json":
        _check_streamed(arguments)
    if arguments.background:
        _check_background(arguments)


def _check_streamed(arguments: Arguments) -> None:
    if arguments.output_format != "stream-json":
        raise BadOption("--input-format stream-json needs --output-format stream-json, too")
    if arguments.prompt:
        raise BadOption("with --input-format stream-json the prompts come from standard input alone")
    if arguments.background:
        raise BadOption("--bg sends one prompt; --input-format stream-json is for several")


def _check_background(arguments: Arguments) -> None:
    if arguments.output_format == "stream-json":
        raise BadOption("--bg returns before there is anything to stream; `claude-remote attach` shows it")
    if arguments.timeout is not None:
        raise BadOption("--bg does not wait for the turn, so --timeout means nothing with it")
    if arguments.on_approval not in {None, "wait"}:
        raise BadOption("with --bg nobody is there when Claude asks: it waits until somebody answers")


_LONG = {"-s": "--server", "-C": "--cwd", "--detach": "--bg"}


def _refuse_unknown(words: Sequence[str]) -> None:
    """An option that nobody knows is a mistake, unless it stands behind `--`."""
    before = words[: words.index("--")] if "--" in words else words
    try:
        options = split(before, OWN).options
    except BadOption:
        return  # the `--` was a value; all of it was looked at already
    for word in options:
        name = word.partition("=")[0]
        if name.startswith("-") and name not in OPTIONS:
            from difflib import get_close_matches

            close = get_close_matches(name, [*OPTIONS, *OWN], 1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise BadOption(
                f"there is no option {name}{hint} (behind `--` it would be passed on to claude)", option=name
            )


def _one_of(option: str, value: str, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise BadOption(f"{option} is one of {', '.join(allowed)}, not {value!r}")
    return value


def _policy(value: str | None) -> str | None:
    return None if value is None else _one_of("--on-approval", value, POLICIES)


def _seconds(option: str, value: str | None) -> float | None:
    if value is None:
        return None
    if not _is_number(value) or float(value) <= 0:
        raise BadOption(f"{option} takes a number of seconds, not {value!r}")
    return float(value)


def _is_prompt(option: str, value: str) -> bool:
    return (option == "--wait" and not _is_number(value)) or (option == "--worktree" and " " in value)


def _is_number(text: str) -> bool:
    try:
        number = float(text)
    except ValueError:
        return False
    return 0 <= number < float("inf")
