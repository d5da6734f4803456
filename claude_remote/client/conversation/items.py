"""What a conversation looks like: the items that a reader sees, and how they change.

Every item has a number, in the order in which items appeared. An item that is not `done` may come again with
the same number, changed; `More` adds to the text of a `Words`, `Gone` takes an item back. Texts are as
claude and other people wrote them: whoever shows them makes them harmless for the place where they are shown.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, TypeAlias

from msgspec import Struct

from claude_remote.messages import Behavior

MOST_RESULT = 64 * 1024


class Item(Struct, frozen=True, kw_only=True, gc=False):
    """One thing in the conversation. Nothing in it can lead back to it: there may be 100,000 of them, which
    Python's collector would look through again and again.
    """

    id: int
    done: bool = True


class Said(Item, frozen=True, kw_only=True):
    """A prompt: its id (None when a terminal on the server gave it) and whose it was."""

    text: str
    prompt: str | None = None
    client: str = ""


class Words(Item, frozen=True, kw_only=True):
    """What Claude writes: an answer (Markdown), what it thinks, or the output of one of its commands."""

    kind: Literal["answer", "thinking", "output"]
    text: str


class ToolState(StrEnum):
    """How far the use of a tool has come."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    DENIED = "denied"
    STOPPED = "stopped"  # the turn ended before its result came


class ToolUse(Item, frozen=True, kw_only=True):
    """Claude uses a tool. `summary` tells on what, `outcome` in a line what came of it, `result` all of it:
    the text that Claude was given, at most MOST_RESULT letters.

    `steps` counts the tools that a subagent has used for it, `step` is the last of them.
    """

    tool_use: str
    tool: str
    summary: str
    input: bytes  # JSON
    state: ToolState
    outcome: str = ""
    result: str = ""
    steps: int = 0
    step: str = ""


class Question(Item, frozen=True, kw_only=True):
    """Claude asks whether it may use a tool, or asks the user something. Open while it is not `done`.

    `decision` None and `done`: it is void, `message` says why. `plan`: for ExitPlanMode, when it is known.
    `may_remember`: there is a rule by which the like is allowed for the rest of the session; `remembers` says
    in words what it allows.
    """

    approval: str
    tool: str
    input: bytes  # JSON
    summary: str
    tool_use: str
    description: str = ""
    reason: str = ""
    agent: str = ""
    plan: str = ""
    may_remember: bool = False
    remembers: tuple[str, ...] = ()
    decision: Behavior | None = None
    for_session: bool = False
    by: str = ""
    message: str = ""


class Note(Item, frozen=True, kw_only=True):
    """A remark: of the server, or of claude."""

    level: Literal["info", "warning", "error"]
    text: str


class Ended(Item, frozen=True, kw_only=True):
    """A turn has ended. `cost` in US dollars and `duration` in seconds are those of the turn."""

    prompt: str | None
    outcome: Literal["done", "interrupted", "void"]
    error: bool
    reason: str
    cost: float
    duration: float


class More(Struct, frozen=True):
    """More text of the Words with this number."""

    id: int
    text: str


class Gone(Struct, frozen=True):
    """The item with this number does not hold: Claude has begun anew, the right one follows."""

    id: int


AnyItem: TypeAlias = Said | Words | ToolUse | Question | Note | Ended
Change: TypeAlias = AnyItem | More | Gone


class Doing(StrEnum):
    """What Claude is doing just now."""

    NOTHING = "nothing"
    STARTING = "starting"
    REQUESTING = "requesting"  # it waits for the model
    THINKING = "thinking"
    WRITING = "writing"
    TOOL = "tool"
    COMPACTING = "compacting"
    RETRYING = "retrying"
    ASKING = "asking"


class Command(Struct, frozen=True):
    """A slash command of claude's."""

    name: str
    description: str = ""
    argument: str = ""
