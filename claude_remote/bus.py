"""The bus: every verb between the broker's ROUTER and a worker's DEALER, on one screen, with a version.

A worker sends [verb, header, payload]; ZeroMQ puts its route before it at the broker, and takes it off again
on the way back. `verb` is one byte of version and one of verb, the header a msgpack map of that verb's
Struct. The payload is never decoded by who only carries it.

A worker's life is one lease: it is started for one session, owns that session's one claude, numbers its
events, and ends with it. Everything that concerns the lease carries its epoch; what comes with another epoch
is dropped. Every verb may come twice, late or not at all: the receiver acts on what it carries only once, and
after a reconnect `Ready` says what the worker has, so that the broker sends what is missing.

An errand is a worker without a lease: one process for one exchange of one client. It says Ready once, is told
what to do by Begin, and passes parcels on until Over. It never makes a second socket: when the line to its
broker breaks, it ends.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from claude_remote.messages import Behavior, Count, Detail, Source, Time, Word, Words

VERSION = 1
# What a worker may send before it is acknowledged; then it holds back, first in memory, then in a file.
WINDOW = 8 * 1024 * 1024
MAX_LINE = 64 * 1024 * 1024
MAX_BATCH = 1024 * 1024  # lines of one batch, unless a single line is longer
HEARTBEAT_EVERY = 1.0
DEAD_AFTER = 5.0

Epoch: TypeAlias = Annotated[int, Meta(ge=1, le=2**53)]
Seq: TypeAlias = Count
# Of events in a batch: numbers and counts begin at 1.
Positive: TypeAlias = Annotated[int, Meta(ge=1, le=2**53)]
Pid: TypeAlias = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class Verb(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The header of one verb."""


# --- worker to broker ----------------------------------------------------------------------------------


