"""The registry: what clients may do, and what becomes of them."""

from __future__ import annotations

from typing import Protocol

from claude_remote import messages
from claude_remote.rights import Right
from claude_remote_broker.ports.base import Command, Connection, Event
from claude_remote_broker.ports.door import Peer


class ClientTable(Protocol):
    """What the core may ask about clients; the registry answers."""

    def rights(self, fingerprint: str) -> frozenset[Right]:
        """The rights now; empty for a client that is not approved."""

    def roots(self, fingerprint: str) -> tuple[str, ...]:
        """Real paths of the folders that it may use; empty means everything."""

    def infos(self) -> tuple[messages.ClientInfo, ...]:
        """Every client, for snapshots."""


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
