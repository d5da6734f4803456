"""The router core's whole world: events go in, commands come out.

The core does no IO and knows no clock: `core.handle(event, now)` returns the commands that follow. Adapters
perform them: the door (Send, Hangup), the bus (ToWorker), the journal (Store, Load), the launcher (Launch,
Kill), the feed (Publish), the registry (Administer), the file system (CheckFolder).

Order is part of the contract. Commands are performed in the order given. `Stored` events arrive in the order
of their `Store` commands. What must not be seen before it is on disk is commanded only when its `Stored` has
come.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, TypeAlias

from msgspec import Struct

from claude_remote import bus, feed, messages
from claude_remote.audit import Wanted
from claude_remote.errors import RemoteError
from claude_remote.rights import Right
from claude_remote_broker.audit.entry import Entry
from claude_remote_broker.notices.notice import Notice

# Connections and tickets are numbers that mean nothing beyond being the same again.
Connection: TypeAlias = int
Ticket: TypeAlias = int


class Peer(NamedTuple):
    """Who is on a connection. The rights are looked up at each request, for they may change."""

    fingerprint: str  # "local" on the control socket
    name: str
    way: messages.Door
    address: str = ""  # from where it came, for the audit

    @classmethod
    def known(cls, fingerprint: str, name: str, address: str = "") -> Peer:
        """Somebody who asked for something before, by which way does not matter any more."""
        return cls(fingerprint, name, messages.Door.DOOR, address)


class ClientTable(Protocol):
    """What the core may ask about clients; the registry answers."""

    def rights(self, fingerprint: str) -> frozenset[Right]:
        """The rights now; empty for a client that is not approved."""

    def roots(self, fingerprint: str) -> tuple[str, ...]:
        """Real paths of the folders that it may use; empty means everything."""

    def infos(self) -> tuple[messages.ClientInfo, ...]:
        """Every client, for snapshots."""


class Log(Protocol):
    """What the core may read of the server's log: lines, numbered from 0 on."""

    @property
    def end(self) -> int:
        """The number of the next line."""

    def read(self, start: int, most: int) -> tuple[int, bytes]:
        """Lines from `start` on that are still kept, at most so many bytes; and the number to go on with."""


class Event(Struct, frozen=True):
    """Something that happened."""


class Command(Struct, frozen=True):
    """Something to be done."""


# --- door ----------------------------------------------------------------------------------------------


class Connected(Event, frozen=True):
    """A client that may send requests is there; hellos have been exchanged."""

    conn: Connection
    peer: Peer


class Received(Event, frozen=True):
    """A message of an exchange. Never Hello, Heartbeat or Ring: those stay in the door."""

    conn: Connection
    message: messages.Message
    payload: bytes = b""


class Drained(Event, frozen=True):
    """What was sent to a congested connection has left; there is room again."""

    conn: Connection


class Disconnected(Event, frozen=True):
    """The connection is gone, for whatever reason."""

    conn: Connection


class Send(Command, frozen=True):
    """Send a message. The adapter answers whether the connection is congested (see Congested)."""

    conn: Connection
    message: messages.Message
    payload: bytes = b""


class Congested(Event, frozen=True):
    """More is buffered for this connection than should be: send no more events until Drained."""

    conn: Connection


class Hangup(Command, frozen=True):
    """Close a connection, after an Error if one is given."""

    conn: Connection
    error: RemoteError | None = None


# --- clients -------------------------------------------------------------------------------------------


class ClientCutOff(Event, frozen=True):
    """A client was revoked: its prompts that wait are withdrawn, those that run interrupted.

    The door has closed its connections.
    """

    fingerprint: str


class ClientUpdated(Event, frozen=True):
    """Something about a client is new: for the feed."""

    client: messages.ClientInfo


class ClientForgotten(Event, frozen=True):
    """A client is no more in the table: for the feed."""

    fingerprint: str


class Administer(Command, frozen=True):
    """A ListClients, Approve, Refuse, Revoke or ChangeRights whose right was checked.

    The adapter answers on `conn`.
    """

    conn: Connection
    request: messages.Message
    peer: Peer  # who asks


# --- audit ---------------------------------------------------------------------------------------------


class Record(Command, frozen=True):
    """Add this to the audit's chain. Nothing waits for it; see Context.record."""

    entry: Entry


