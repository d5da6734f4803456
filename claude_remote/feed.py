"""The feed: what happens on a server, for whoever watches all of it (PUB socket, and Watch over the door).

Every item is numbered (generation, seq). A watcher subscribes first and asks for the snapshot then, ignores
items up to the snapshot's number, and asks for a new snapshot when it sees a gap, a new generation or a lag
of more than a second. Approvals are part of the snapshot: they are state, never only events. Items are
committed facts in batches, at most 20 a second for each session, never a message per token.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from claude_remote.messages import ApprovalInfo, ClientInfo, Count, Fingerprint, PromptState, SessionInfo


class Item(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="topic", gc=False):
    """One thing that happened. Nothing in it leads back to it, so Python's collector need not look."""


class ClientChanged(Item, frozen=True, kw_only=True, tag="client"):
    """A client came, went, or was decided on."""

    client: ClientInfo


class ClientForgotten(Item, frozen=True, kw_only=True, tag="client-forgotten"):
    """A client is no more in the table: others that wait took its place, or the owner struck it out."""

    fingerprint: Fingerprint


class SessionUpdated(Item, frozen=True, kw_only=True, tag="session"):
    """A session is new or different."""

    session: SessionInfo


class SessionForgotten(Item, frozen=True, kw_only=True, tag="session-forgotten"):
    """A session was trimmed, with its log: it was too old, or the journal too large."""

    session: str
    reason: str = ""


class PromptUpdated(Item, frozen=True, kw_only=True, tag="prompt"):
    """A prompt moved on. `text` is its beginning; cost (US dollars) and duration (s) come with the end."""

    prompt: str
    session: str
    client: str
    state: PromptState
    text: str = ""
    reason: str = ""
    cost: float = 0.0
    duration: float = 0.0


class Said(Item, frozen=True, kw_only=True, tag="said"):
    """Claude's answer at the end of a turn, its first 16 Ki letters. All of it, as it comes: attach."""

    session: str
    text: str


class ApprovalUpdated(Item, frozen=True, kw_only=True, tag="approval"):
    """An approval opened or moved on."""

    approval: ApprovalInfo
    state: Literal["open", "decided", "delivered", "taken", "finished", "void"]
    by: str = ""
    reason: str = ""


class WorkerUpdated(Item, frozen=True, kw_only=True, tag="worker"):
    """A worker process came, took a session, or went."""

    worker: str
    pid: int
    state: Literal["started", "leased", "silent", "gone"]
    session: str | None = None


AnyItem: TypeAlias = (
    ClientChanged
    | ClientForgotten
    | SessionUpdated
    | SessionForgotten
    | PromptUpdated
    | Said
    | ApprovalUpdated
    | WorkerUpdated
)


class Published(Struct, frozen=True, kw_only=True, tag_field="kind", tag="published"):
    """One message on the PUB socket: items seq … seq+len(items)-1."""

    generation: Count
    seq: Count
    at: float
    items: tuple[AnyItem, ...]


class Snapshot(Struct, frozen=True, kw_only=True, tag_field="kind", tag="snapshot"):
    """All that a watcher needs to begin; items up to `seq` are in it."""

    generation: Count
    seq: Count
    at: float
    host: str
    version: str
    clients: tuple[ClientInfo, ...]
    sessions: tuple[SessionInfo, ...]
    approvals: tuple[ApprovalInfo, ...]
    workers: tuple[WorkerUpdated, ...]
