"""The bus: every verb between the broker's ROUTER and a worker's DEALER, with a version.

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

from claude_remote.bus.base import (
    DEAD_AFTER,
    HEARTBEAT_EVERY,
    MAX_BATCH,
    MAX_LINE,
    VERSION,
    WINDOW,
    WINDOW_BATCHES,
    Beat,
    Epoch,
    Pid,
    Positive,
    Seq,
    Verb,
)
from claude_remote.bus.errands import Begin, Credit, Direct, Dismiss, Over, Parcel
from claude_remote.bus.orders import Ack, Ask, Give, Lease, Look, Release, Stop, Verdict, Welcome, Who
from claude_remote.bus.reports import Batch, Gone, Ready, Reply, Seen
from claude_remote.bus.verbs import FROM_BROKER, FROM_WORKER, FromBroker, FromWorker

__all__ = [
    "DEAD_AFTER",
    "FROM_BROKER",
    "FROM_WORKER",
    "HEARTBEAT_EVERY",
    "MAX_BATCH",
    "MAX_LINE",
    "VERSION",
    "WINDOW",
    "WINDOW_BATCHES",
    "Ack",
    "Ask",
    "Batch",
    "Beat",
    "Begin",
    "Credit",
    "Direct",
    "Dismiss",
    "Epoch",
    "FromBroker",
    "FromWorker",
    "Give",
    "Gone",
    "Lease",
    "Look",
    "Over",
    "Parcel",
    "Pid",
    "Positive",
    "Ready",
    "Release",
    "Reply",
    "Seen",
    "Seq",
    "Stop",
    "Verb",
    "Verdict",
    "Welcome",
    "Who",
]
