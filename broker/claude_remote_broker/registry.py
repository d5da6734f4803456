"""The one table of clients: fingerprint → state and rights. It holds from the instant that it is changed.

Four things make it up: the trust store (what the owner has said; a file that others may edit), the pending
(who waits), the visits (who was here when), and the live connections. All of it is read and changed on the
event loop; only the disk and the pairing words are waited for elsewhere.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from claude_remote import fingerprints, identity, rights
from claude_remote.errors import BadMessage, Misconfigured, NoSuchClient
from claude_remote.identity import Identity
from claude_remote.messages import ClientInfo, ClientState, Ring, Standing
from claude_remote.paths import Paths
from claude_remote.rights import Right
from claude_remote.trust import TrustedClient, TrustStore
from claude_remote.visitors import PendingFile, SeenFile
from claude_remote_broker import decisions, tasks
from claude_remote_broker.anchors import Anchors, is_sound
from claude_remote_broker.limits import Limits
from claude_remote_broker.presence import Presence
from claude_remote_broker.ringing import Ringing
from claude_remote_broker.sparing import SparingLog

log = logging.getLogger(__name__)

LOCAL = decisions.LOCAL  # stands for a fingerprint: the owner, by the control socket
_MESSAGES = {
    ClientState.PENDING: "Waiting for the approval of this server's owner.",
    ClientState.APPROVED: "The server's owner has approved this client.",
    ClientState.REFUSED: "The server's owner has refused this client.",
    ClientState.REVOKED: "The server's owner has revoked this client.",
}


class Watcher(Protocol):
    """Who wants to know, on the event loop, at once."""

    def client_changed(self, client: ClientInfo) -> None:
        """Something about a client is new."""

    def client_cut_off(self, fingerprint: str) -> None:
        """A client was approved and is no longer. The first watcher, the door, hangs up; the others are told
        when its connections have left.
        """

    def client_forgotten(self, fingerprint: str) -> None:
        """A client that waited, or was known, is no more in the table."""


class Registry:
    """See the module. Implements ports.ClientTable."""

    def __init__(
        self,
        own: Identity,
        store: TrustStore,
        pending: PendingFile,
        presence: Presence,
        *,
        home: Path,
        limits: Limits,
    ) -> None:
        """Use `Registry.open`. `home` is the folder that a client with the preset `work` may use."""
        self.own = own
        self.presence = presence
        self._store = store
        self._known = dict(store.clients)
        # What the owner has said, but could not be written yet.
        self._unwritten: dict[str, TrustedClient] = {}
        self._pending = pending
        self._home = str(home.resolve())
        self._limits = limits
        self._watchers: list[Watcher] = []
        self._anchors = Anchors(own, self._known.values())
        self._ringing = Ringing(own.fingerprint, limits)
        self._words: dict[str, str] = {}
        self._changing = asyncio.Lock()  # held by whoever changes table and files
        self._clock: asyncio.Task[None] | None = None
        self._complaints = SparingLog(log, burst=2)

    @classmethod
    async def open(
        cls, paths: Paths, own: Identity, *, home: Path | None = None, limits: Limits | None = None
    ) -> Registry:
        """Read the files and build the TLS context. Raises Misconfigured."""

        def read() -> Registry:
            store, pending = TrustStore(paths.trusted_clients), PendingFile(paths.pending)
            seen = SeenFile(paths.seen)
            for aside in (*own.kept_aside, *store.kept_aside, *pending.kept_aside, *seen.kept_aside):
                log.warning("a file that does not belong to this program was kept aside as %s", aside)
            return cls(
                own, store, pending, Presence(seen), home=home or Path.home(), limits=limits or Limits()
            )

        return await asyncio.to_thread(read)

    @property
    def context(self) -> ssl.SSLContext:
        """For the next TLS handshake; not to be kept."""
        return self._anchors.context

    # --- looking ---------------------------------------------------------------------------------------

    def rights(self, fingerprint: str) -> frozenset[Right]:
        """The rights now; empty for a client that is not approved."""
        if fingerprint == LOCAL:
            return rights.FULL
        client = self._known.get(fingerprint)
        return frozenset(client.rights) if client is not None and _is_approved(client) else frozenset()

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

    def _approved(self) -> list[TrustedClient]:
        return [client for client in self._known.values() if _is_approved(client)]

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

    # --- the bell --------------------------------------------------------------------------------------

    async def ring(self, certificate: bytes, ring: Ring, address: str) -> Standing:
        """Somebody asks for approval. A fingerprint that has an answer, or waits, creates nothing.

        Raises BadMessage for a certificate that cannot be taken, TooManyConnections when too many ask.
        """
        fingerprint = fingerprints.of(certificate)
        if self._client(fingerprint) is not None:
            return self.standing(fingerprint)
        self._refuse_approved_key(certificate)
        client = await self._ringing.examine(certificate, ring, address)
        async with self._changing:
            # Others may have been quicker while we waited.
            if self._client(fingerprint) is not None:
                return self.standing(fingerprint)
            self._refuse_approved_key(certificate)
            dropped = self._pending.put(client)
        log.info("%s at %s (%s) asks for approval: %s", client.name, address, fingerprint, client.words)
        for other in dropped:
            self._tell_forgotten(other.fingerprint)
        self._tell_changed(fingerprint)
        return self.standing(fingerprint)

    def _refuse_approved_key(self, certificate: bytes) -> None:
        """TLS can let in only one of two certificates with one key."""
        key = identity.name_in(certificate)
        if key is not None and key in {identity.name_in(client.certificate) for client in self._approved()}:
            raise BadMessage(
                "This server has approved another certificate with that key: use that one, or a new key."
            )

    # --- the owner's word ------------------------------------------------------------------------------

    async def approve(
        self, which: str | None = None, name: str | None = None, given: Iterable[Right] | None = None
    ) -> ClientInfo:
        """Approve a client, waiting or known. Without `which`: the only one that waits.

        `given` None: what a known client had, or the preset `work`. Raises NoSuchClient, Ambiguous,
        NameTaken, and BadMessage or Misconfigured when it cannot be done; nothing has changed then.
        """
        async with self._changing:
            chosen = decisions.choose(self._pending.clients, self._known, which)
            client = decisions.approved(chosen, self._known, name=name, given=given, home=self._home)
            await self._anchors.add(client, self._approved())
            await self._write(client)
        log.info("approved %s (%s) for %s", client.name, client.fingerprint, rights.describe(client.rights))
        return self.info(client.fingerprint)

    async def refuse(self, which: str | None = None) -> ClientInfo:
        """Refuse a client that waits; without `which` the only one. Raises as approve, and OutOfTurn."""
        async with self._changing:
            client = decisions.refused(decisions.choose(self._pending.clients, self._known, which))
            await self._write(client)
        log.info("refused %s (%s)", client.name, client.fingerprint)
        return self.info(client.fingerprint)

    async def revoke(self, which: str) -> ClientInfo:
        """Revoke a client: it holds at once, live connections included, and is written after that.

        Raises as approve does; also after Misconfigured it holds, and is written as soon as that works.
        """
        async with self._changing:
            client = decisions.revoked(decisions.choose(self._pending.clients, self._known, which))
            self._unwritten[client.fingerprint] = client
            self._adopt(client)
            log.info("revoked %s (%s)", client.name, client.fingerprint)
            try:
                await self._write(client)
            except Misconfigured as error:
                raise Misconfigured(
                    f"{client.name} is revoked, but only as long as this server runs: {error.message}"
                ) from error
        return self.info(client.fingerprint)

    async def _write(self, client: TrustedClient) -> None:
        await asyncio.to_thread(self._store.put, client)
        self._unwritten.pop(client.fingerprint, None)
        await self._take_over()

    def _adopt(self, client: TrustedClient) -> None:
        """Take what the owner has said into the table, and tell everybody."""
        before = self._known.get(client.fingerprint)
        self._known[client.fingerprint] = client
        self._pending.remove(client.fingerprint)
        if before is not None and _is_approved(before) and not _is_approved(client):
            self._tell_cut_off(client.fingerprint)
        self._tell_changed(client.fingerprint)

    # --- watchers and time -----------------------------------------------------------------------------

    def watch(self, watcher: Watcher, *, first: bool = False) -> None:
        """Tell this one too: after those that are there, or (the door) before them."""
        self._watchers.insert(0 if first else len(self._watchers), watcher)

    def start(self) -> None:
        """Begin to look after the files: read edits, write visits, about once a second."""
        self._clock = tasks.spawn(self._look_after(), "registry")

    async def close(self) -> None:
        """Stop that, and write what is not yet written."""
        if self._clock is not None:
            await tasks.end(self._clock)
        async with self._changing:
            await self._save()

    async def look(self) -> None:
        """One round of it."""
        async with self._changing:
            await self._reload()
            await self._save()
        for fingerprint in self.presence.stirred():
            if self._client(fingerprint) is not None:
                self._tell_changed(fingerprint)
        await self._find_missing_words()

    async def _look_after(self) -> None:
        while True:
            await asyncio.sleep(self._limits.tick)
            await self.look()

    async def _find_missing_words(self) -> None:
        # A client that was written into the file by hand has none. One in a round.
        for fingerprint, client in self._known.items():
            if not client.words and fingerprint not in self._words:
                self._words[fingerprint] = await self._ringing.words(fingerprint)
                if self._client(fingerprint) is not None:
                    self._tell_changed(fingerprint)
                return

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

    async def _take_over(self) -> None:
        """Bring the table to what the store says now: our own change, and what others have edited."""
        stored = {**self._store.clients, **self._unwritten}
        for fingerprint in [known for known in self._known if known not in stored]:
            gone = self._known.pop(fingerprint)
            self.presence.forget(fingerprint)
            log.info("%s (%s) is no longer in the trust store", gone.name, fingerprint)
            if _is_approved(gone):
                self._tell_cut_off(fingerprint)
            self._tell_forgotten(fingerprint)
        for fingerprint, client in stored.items():
            if client != self._known.get(fingerprint):
                if _is_approved(client) and is_sound(client):
                    await self._anchors.add(client, self._approved())
                    await asyncio.sleep(0)  # each costs some milliseconds
                log.info("%s (%s) is %s by the trust store", client.name, fingerprint, client.state)
                self._adopt(client)

    def _tell_changed(self, fingerprint: str) -> None:
        info = self.info(fingerprint)
        for watcher in self._watchers:
            watcher.client_changed(info)

    def _tell_cut_off(self, fingerprint: str) -> None:
        loop = asyncio.get_running_loop()
        for place, watcher in enumerate(self._watchers):
            if place == 0:
                watcher.client_cut_off(fingerprint)
            else:
                loop.call_soon(watcher.client_cut_off, fingerprint)

    def _tell_forgotten(self, fingerprint: str) -> None:
        for watcher in self._watchers:
            watcher.client_forgotten(fingerprint)


def _is_approved(client: TrustedClient) -> bool:
    return client.state is ClientState.APPROVED
