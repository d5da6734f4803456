"""Who is known, and how each stands: what the door, the core and the owner look at."""

from __future__ import annotations

import time
from collections.abc import Mapping

from claude_remote import rights
from claude_remote.errors import NoSuchClient
from claude_remote.messages import ClientInfo, ClientState, Standing
from claude_remote.rights import Right
from claude_remote.trust import TrustedClient
from claude_remote.visitors import PendingFile
from claude_remote_broker.decisions import LOCAL
from claude_remote_broker.presence import Presence

_MESSAGES = {
    ClientState.PENDING: "Waiting for the approval of this server's owner.",
    ClientState.APPROVED: "The server's owner has approved this client.",
    ClientState.REFUSED: "The server's owner has refused this client.",
    ClientState.REVOKED: "The server's owner has revoked this client.",
}


class KnownClients:
    """Those the owner has decided about, and those who wait. Implements ports.ClientTable."""

    def __init__(self, known: Mapping[str, TrustedClient], pending: PendingFile, presence: Presence) -> None:
        """`known`: by fingerprint; it is copied."""
        self.presence = presence
        self._known = dict(known)
        self._pending = pending
        self._words: dict[str, str] = {}  # of those whose entry has none

    def rights(self, fingerprint: str) -> frozenset[Right]:
        """The rights now; empty for a client that is not approved."""
        if fingerprint == LOCAL:
            return rights.FULL
        client = self._known.get(fingerprint)
        return frozenset(client.rights) if client is not None and is_approved(client) else frozenset()

    def roots(self, fingerprint: str) -> tuple[str, ...]:
        """Real paths of the folders that it may use; empty means everything (or no client at all)."""
        client = self._known.get(fingerprint)
        return client.roots if client is not None else ()

    def name(self, fingerprint: str) -> str:
        """The name that the owner gave it."""
        client = self._known.get(fingerprint)
        return LOCAL if fingerprint == LOCAL else client.name if client is not None else ""

    def state(self, fingerprint: str) -> ClientState | None:
        """What the owner has said; None for a client that has never rung."""
        client = self._client(fingerprint)
        return None if client is None else client.state

    def standing(self, fingerprint: str) -> Standing:
        """The same in words for the client. Raises NoSuchClient."""
        state = self.state(fingerprint)
        if state is None:
            raise NoSuchClient("This server does not know this client.")
        given = self.rights(fingerprint)
        return Standing(
            state=state,
            rights=tuple(right for right in Right if right in given),
            message=_MESSAGES[state],
        )

    def info(self, fingerprint: str) -> ClientInfo:
        """A client as the owner sees it. Raises NoSuchClient."""
        client = self._client(fingerprint)
        if client is None:
            raise NoSuchClient(f"No client is known by {fingerprint}.")
        return self._info(client)

    def infos(self) -> tuple[ClientInfo, ...]:
        """Every client, those that wait first."""
        return tuple(
            self._info(client) for client in (*self._pending.clients.values(), *self._known.values())
        )

    def approved(self) -> list[TrustedClient]:
        """Those whose certificates are trusted."""
        return [client for client in self._known.values() if is_approved(client)]

    def _client(self, fingerprint: str) -> TrustedClient | None:
        return self._known.get(fingerprint) or self._pending.clients.get(fingerprint)

    def _info(self, client: TrustedClient) -> ClientInfo:
        last = self.presence.last(client.fingerprint)
        connections = self.presence.connections(client.fingerprint)
        return ClientInfo(
            name=client.name,
            state=client.state,
            fingerprint=client.fingerprint,
            words=client.words or self._words.get(client.fingerprint, ""),
            address=last.address if last is not None else client.address,
            rights=client.rights,
            roots=client.roots,
            user=client.user,
            host=client.host,
            version=client.version[:64],
            first_seen=client.first_seen,
            last_seen=time.time() if connections else last.at if last is not None else client.first_seen,
            connections=connections,
        )


def is_approved(client: TrustedClient) -> bool:
    """Whether the owner lets it in."""
    return client.state is ClientState.APPROVED
