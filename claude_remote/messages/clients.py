"""First contact at the bell, and the administration of clients (right: admin)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, TypeAlias

from msgspec import Meta

from claude_remote.messages.base import Count, Fingerprint, Folder, Line, Message, Record, Time, Word
from claude_remote.rights import Right

# Folders of the server, absolute or below `~`: in messages to it as they were typed, else real paths.
Roots: TypeAlias = Annotated[tuple[Folder, ...], Meta(max_length=32)]


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
    roots: Roots | None = None  # None: what it had, or the home of the server's user


class ChangeRights(Message, frozen=True, kw_only=True, tag="change-rights"):
    """Change what an approved client may do: at once, its live connections included.

    `rights` None: from what it has. Then `add` is given and `remove` is taken. `roots` None: as they are; an
    empty list is no bound.
    """

    which: Line
    rights: tuple[Right, ...] | None = None
    add: tuple[Right, ...] = ()
    remove: tuple[Right, ...] = ()
    roots: Roots | None = None


class Refuse(Message, frozen=True, kw_only=True, tag="refuse"):
    """Refuse a client that waits."""

    which: Line


class Revoke(Message, frozen=True, kw_only=True, tag="revoke"):
    """Revoke a client: at once, its live connections included."""

    which: Line
