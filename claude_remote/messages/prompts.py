"""A prompt and its turn."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta

from claude_remote.messages.base import Count, Cursor, Line, Message, Uuid, Word, Words
from claude_remote.messages.sessions import SessionInfo, Target

MAX_PROMPT = 16 * 1024 * 1024


class PromptState(StrEnum):
    """Where a prompt is. Each state is on disk before it is acted on."""

    QUEUED = "queued"
    DISPATCHING = "dispatching"
    RUNNING = "running"
    DONE = "done"
    INTERRUPTED = "interrupted"
    VOID = "void"


class Prompt(Message, frozen=True, kw_only=True, tag="prompt"):
    """Prompt a session, and follow the turn to its end.

    Payload: the text, UTF-8, of `size` bytes in all; what does not fit follows in `Part`s. `id` names the
    prompt for ever: sent again with the same text it is the same prompt, however often the link broke. With
    `after`, events up to that cursor are not sent again. Answered by Accepted, then by Waiting, Events,
    Approval and so on, then by Finished and Done. Without `follow`: by Accepted, by Waiting if it waits (or
    Finished if it has ended long ago), and Done; it runs all the same.

    `now`, in an existing session: claude reads it in the midst of the turn that runs, after the tools that it
    uses just now; if it does not get to that any more, or none runs, it is the next prompt of the session.
    """

    id: Uuid
    target: Target
    size: Annotated[int, Meta(ge=1, le=MAX_PROMPT)]
    after: Cursor | None = None
    follow: bool = True
    now: bool = False


class Withdraw(Message, frozen=True, kw_only=True, tag="withdraw"):
    """Take back a prompt that still waits. Within a prompt's exchange. Answered by Finished if it did."""


class Interrupt(Message, frozen=True, kw_only=True, tag="interrupt"):
    """End the running turn. As a request it is answered by Done.

    Within an exchange `session` may be left out; within a prompt's, a prompt that still waits is taken back.
    """

    session: Line | None = None


class Accepted(Message, frozen=True, kw_only=True, tag="accepted"):
    """The prompt is recorded and will run. None of its events are at `cursor` or before it.

    Of a prompt that waits, it is the log's tail of now: the events that follow may be another turn's.
    """

    prompt: Uuid
    session: SessionInfo
    cursor: Cursor


class Waiting(Message, frozen=True, kw_only=True, tag="waiting"):
    """The prompt waits. `place` counts the prompts before it."""

    why: Literal["turn", "worker", "start"]  # another turn runs; no worker is free; claude is starting
    place: Count = 0


class Finished(Message, frozen=True, kw_only=True, tag="finished"):
    """The prompt has ended, all its events have been sent.

    `cause` is for programs: `shutdown` when the turn was stopped because the server is shutting down.
    """

    prompt: Uuid
    state: PromptState
    reason: Words = ""
    cause: Word = ""
