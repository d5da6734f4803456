"""The exchange: every message that a client and a server's door say to each other.

One connection carries one exchange at a time: a request, then any number of messages both ways, then `Done`
or `Error`; then the next request may follow. Both sides send `Hello` first, without waiting for the other's,
and a `Heartbeat` whenever they have been silent for HEARTBEAT_EVERY seconds. Fields that are not known are
ignored. docs/protocol.md tells the same with examples.

Times are seconds since the epoch, sizes are bytes, money is US dollars. A *cursor* names the last event that
a reader has, as (generation, sequence number); sequence numbers begin at 1 and have no gaps.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, NamedTuple, TypeAlias

from msgspec import Meta, Struct

from claude_remote.rights import Right

PROTOCOL = 1
DEFAULT_PORT = 7433
HEARTBEAT_EVERY = 5.0
DEAD_AFTER = 15.0
MAX_PROMPT = 16 * 1024 * 1024

Word: TypeAlias = Annotated[str, Meta(max_length=64)]
Line: TypeAlias = Annotated[str, Meta(max_length=1024)]
Words: TypeAlias = Annotated[str, Meta(max_length=16 * 1024)]
Folder: TypeAlias = Annotated[str, Meta(max_length=4096)]
# Exact in every language's JSON, and far from the ends of SQLite's integers, sums included.
Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**53)]
Time: TypeAlias = Annotated[float, Meta(ge=0, le=1e11)]
# \Z and not $, which would let a final newline pass.
Uuid: TypeAlias = Annotated[
    str, Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
]
# As ssh writes it: the SHA-256 of the certificate's DER, base64 without padding.
Fingerprint: TypeAlias = Annotated[str, Meta(pattern=r"^SHA256:[A-Za-z0-9+/]{43}\Z")]
Detail: TypeAlias = dict[Word, Line]


class Cursor(NamedTuple):
    """The last event a reader has. (g, 0) is before the first event of generation g."""

    generation: Count
    seq: Count


class Record(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A value inside messages."""


