"""What is kept of a session, a prompt and an approval. Everything here follows from requests and facts.

A row is stored as JSON: a field that is added later has a default, and old rows read as before. What SQL
must search by (ids, open or not) is a column besides. The core uses the same rows as its state in memory.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from claude_remote.messages import Behavior, PromptState, Scope


class LeaseRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who owns a session now. Of the worker's token only the SHA-256 is kept, in hexadecimal."""

    worker: str
    token_hash: str
    options: tuple[str, ...] = ()  # with which its claude was started
    model: str | None = None  # likewise


class Turn(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A turn that runs; without a prompt claude began it by itself."""

    prompt: str | None = None


class Worktree(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The git worktree of a session: claude, started in `base`, makes it under this name."""

    name: str
    base: str


class SessionRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One conversation."""

    id: str
    name: str
    cwd: str
    client: str  # fingerprint of who began it
    client_name: str
    created: float
    changed: float
    claude_session: str
    options: tuple[str, ...] = ()
    fork_of: str | None = None
    generation: int = 1
    epoch: int = 0  # of the last lease, or of what the broker itself wrote after it
    lease: LeaseRow | None = None
    claude: bool = False  # a claude was started and has not ended
    claude_pid: int = 0  # its process
    starting: bool = False  # a lease has begun, and its claude is not ready
    background: int = 0  # its tasks in the background
    rules: tuple[str, ...] = ()  # allowed for the session, as claude's settings write them
    turn: Turn | None = None
    mode: str | None = None
    model: str | None = None
    turns: int = 0
    cost: float = 0.0
    last_words: str = ""
    outcome: str = ""  # of the last turn: done, error, interrupted
    reason: str = ""  # likewise
    worktree: Worktree | None = None  # then `cwd` is this worktree
    closed: str | None = None  # by whom, until the next prompt


class Tombstone(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is left of a session that was trimmed."""

    id: str
    name: str
    cwd: str
    client: str  # fingerprint of who began it
    claude_session: str
    changed: float
    trimmed: float  # when
    why: str  # "age" or "size"


class PromptRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One prompt. Its events are begins+1 … ends of the session's log."""

    id: str
    session: str
    client: str  # fingerprint
    client_name: str
    digest: str  # SHA-256 of the text, hexadecimal
    size: int  # of the text, bytes
    start: str  # the beginning of the text, for lists
    at: float
    state: PromptState
    options: tuple[str, ...] | None = None  # claude's arguments from this turn on; None: as they are
    mode: str | None = None  # likewise
    model: str | None = None  # likewise
    epoch: int = 0  # in which it was given to a worker
    begins: int | None = None  # known when it is the next to run
    ends: int | None = None  # None for a prompt that ended without a turn
    attempts: int = 0  # leases that ended before it began
    again: bool = False  # it may have reached a claude before
    now: bool = False  # for the turn that runs, if there is one
    steered: bool = False  # claude read it in the midst of another prompt's turn, and it ends with that
    taken_back: str = ""  # why it is not to begin any more, though it was given to a worker
    reason: str = ""
    address: str = ""  # from where it came, for the audit
    cost: float = 0.0
    duration: float = 0.0

    @property
    def ended(self) -> bool:
        """Nothing follows."""
        state = self.state  # asked for every batch; to look into a set costs three times as much
        return state is PromptState.DONE or state is PromptState.INTERRUPTED or state is PromptState.VOID


class DecisionRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody decided."""

    behavior: Behavior
    by: str
    client: str
    address: str = ""  # from where, for the audit
    at: float
    for_session: bool = False
    message: str = ""
    stop: bool = False
    input: bytes = b""
    mode: str = ""  # the session's permission mode from here on
    rule: str = ""  # the standing rule that decided; `by` and `client` have made it


ApprovalStep: TypeAlias = Literal["open", "decided", "delivered", "taken", "finished", "void"]


class ApprovalRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A question of Claude's and what became of it."""

    id: str
    session: str
    tool: str
    summary: str
    seq: int
    since: float
    state: ApprovalStep = "open"
    decision: DecisionRow | None = None
    reason: str = ""
    client_name: str = ""  # whose prompt ran
    agent: str = ""
    guarded: bool = False  # no rule answers it

    @property
    def ended(self) -> bool:
        """Nothing follows."""
        return self.state in {"finished", "void"}


class RuleRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A standing rule."""

    id: str
    rule: str
    scope: Scope
    client: str  # fingerprint of who made it
    client_name: str
    created: float
    expires: float | None = None
    session: str = ""
    folder: str = ""