class Notify(Command, frozen=True):
    """Tell people who do not look. Nothing waits for it."""

    notice: Notice


class AuditGrown(Event, frozen=True):
    """There are records that were not there before."""

    last: int


class LookAtAudit(Command, frozen=True):
    """Read the audit after record `after`: at most `most` records that are `wanted`. AuditRead."""

    ticket: Ticket
    after: int
    wanted: Wanted = Wanted()
    most: int = 1_000_000


class AuditRead(Event, frozen=True):
    """Records as `audit export` writes them; `last`: as far as was looked. Or why it could not be read."""

    ticket: Ticket
    lines: bytes = b""
    last: int = 0
    more: bool = False  # perhaps
    failure: str = ""


# --- folders -------------------------------------------------------------------------------------------


class CheckFolder(Command, frozen=True):
    """Find the real path of `path` (relative: below the server's default), inside `roots`. FolderChecked.

    `worktree`: it shall be in a git repository, whose worktrees lie inside the roots, too.
    """

    ticket: Ticket
    path: str | None
    roots: tuple[str, ...]
    also: tuple[str, ...] = ()  # more paths, of claude's own options, that must lie inside the roots
    apart: bool = False  # nor may any of them lie above what is claude-remote's own
    worktree: bool = False
    stamp: bool = False  # say in what state it is, too


class FolderChecked(Event, frozen=True):
    """The real path, or why not.

    `stamp` is the same as long as a claude that was started there before knows what one would that is started
    now; empty when nobody asked, or it cannot be told.
    """

    ticket: Ticket
    path: str = ""
    error: RemoteError | None = None
    worktrees: str = ""  # the folder in which claude makes those of this repository
    taken: frozenset[str] = frozenset()  # the names that are in it
    stamp: str = ""


class FindConversation(Command, frozen=True):
    """Find a conversation in claude's own files, by its id or the beginning of one. ConversationFound."""

    ticket: Ticket
    beginning: str


class ConversationFound(Event, frozen=True):
    """The conversation, or why not. `cwd`: where it began; `owner`: the claude that has it open, in words."""

    ticket: Ticket
    conversation: str = ""
    cwd: str = ""
    owner: str = ""
    error: RemoteError | None = None


# --- bus -----------------------------------------------------------------------------------------------


class FromWorker(Event, frozen=True):
    """A verb that a worker sent. The core knows the worker by `route` once its Ready was accepted."""

    route: bytes
    verb: bus.Verb
    payload: bytes = b""


class ToWorker(Command, frozen=True):
    """A verb for the worker behind a route. Whether it arrives is not known until the worker says so."""

    route: bytes
    verb: bus.Verb
    payload: bytes = b""


# --- workers as processes ------------------------------------------------------------------------------


class Launch(Command, frozen=True):
    """Start a worker process. WorkerLaunched or LaunchFailed."""

    worker: str
    token: str
    errand: bool = False  # one for an errand


class WorkerLaunched(Event, frozen=True):
    """The process runs. Also told of every worker that a new broker finds alive."""

    worker: str
    pid: int
    started: float


class LaunchFailed(Event, frozen=True):
    """The process could not be started."""

    worker: str
    reason: str


class Kill(Command, frozen=True):
    """Kill a worker and its tree. WorkerExited when all of it is seen gone."""

    worker: str


class WorkerExited(Event, frozen=True):
    """The worker and its tree are gone: proven, not assumed. Its lease may now be given to another."""

    worker: str


class WorkersKnown(Event, frozen=True):
    """Every worker that lives has been told of by WorkerLaunched; there are no others.

    Sent when the launcher has reached its zygote: at the broker's start, and again after a new zygote.
    """


class Weigh(Command, frozen=True):
    """Look how much memory processes have for themselves alone. Weighed."""

    ticket: Ticket
    pids: tuple[int, ...]


class Weighed(Event, frozen=True):
    """Bytes, by pid; a process that is gone, or somebody else's, is left out."""

    ticket: Ticket
    memory: dict[int, int]


# --- journal -------------------------------------------------------------------------------------------


class Store(Command, frozen=True):
    """One transaction. `operations` are of claude_remote_broker.journal. Stored or StoreFailed."""

    ticket: Ticket
    operations: tuple[Any, ...]