class Message(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """One message; its `kind` on the wire is the tag each class gives."""


# --- either side ---------------------------------------------------------------------------------------


class Door(StrEnum):
    """By which way a connection came in, and so what it may do."""

    DOOR = "door"  # TLS, with an approved certificate
    BELL = "bell"  # TLS, without a certificate
    LOCAL = "local"  # the control socket, same user


class Hello(Message, frozen=True, kw_only=True, tag="hello"):
    """The first message of each side. A client gives only the first two fields."""

    protocols: Annotated[tuple[Count, ...], Meta(max_length=16)] = (PROTOCOL,)
    version: Word
    way: Door | None = None
    host: Line = ""  # the server's host name
    fingerprint: str = ""  # the server's own, for the control socket
    client: Line = ""  # the name under which the server's owner knows this client
    rights: tuple[Right, ...] = ()


class Heartbeat(Message, frozen=True, kw_only=True, tag="heartbeat"):
    """I am here."""


class Error(Message, frozen=True, kw_only=True, tag="error"):
    """The exchange has failed. See claude_remote.errors for the closed set of codes."""

    code: Word
    message: Words
    detail: Detail = {}


class Done(Message, frozen=True, kw_only=True, tag="done"):
    """The exchange is complete."""


# --- first contact -------------------------------------------------------------------------------------


class ClientState(StrEnum):
    """What the server's owner has said about a client."""

    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"
    REVOKED = "revoked"


class Ring(Message, frozen=True, kw_only=True, tag="ring"):
    """Ask for approval. Payload: the client's certificate, DER.

    Answered by Standing, again at each change.
    """

    user: Line
    host: Line
    version: Word


class Standing(Message, frozen=True, kw_only=True, tag="standing"):
    """What the server's owner has said so far. The exchange stays open while it is `pending`."""

    state: ClientState
    rights: tuple[Right, ...] = ()
    message: Line = ""


# --- requests ------------------------------------------------------------------------------------------


class Ping(Message, frozen=True, kw_only=True, tag="ping"):
    """Answered by Done."""


class Target(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Which session a prompt is for, or how to begin one.

    With `session` (an id, the beginning of one, or a name) or `latest` (the last session of this client in
    `cwd`) an existing conversation goes on; otherwise a new one begins. `options` are claude's own
    command-line arguments, checked against claude_remote.options.
    """

    session: Line | None = None
    latest: bool = False
    fork: bool = False
    name: Word | None = None
    cwd: Folder | None = None  # relative to the folder in which the server starts sessions
    options: Annotated[tuple[Words, ...], Meta(max_length=256)] = ()


class Open(Message, frozen=True, kw_only=True, tag="open"):
    """Begin or wake a session without a prompt, so that its claude is ready. Answered by Opened."""

    target: Target


class Opened(Message, frozen=True, kw_only=True, tag="opened"):
    """The session exists; its claude is starting."""

    session: SessionInfo
    cursor: Cursor  # the tail of its log


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


class Part(Message, frozen=True, kw_only=True, tag="part"):
    """More payload of the request before it."""


class Attach(Message, frozen=True, kw_only=True, tag="attach"):
    """Read a session's log after a cursor (None: from the beginning) and, with `follow`, what comes.

    A cursor of another generation, or beyond the tail, is answered by Reset with the place that is meant.
    """

    session: Line
    after: Cursor | None = None
    follow: bool = True


class ListSessions(Message, frozen=True, kw_only=True, tag="list-sessions"):
    """Answered by any number of Sessions: all that this client may see, or the one that is named."""

    session: Line | None = None


class Sessions(Message, frozen=True, kw_only=True, tag="sessions"):
    """Some of the sessions."""

    sessions: tuple[SessionInfo, ...]


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


class Watch(Message, frozen=True, kw_only=True, tag="watch"):
    """Follow the feed: a snapshot first, then what happens. See claude_remote.feed."""


class Feed(Message, frozen=True, kw_only=True, tag="feed"):
    """Payload: one message of claude_remote.feed, msgpack, in several frames (`more`) when it is long."""

    more: bool = False


# --- in the course of a prompt or an attach; Decide and Interrupt also as requests ----------------------


class Behavior(StrEnum):
    """What was decided."""

    ALLOW = "allow"
    DENY = "deny"


class Decide(Message, frozen=True, kw_only=True, tag="decide"):
    """Decide an approval. As a request it is answered by Decided; within an exchange also."""

    approval: Uuid
    behavior: Behavior
    for_session: bool = False  # allow the like for the rest of this session
    message: Words = ""  # with deny: the reason, told to Claude
    stop: bool = False  # with deny: end the turn
    # Payload, if any: the tool's input as it shall be used, a JSON object.


class Decided(Message, frozen=True, kw_only=True, tag="decided"):
    """The decision is recorded and on its way to claude; `by` decided first, it may be somebody else.

    Within an exchange, `lost` says in words why a decision had no effect (its question is no more).
    """

    approval: Uuid
    behavior: Behavior
    by: Line
    lost: Words = ""


class Interrupt(Message, frozen=True, kw_only=True, tag="interrupt"):
    """End the running turn. As a request it is answered by Done.

    Within an exchange `session` may be left out; within a prompt's, a prompt that still waits is taken back.
    """

    session: Line | None = None


class Withdraw(Message, frozen=True, kw_only=True, tag="withdraw"):
    """Take back a prompt that still waits. Within a prompt's exchange. Answered by Finished if it did."""


class Cancel(Message, frozen=True, kw_only=True, tag="cancel"):
    """Stop sending, and end this exchange with Done; the turn goes on."""


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


class Source(StrEnum):
    """Who wrote an event: claude's own line, untouched, or a fact of claude_remote.facts."""

    CLAUDE = "claude"
    FACT = "fact"


class Events(Message, frozen=True, kw_only=True, tag="events"):
    """Events first … first+count-1. Payload: their lines, each ended by a newline.

    A line that does not fit one frame comes in several with the same `first` and `more` set on all but the
    last; `count` is then 1.
    """

    generation: Count
    first: Count
    count: Count
    source: Source
    at: Time
    more: bool = False


class Reset(Message, frozen=True, kw_only=True, tag="reset"):
    """The numbering began anew (some of the log was lost): forget the cursor, events follow from `cursor`."""

    cursor: Cursor


class Tail(Message, frozen=True, kw_only=True, tag="tail"):
    """All that exists has been sent; what follows is new. Sent once in an attach with `follow`."""

    cursor: Cursor


class PromptState(StrEnum):
    """Where a prompt is. Each state is on disk before it is acted on."""

    QUEUED = "queued"
    DISPATCHING = "dispatching"
    RUNNING = "running"
    DONE = "done"
    INTERRUPTED = "interrupted"
    VOID = "void"


class Finished(Message, frozen=True, kw_only=True, tag="finished"):
    """The prompt has ended, all its events have been sent."""

    prompt: Uuid
    state: PromptState
    reason: Words = ""


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


class ApprovalInfo(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A question of Claude's that waits. The tool's whole input is in the session's log, at `seq`."""

    id: Uuid
    session: Uuid
    session_name: Line
    tool: Line
    summary: Line
    seq: Count
    since: Time


# --- administration (right: admin) ---------------------------------------------------------------------


class ClientInfo(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A client as the server's owner sees it."""

    name: Line
    state: ClientState
    fingerprint: Fingerprint
    words: Line
    address: Line
    rights: tuple[Right, ...]
    roots: tuple[Folder, ...] = ()
    user: Line = ""
    host: Line = ""
    version: Word = ""
    first_seen: Time
    last_seen: Time
    connections: Count = 0


class ListClients(Message, frozen=True, kw_only=True, tag="list-clients"):
    """Answered by any number of Clients."""


class Clients(Message, frozen=True, kw_only=True, tag="clients"):
    """Some of the clients, or the one that was changed."""

    clients: tuple[ClientInfo, ...]


class Approve(Message, frozen=True, kw_only=True, tag="approve"):
    """Approve a client, pending or known. `which`: a fingerprint, its beginning, pairing words, or a name."""

    which: Line
    name: Line | None = None
    rights: tuple[Right, ...] | None = None  # None: the preset `work`, or what it had


class Refuse(Message, frozen=True, kw_only=True, tag="refuse"):
    """Refuse a client that waits."""

    which: Line


class Revoke(Message, frozen=True, kw_only=True, tag="revoke"):
    """Revoke a client: at once, its live connections included."""

    which: Line


Request: TypeAlias = (
    Ping
    | Ring
    | Open
    | Prompt
    | Attach
    | ListSessions
    | Await
    | Rename
    | Close
    | Control
    | Watch
    | Decide
    | Interrupt
    | ListClients
    | Approve
    | Refuse
    | Revoke
)
# Everything that a client may send, and everything that a server may.
FromClient: TypeAlias = Hello | Heartbeat | Error | Part | Withdraw | Cancel | Request
FromServer: TypeAlias = (
    Hello
    | Heartbeat
    | Error
    | Done
    | Standing
    | Opened
    | Sessions
    | Answer
    | Feed
    | Decided
    | Accepted
    | Waiting
    | Events
    | Reset
    | Tail
    | Finished
    | Clients
)

# The right that each request needs; the router looks here, and nowhere else.
NEEDS: dict[type[Message], Right | None] = {
    Ping: None,
    Open: Right.PROMPT,
    Prompt: Right.PROMPT,
    Attach: Right.VIEW,
    ListSessions: None,  # without `view` a client sees its own sessions alone
    Await: None,  # likewise
    Rename: Right.PROMPT,
    Close: Right.PROMPT,
    Control: Right.PROMPT,
    Watch: Right.VIEW,
    Decide: Right.APPROVE,
    Interrupt: Right.PROMPT,
    Withdraw: Right.PROMPT,
    ListClients: Right.ADMIN,
    Approve: Right.ADMIN,
    Refuse: Right.ADMIN,
    Revoke: Right.ADMIN,
}
