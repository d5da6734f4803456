"""The table of clients and the files it is kept in: what the owner has said, and what others edit there."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time

from claude_remote import rights
from claude_remote.errors import Misconfigured
from claude_remote.identity import Identity
from claude_remote.messages import Door
from claude_remote.trust import TrustedClient, TrustStore
from claude_remote.visitors import PendingFile
from claude_remote_broker.anchors import Anchors, is_sound
from claude_remote_broker.audit.entry import Entry, Recorder
from claude_remote_broker.known_clients import KnownClients, is_approved
from claude_remote_broker.ports import Peer
from claude_remote_broker.presence import Presence
from claude_remote_broker.sparing import SparingLog
from claude_remote_broker.watchers import Watcher, Watchers

log = logging.getLogger(__name__)

# Who edited the trust store by hand is not known.
NOBODY = Peer("", "", Door.LOCAL)


class KeptClients(KnownClients):
    """Table, TLS context and files change together; whoever watches is told."""

    def __init__(
        self, own: Identity, store: TrustStore, pending: PendingFile, presence: Presence, record: Recorder
    ) -> None:
        """`record` takes what belongs into the audit."""
        super().__init__(store.clients, pending, presence)
        self.own = own
        self._store = store
        # What the owner has said, but could not be written yet.
        self._unwritten: dict[str, TrustedClient] = {}
        self._record = record
        self._watchers = Watchers()
        self._anchors = Anchors(own, self._known.values())
        self._changing = asyncio.Lock()  # held by whoever changes table and files
        self._complaints = SparingLog(log, burst=2)

    @property
    def context(self) -> ssl.SSLContext:
        """For the next TLS handshake; not to be kept."""
        return self._anchors.context

    def watch(self, watcher: Watcher, *, first: bool = False) -> None:
        """Tell this one too: after those that are there, or (the door) before them."""
        self._watchers.add(watcher, first=first)

    # --- for who changes something ---------------------------------------------------------------------

    def _note(self, kind: str, client: TrustedClient, by: Peer, **detail: str) -> None:
        """For the audit."""
        about = {
            "of": client.fingerprint,
            "of_name": client.name,
            "rights": rights.describe(client.rights),
            "roots": "\n".join(client.roots),
            **detail,
        }
        entry = Entry(
            kind=kind,
            at=time.time(),
            client=by.fingerprint,
            name=by.name,
            address=by.address,
            outcome=str(client.state),
            detail={key: value for key, value in about.items() if value},
        )
        self._record(entry)

    async def _write(self, client: TrustedClient) -> None:
        await asyncio.to_thread(self._store.put, client)
        if self._unwritten.get(client.fingerprint) == client:
            del self._unwritten[client.fingerprint]
        await self._take_over(ours=client.fingerprint)

    def _adopt(self, client: TrustedClient) -> None:
        """Take what the owner has said into the table, and tell everybody."""
        before = self._known.get(client.fingerprint)
        self._known[client.fingerprint] = client
        self._pending.remove(client.fingerprint)
        if before is not None and is_approved(before) and not is_approved(client):
            self._watchers.cut_off(client.fingerprint)
        self._tell_changed(client.fingerprint)

    async def _save(self) -> None:
        try:
            await asyncio.to_thread(self._pending.save)
            await asyncio.to_thread(self.presence.save)
        except OSError as error:
            self._complaints.warning("cannot write who was here: %s", error)

    async def _reload(self) -> None:
        try:
            for client in list(self._unwritten.values()):
                await self._write(client)
            if await asyncio.to_thread(self._store.reload):
                await self._take_over()
        except Misconfigured as error:
            self._complaints.warning("%s What was read before stays in force.", error.message)

    async def _take_over(self, ours: str | None = None) -> None:
        """Bring the table to what the store says now: our own change, and what others have edited."""
        stored = {**self._store.clients, **self._unwritten}
        for fingerprint in [known for known in self._known if known not in stored]:
            gone = self._known.pop(fingerprint)
            self.presence.forget(fingerprint)
            log.info("%s (%s) is no longer in the trust store", gone.name, fingerprint)
            self._note("client-forgotten", gone, NOBODY)
            if is_approved(gone):
                self._watchers.cut_off(fingerprint)
            self._watchers.forgotten(fingerprint)
        for fingerprint, client in stored.items():
            if client != self._known.get(fingerprint):
                if is_approved(client) and is_sound(client):
                    await self._anchors.add(client, self.approved())
                    await asyncio.sleep(0)  # each costs some milliseconds
                if fingerprint != ours:
                    log.info("%s (%s) is %s by the trust store", client.name, fingerprint, client.state)
                    self._note("trust-store-edited", client, NOBODY)
                self._adopt(client)

    def _tell_changed(self, fingerprint: str) -> None:
        self._watchers.changed(self.info(fingerprint))