class Stored(Event, frozen=True):
    """It is on disk."""

    ticket: Ticket


class StoreFailed(Event, frozen=True):
    """It is not on disk, and nothing of it is."""

    ticket: Ticket
    reason: str


class Load(Command, frozen=True):
    """Read a session's log after `after`, up to `limit` bytes but at least one row. Loaded.

    A row of one line that is longer than `limit` comes in pieces: at most `limit` bytes of it, from `offset`
    on, alone, with `more` set while it goes on. `offset` says how much is known of the row after `after`.
    """

    ticket: Ticket
    session: str
    after: int
    limit: int
    offset: int = 0


class Loaded(Event, frozen=True):
    """Rows in their order; none when there is nothing after the cursor."""

    ticket: Ticket
    rows: tuple[Row, ...]


class Row(Struct, frozen=True):
    """One batch of a session's log as it is stored."""

    first: int
    count: int
    source: messages.Source
    at: float
    lines: bytes
    more: bool = False  # a piece of a long row, and not its last


class FindPrompt(Command, frozen=True):
    """Find a prompt by its id, however long ago it was. Found."""

    ticket: Ticket
    prompt: str


class FindApproval(Command, frozen=True):
    """Find an approval by its id, however long ago it was. Found."""

    ticket: Ticket
    approval: str


class Found(Event, frozen=True):
    """The PromptRow or ApprovalRow of claude_remote_broker.journal, or None when there is none."""

    ticket: Ticket
    row: Any = None


class Measure(Command, frozen=True):
    """How large the journal is, and how it fares. Measured."""

    ticket: Ticket


class JournalFigures(Struct, frozen=True, kw_only=True):
    """Bytes and seconds; a commit of 0 seconds never was."""

    used: int  # by what is in it
    free: int  # of its file, to be used again or given back
    log: int  # of its write-ahead log
    room: int  # that the disk has left for this user
    commit: float  # how long the last transaction took
    commit_at: float  # when that was
    worst_commit: float | None  # of the last minute
    failing: str  # why the last transaction failed; empty when it did not
    sweeping: bool  # what was trimmed is still being removed


class Measured(Event, frozen=True):
    """None: it could not be measured."""

    ticket: Ticket
    figures: JournalFigures | None = None


class Survey(Command, frozen=True):
    """How the process itself fares. Surveyed."""

    ticket: Ticket


class ServerFigures(Struct, frozen=True, kw_only=True):
    """Bytes and seconds; None is not measured yet."""

    pid: int
    uptime: float
    memory: int | None
    connections: int
    lag: float | None  # of the loop, when it was looked last
    worst_lag: float | None  # of the last minute
    launcher: int  # its pid; 0: there is none
    problems: tuple[str, ...] = ()  # in words: what does not work just now, or was lost


class Surveyed(Event, frozen=True):
    """At once."""

    ticket: Ticket
    figures: ServerFigures


# --- feed and time -------------------------------------------------------------------------------------


class Publish(Command, frozen=True):
    """Put this on the PUB socket."""

    published: feed.Published


class Tick(Event, frozen=True):
    """Time passes; about once a second, and after each Wake."""


class End(Command, frozen=True):
    """End this server, because this client has asked for it."""

    client: str


class Wake(Command, frozen=True):
    """Send a Tick in `delay` seconds (besides the regular ones)."""

    delay: float


AnyEvent: TypeAlias = (
    Connected
    | Received
    | Drained
    | Congested
    | Disconnected
    | ClientCutOff
    | ClientForgotten
    | ClientUpdated
    | FolderChecked
    | ConversationFound
    | FromWorker
    | WorkerLaunched
    | LaunchFailed
    | WorkerExited
    | WorkersKnown
    | Weighed
    | Stored
    | StoreFailed
    | Loaded
    | Found
    | AuditGrown
    | AuditRead
    | Measured
    | Surveyed
    | Tick
)
AnyCommand: TypeAlias = (
    Send
    | Hangup
    | Administer
    | Record
    | LookAtAudit
    | Notify
    | CheckFolder
    | FindConversation
    | ToWorker
    | Launch
    | Kill
    | Weigh
    | Store
    | Load
    | FindPrompt
    | FindApproval
    | Measure
    | Survey
    | Publish
    | Wake
    | End
)
