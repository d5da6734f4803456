"""Every verb, by the byte that names it on the wire."""

from __future__ import annotations

from typing import TypeAlias

from claude_remote.bus.base import Beat, Verb
from claude_remote.bus.errands import Begin, Credit, Direct, Dismiss, Over, Parcel
from claude_remote.bus.orders import Ack, Ask, Give, Lease, Look, Release, Stop, Verdict, Welcome, Who
from claude_remote.bus.reports import Batch, Gone, Ready, Reply, Seen

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
    b"F": Direct,
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
FromWorker: TypeAlias = Ready | Batch | Beat | Reply | Seen | Gone | Over | Parcel | Credit | Direct
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
