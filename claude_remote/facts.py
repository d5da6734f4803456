"""Facts: what the worker (or, when no worker lives, the broker) adds to a session's log.

A session's log holds claude's own lines, untouched, and between them facts: JSON objects that begin with
`"type":"claude_remote"`. Facts are the only thing the broker reads of a log; everything it knows about a
session follows from them, in the same transaction that stores them. So a batch that is sent twice cannot
count twice, and what readers see is what was recorded.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec
from msgspec import Raw, Struct

from claude_remote.messages import Behavior

MAX_ANSWER = 16 * 1024
MAX_PROMPTED = 64 * 1024


class Fact(Struct, frozen=True, kw_only=True, tag_field="fact"):
    """One fact; its `fact` in JSON is the tag each class gives."""

    type: Literal["claude_remote"] = "claude_remote"


class ClaudeStarted(Fact, frozen=True, kw_only=True, tag="claude-started"):
    """A claude process was started for this session."""

    pid: int
    claude_session: str
    resumed: bool


class ClaudeReady(Fact, frozen=True, kw_only=True, tag="claude-ready"):
    """Claude answered `initialize`. Its answer (commands, models) is the claude line before this one."""

    version: str = ""


class ClaudeExited(Fact, frozen=True, kw_only=True, tag="claude-exited"):
    """The claude process ended. `reason` is one sentence for the user; `stderr` the tail of what it wrote.

    `refused`: it was not even started, and what waits for it is void: another claude has the conversation.
    """

    code: int | None
    expected: bool
    reason: str
    stderr: str = ""
    refused: bool = False


class TurnStarted(Fact, frozen=True, kw_only=True, tag="turn-started"):
    """Claude was given a prompt (None: it began a turn by itself, for a background task that ended)."""

    prompt: str | None
    client: str = ""


class Prompted(Fact, frozen=True, kw_only=True, tag="prompted"):
    """Claude begins to answer a prompt that it has not repeated yet, so its words would stand before it.

    2.1.197 repeats it only behind the first piece of its answer. `text`: its first MAX_PROMPTED letters.
    """

    prompt: str
    text: str


class Steered(Fact, frozen=True, kw_only=True, tag="steered"):
    """Claude reads another prompt in the midst of the running turn, of which it is a part from here on."""

    prompt: str
    client: str = ""


class TurnFinished(Fact, frozen=True, kw_only=True, tag="turn-finished"):
    """A turn has ended, and with it the prompts that were read in the midst of it.

    `cost` and `duration` (seconds) are of this turn. `answer` is claude's last answer, its first MAX_ANSWER
    letters: all of it is in claude's own lines.

    `outcome`: done (claude gave a result, `error` tells whether it was one), interrupted (somebody stopped
    it, or its claude died when it may have had effects), void (it never began).
    """

    prompt: str | None
    outcome: Literal["done", "interrupted", "void"]
    error: bool = False
    reason: str = ""
    last_words: str = ""
    answer: str = ""
    cost: float = 0.0
    duration: float = 0.0


class ApprovalOpened(Fact, frozen=True, kw_only=True, tag="approval-opened"):
    """Claude asks whether it may use a tool. `input` is the tool's whole input as claude sent it.

    `blocked`: the path that claude names as the obstacle. `path`: the file that the tool is for, with every
    link followed. `guarded`: claude marks it as a question for a person, which no rule answers. `plan`: of
    ExitPlanMode, as the model gave it.
    """

    approval: str
    tool: str
    input: Raw
    summary: str
    tool_use: str
    description: str = ""
    reason: str = ""
    reason_type: str = ""
    suggestions: Raw = Raw(b"[]")
    agent: str = ""
    blocked: str = ""
    path: str = ""
    guarded: bool = False
    plan: str = ""


class ApprovalDelivered(Fact, frozen=True, kw_only=True, tag="approval-delivered"):
    """The decision was written to claude's standard input. `rule`: the id of the standing rule that decided,
    which `by` has made.
    """

    approval: str
    behavior: Behavior
    by: str
    for_session: bool = False
    message: str = ""
    rule: str = ""


class ApprovalTaken(Fact, frozen=True, kw_only=True, tag="approval-taken"):
    """Claude has read the decision: it answered a request that stood behind it in its input."""

    approval: str


class ToolFinished(Fact, frozen=True, kw_only=True, tag="tool-finished"):
    """The tool that was asked for has a result."""

    approval: str
    error: bool


class ApprovalVoid(Fact, frozen=True, kw_only=True, tag="approval-void"):
    """The question is no more: withdrawn by claude, its turn ended, or its claude died."""

    approval: str
    reason: str


class RulesAdded(Fact, frozen=True, kw_only=True, tag="rules-added"):
    """For the rest of this session claude does not ask about these, as claude's settings write rules.

    Somebody decided so; claude forgets them when it ends, and is told them again when it is resumed.
    """

    approval: str
    rules: tuple[str, ...]


class BackgroundChanged(Fact, frozen=True, kw_only=True, tag="background-changed"):
    """So many tasks run in the background now. They would end with claude, so it is not parked."""

    tasks: int


class SessionChanged(Fact, frozen=True, kw_only=True, tag="session-changed"):
    """Something about the conversation is different now; None is unchanged."""

    claude_session: str | None = None
    mode: str | None = None
    model: str | None = None
    title: str | None = None
    cwd: str | None = None  # claude made its worktree elsewhere than expected: by a hook of its settings


class Notice(Fact, frozen=True, kw_only=True, tag="notice"):
    """Something that every viewer should read: claude retries, a decision could not be applied, …"""

    level: Literal["info", "warning", "error"]
    text: str


AnyFact: TypeAlias = (
    ClaudeStarted
    | ClaudeReady
    | ClaudeExited
    | TurnStarted
    | Prompted
    | Steered
    | TurnFinished
    | ApprovalOpened
    | ApprovalDelivered
    | ApprovalTaken
    | ToolFinished
    | ApprovalVoid
    | RulesAdded
    | BackgroundChanged
    | SessionChanged
    | Notice
)


def what_is_asked(tool: str, summary: str) -> str:
    """An approval in one line, the same everywhere: `Bash: pytest -x`. Not yet fit for a terminal."""
    told = what_it_does(tool, summary)
    return f"{tool}: {told}" if told else tool


def what_it_does(tool: str, summary: str) -> str:
    """An approval's summary without the name of its tool, which workers put before it."""
    return "" if summary == tool else summary.removeprefix(f"{tool}: ")


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(AnyFact)


def encode(fact: Fact) -> bytes:
    """One line, ended by a newline."""
    return _encoder.encode(fact) + b"\n"


def decode(line: bytes) -> AnyFact:
    """Read one line. Raises msgspec.DecodeError (ValidationError for a fact that does not fit)."""
    try:
        fact: AnyFact = _decoder.decode(line)
    except RecursionError:
        raise msgspec.ValidationError("it is nested too deep") from None
    return fact
