"""Sessions: beginning, listing, steering and ending them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from claude_remote.messages.base import Count, Cursor, Folder, Line, Message, Record, Time, Uuid, Word, Words


class SessionState(StrEnum):
    """What a session is doing."""

    QUEUED = "queued"  # a prompt waits for a worker
    STARTING = "starting"
    IDLE = "idle"
    WORKING = "working"
    WAITING = "waiting"  # for an approval
    PARKED = "parked"  # nothing runs; the next prompt resumes it
    LOST = "lost"  # its host cannot be reached
    CLOSED = "closed"


class SessionInfo(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A session as others see it."""

    id: Uuid
    name: Line
    state: SessionState
    host: Line
    cwd: Folder
    client: Line  # who began it
    model: Line = ""
    mode: Word = "default"
    created: Time
    changed: Time
    turns: Count = 0
    cost: float = 0.0
    approvals: Count = 0
    claude_session: str = ""
    last_words: Line = ""
    prompting: Line = ""  # whose prompt runs now
    queued: Count = 0  # prompts that wait
    outcome: Word = ""  # of the last turn: done, error or interrupted; empty before the first
    reason: Line = ""  # in words, unless it is done


class Target(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Which session a prompt is for, or how to begin one.

    With `session` (an id, the beginning of one, or a name) or `latest` (the last session of this client in
    `cwd`) an existing conversation goes on; otherwise a new one begins. A `session` that this server does not
    know, but claude itself, is taken over: then it is the id of claude's. `options` are claude's own
    command-line arguments, checked against claude_remote.options. `worktree`: a new session, or a fork, gets
    a git worktree of that name (empty: one is found) in the repository of its folder.
    """

    session: Line | None = None
    latest: bool = False
    fork: bool = False
    name: Word | None = None
    cwd: Folder | None = None  # relative to the folder in which the server starts sessions
    worktree: Word | None = None
    options: Annotated[tuple[Words, ...], Meta(max_length=256)] = ()


class Open(Message, frozen=True, kw_only=True, tag="open"):
    """Begin or wake a session without a prompt, so that its claude is ready. Answered by Opened."""

    target: Target


class Opened(Message, frozen=True, kw_only=True, tag="opened"):
    """The session exists; its claude is starting."""

    session: SessionInfo
    cursor: Cursor  # the tail of its log


class ListSessions(Message, frozen=True, kw_only=True, tag="list-sessions"):
    """Answered by any number of Sessions: all that this client may see, or the one that is named."""

    session: Line | None = None


class Sessions(Message, frozen=True, kw_only=True, tag="sessions"):
    """Some of the sessions. So many older ones are `left_out`, for a list has room for the latest alone."""

    sessions: tuple[SessionInfo, ...]
    left_out: Count = 0


class Await(Message, frozen=True, kw_only=True, tag="await"):
    """Wait until nothing runs in a session and no prompt waits there.

    Answered by Sessions with this one, at once and whenever it is different, and Done when that is so.
    """

    session: Line


class Rename(Message, frozen=True, kw_only=True, tag="rename"):
    """Call a session by another name. Answered by Sessions with this one."""

    session: Line
    name: Word


class Close(Message, frozen=True, kw_only=True, tag="close"):
    """End a session: the running turn is interrupted, prompts that wait are taken back, its claude ends.

    Answered, when its claude is gone, by Sessions with this one. The next prompt opens it again.
    """

    session: Line


class Control(Message, frozen=True, kw_only=True, tag="control"):
    """Ask the session's claude something of its control protocol. Payload: the arguments, a JSON object.

    Only what claude_remote.options lists; `set_permission_mode` and `set_model` are among it. Answered by
    Answer.
    """

    session: Line
    subtype: Word


class Answer(Message, frozen=True, kw_only=True, tag="answer"):
    """Claude's answer to a Control. Payload: JSON, in several frames (`more`) when it is long."""

    more: bool = False