class Ready(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """First on every new socket. What the worker is, and all that it has: the broker sends the rest.

    `lease` is None until the worker has one. `acked` is the last event it knows to be stored, `next` the
    number its next new event gets. `prompts`: ids it was given in this lease, `decisions`: approvals whose
    decision it was given.
    """

    token: str
    worker: str
    pid: Pid
    started: Time  # start time of the process, from the boot, seconds: with pid it names the process
    session: str | None = None
    epoch: Count = 0
    acked: Seq = 0
    next: Seq = 1
    prompts: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()


class Batch(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """Events first … first+count-1 of the session. Payload: their lines, each ended by a newline."""

    session: str
    epoch: Epoch
    first: Positive
    count: Positive
    source: Source
    at: Time


class Beat(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """Both ways, every HEARTBEAT_EVERY seconds. The broker's says that it knows you.

    `at` is the broker's time; the worker's next beat gives it back as `echo` after having `held` it so many
    seconds, which tells the round trip. The rest is the worker's too: the pid of its claude, how many seconds
    ago that wrote something (None: nothing yet), and how many bytes are not acknowledged.
    """

    at: Time = 0.0
    echo: Time = 0.0
    held: Time = 0.0
    claude: Pid = 0
    claude_ago: Time | None = None
    kept: Count = 0


class Reply(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """Claude's answer to Ask. Payload: JSON (with `ok` false: {"error": words})."""

    request: str
    ok: bool


class Seen(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """The file of an approval. Payload: its content, unless it is `missing` or `refused` (why, in words)."""

    request: str
    path: str = ""
    missing: bool = False
    refused: str = ""


class Over(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """An errand is done, or has failed with one of claude_remote.errors; nothing that it started lives.

    It ends when Dismiss has come. `outcome` is for the audit: `exit` of a command, `digest` of files …
    """

    code: Word = ""
    message: Words = ""
    detail: Detail = {}
    outcome: Detail = {}


class Gone(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """Claude has ended, every event is acknowledged, the worker exits now."""

    session: str
    epoch: Epoch


# --- broker to worker ----------------------------------------------------------------------------------


class Who(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """I do not know this socket: make a new one and send Ready."""


class Welcome(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """I know you. `acked` is the last event I have of your session; send what comes after it again."""

    acked: Seq = 0


class Lease(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """Own this session: start its claude. Events get numbers from `next` on.

    `options` are claude's own arguments; `mode` and `model` are what the session has now, and win over them;
    `rules` are what somebody allowed for the session, as claude's settings write them.
    The worker resumes `claude_session` when a transcript of it exists, and begins it otherwise.
    """

    session: str
    epoch: Epoch
    next: Seq
    claude_session: str
    cwd: str
    options: tuple[str, ...] = ()
    fork_of: str | None = None  # begin as a fork of this claude session
    worktree: str = ""  # begin in `base`, with a new git worktree of this name, which shall be `cwd`
    base: str = ""
    mode: str | None = None
    model: str | None = None
    rules: tuple[str, ...] = ()


class Ack(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """All events up to `seq` are stored."""

    session: str
    epoch: Epoch
    seq: Seq


class Give(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """A prompt for claude. Payload: its text, UTF-8. `again`: it may have reached claude in another lease.

    With `again` the worker looks into claude's transcript first: if the prompt's id is there, it answers
    with a TurnFinished(interrupted), because the prompt may have had effects. `now`: into the turn that runs;
    if claude does not read it there, or none runs, it is the next.
    """

    session: str
    epoch: Epoch
    prompt: str
    client: str = ""
    again: bool = False
    now: bool = False


class Verdict(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """The decision of an approval. Payload, if any: the tool's input as it shall be used, JSON."""

    session: str
    epoch: Epoch
    approval: str
    behavior: Behavior
    by: str
    for_session: bool = False
    message: str = ""
    stop: bool = False
    mode: str = ""  # with allow: the permission mode from here on
    rule: str = ""  # the id of the standing rule that decides


class Look(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """Read the file that an approval is for. Answered by Seen."""

    session: str
    epoch: Epoch
    request: str
    approval: str


class Stop(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """End the running turn, if it is that of `prompt` (None: whatever runs)."""

    session: str
    epoch: Epoch
    prompt: str | None = None


class Ask(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """Send claude a control request. Payload: its arguments, a JSON object."""

    session: str
    epoch: Epoch
    request: str
    subtype: str


class Release(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """End claude and yourself. `park`: wait for the turn to end; `now`: interrupt it, and record `reason`."""

    session: str
    epoch: Epoch
    how: Literal["park", "now"]
    reason: str = ""  # a clause: "the server is shutting down"


# --- errands ---------------------------------------------------------------------------------------------


class Begin(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to an errand's Ready: what it is to do. Payload: the request's.

    `request` is the client's message, packed. `client` is who asks, `roots` the folders that it may use
    (none: all), `cwd` the real path of where to begin, if the request names a folder.
    """

    request: bytes
    client: str
    roots: tuple[str, ...] = ()
    cwd: str = ""


class Parcel(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """Both ways: one of the client's or for the client, as it is. See claude_remote.messages.errands."""

    header: bytes
    urgent: bool = False


class Credit(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """Both ways: so many parcels were taken."""

    parcels: Positive


class Dismiss(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """To an errand: end. Its client is gone, or has cancelled, or has been told that it is done."""


FROM_WORKER: dict[bytes, type[Verb]] = {
    b"R": Ready,
    b"E": Batch,
    b"H": Beat,
    b"Y": Reply,
    b"V": Seen,
    b"G": Gone,
    b"O": Over,
    b"B": Parcel,
    b"K": Credit,
}
FROM_BROKER: dict[bytes, type[Verb]] = {
    b"Q": Who,
    b"W": Welcome,
    b"L": Lease,
    b"A": Ack,
    b"P": Give,
    b"D": Verdict,
    b"S": Stop,
    b"C": Ask,
    b"V": Look,
    b"X": Release,
    b"H": Beat,
    b"T": Begin,
    b"B": Parcel,
    b"K": Credit,
    b"Z": Dismiss,
}
FromWorker: TypeAlias = Ready | Batch | Beat | Reply | Seen | Gone | Over | Parcel | Credit
FromBroker: TypeAlias = (
    Who
    | Welcome
    | Lease
    | Ack
    | Give
    | Verdict
    | Stop
    | Ask
    | Look
    | Release
    | Beat
    | Begin
    | Parcel
    | Credit
    | Dismiss
)
