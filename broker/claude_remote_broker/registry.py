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
from collections.abc import Iterable, Sequence
from pathlib import Path

from claude_remote import fingerprints, identity, rights
from claude_remote.errors import BadMessage, Misconfigured, RemoteError, RightMissing
from claude_remote.identity import Identity
from claude_remote.messages import ChangeRights, ClientInfo, Door, Ring, Standing
from claude_remote.paths import Paths
from claude_remote.rights import Right
from claude_remote.trust import TrustedClient, TrustStore
from claude_remote.visitors import PendingFile, SeenFile
from claude_remote_broker import decisions, tasks
from claude_remote_broker.anchors import Anchors, is_sound
from claude_remote_broker.audit.entry import Entry, Recorder, unrecorded
from claude_remote_broker.known_clients import KnownClients, is_approved
from claude_remote_broker.limits import Limits
from claude_remote_broker.ports import Peer
from claude_remote_broker.presence import Presence
from claude_remote_broker.ringing import Ringing
from claude_remote_broker.roots import real_roots
from claude_remote_broker.sparing import SparingLog
from claude_remote_broker.watchers import Watcher, Watchers

log = logging.getLogger(__name__)

LOCAL = decisions.LOCAL  # stands for a fingerprint: the owner, by the control socket
OWNER = Peer(LOCAL, LOCAL, Door.LOCAL)
# Who edited the trust store by hand is not known.
NOBODY = Peer("", "", Door.LOCAL)


class Registry(KnownClients):
    """See the module."""

    def __init__(
        self,
        own: Identity,
        store: TrustStore,
        pending: PendingFile,
        presence: Presence,
        *,
        home: Path,
        limits: Limits,
        private: tuple[Path, ...] = (),
        record: Recorder = unrecorded,
    ) -> None:
        """Use `Registry.open`. `home` is the folder that a client with the preset `work` may use."""
        super().__init__(store.clients, pending, presence)
        self.own = own
        self._store = store
        # What the owner has said, but could not be written yet.
        self._unwritten: dict[str, TrustedClient] = {}
        self._home = str(home.resolve())
        self._limits = limits
        self._private = private
        self._record = record
        self._watchers = Watchers()
        self._anchors = Anchors(own, self._known.values())
        self._ringing = Ringing(own.fingerprint, limits)
        self._changing = asyncio.Lock()  # held by whoever changes table and files
        self._clock: asyncio.Task[None] | None = None
        self._complaints = SparingLog(log, burst=2)

    @classmethod
    async def open(
        cls,
        paths: Paths,
        own: Identity,
        *,
        home: Path | None = None,
        limits: Limits | None = None,
        record: Recorder = unrecorded,
    ) -> Registry:
        """Read the files and build the TLS context. Raises Misconfigured."""

        def read() -> Registry:
            store, pending = TrustStore(paths.trusted_clients), PendingFile(paths.pending)
            seen = SeenFile(paths.seen)
            for aside in (*own.kept_aside, *store.kept_aside, *pending.kept_aside, *seen.kept_aside):
                log.warning("a file that does not belong to this program was kept aside as %s", aside)
            return cls(
                own,
                store,
                pending,
                Presence(seen),
                home=home or Path.home(),
                limits=limits or Limits(),
                private=(paths.config, paths.state, paths.run),
                record=record,
            )

        return await asyncio.to_thread(read)

    @property
    def context(self) -> ssl.SSLContext:
        """For the next TLS handshake; not to be kept."""
        return self._anchors.context

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
        self._note("first-contact", client, Peer(fingerprint, client.name, Door.BELL, address))
        for other in dropped:
            self._watchers.forgotten(other.fingerprint)
        self._tell_changed(fingerprint)
        return self.standing(fingerprint)

    def _refuse_approved_key(self, certificate: bytes) -> None:
        """TLS can let in only one of two certificates with one key."""
        key = identity.name_in(certificate)
        if key is not None and key in {identity.name_in(client.certificate) for client in self.approved()}:
            raise BadMessage(
                "This server has approved another certificate with that key: use that one, or a new key."
            )

    # --- the owner's word ------------------------------------------------------------------------------

    async def approve(
        self,
        which: str | None = None,
        name: str | None = None,
        given: Iterable[Right] | None = None,
        *,
        roots: Sequence[str] | None = None,
        by: Peer = OWNER,
    ) -> ClientInfo:
        """Approve a client, waiting or known. Without `which`: the only one that waits.

        `given` None: what a known client had, or the preset `work`. Raises NoSuchClient, Ambiguous,
        NameTaken, what real_roots raises, and BadMessage or Misconfigured when it cannot be done; nothing
        has changed then.
        """
        held = None if roots is None else await real_roots(roots, self._private)
        async with self._changing:
            chosen = decisions.choose(self._pending.clients, self._known, which)
            client = decisions.approved(
                chosen, self._known, name=name, given=given, home=self._home, roots=held
            )
            await self._anchors.add(client, self.approved())
            await self._write(client)
        log.info("approved %s (%s) for %s", client.name, client.fingerprint, rights.describe(client.rights))
        self._note("client-approved", client, by)
        return self.info(client.fingerprint)

    async def refuse(self, which: str | None = None, *, by: Peer = OWNER) -> ClientInfo:
        """Refuse a client that waits; without `which` the only one. Raises as approve, and OutOfTurn."""
        async with self._changing:
            client = decisions.refused(decisions.choose(self._pending.clients, self._known, which))
            await self._write(client)
        log.info("refused %s (%s)", client.name, client.fingerprint)
        self._note("client-refused", client, by)
        return self.info(client.fingerprint)

    async def revoke(self, which: str, *, by: Peer = OWNER) -> ClientInfo:
        """Revoke a client: it holds at once, live connections included, and is written after that.

        Raises as approve does; also after Misconfigured it holds, and is written as soon as that works.
        """
        client = decisions.revoked(decisions.choose(self._pending.clients, self._known, which))
        # Now, and not when others who change something are done: they may be the one that is revoked.
        self._unwritten[client.fingerprint] = client
        self._adopt(client)
        log.info("revoked %s (%s)", client.name, client.fingerprint)
        self._note("client-revoked", client, by)
        async with self._changing:
            try:
                await self._write(client)
            except Misconfigured as error:
                raise Misconfigured(
                    f"{client.name} is revoked, but only as long as this server runs: {error.message}"
                ) from error
        return self.info(client.fingerprint)

    async def change_rights(self, change: ChangeRights, *, by: Peer = OWNER) -> ClientInfo:
        """Give and take rights. What is taken holds at once, what is given when it is written.

        Raises NoSuchClient, Ambiguous, OutOfTurn, BadMessage, what real_roots raises, Misconfigured when it
        cannot be written (what is taken holds all the same), and RightMissing when `by` has lost `admin`
        before something was given.
        """
        roots = None if change.roots is None else await real_roots(change.roots, self._private)
        self._must_administer(by)
        before = decisions.choose(self._pending.clients, self._known, change.which)
        left = decisions.lessened(before, self._changed(before, change, roots))
        if left != before:
            self._unwritten[left.fingerprint] = left
            self._adopt(left)
        async with self._changing:
            now = decisions.choose(self._pending.clients, self._known, before.fingerprint)
            client = self._changed(now, change, roots)
            if client != now:
                self._must_administer(by)
            self._unwritten.pop(client.fingerprint, None)
            try:
                await self._write(client)
            except RemoteError:
                self._unwritten.setdefault(client.fingerprint, left)
                raise
        log.info("%s (%s) may now: %s", client.name, client.fingerprint, rights.describe(client.rights))
        self._note("rights-changed", client, by, before=rights.describe(before.rights))
        return self.info(client.fingerprint)

    def _changed(
        self, client: TrustedClient, change: ChangeRights, roots: tuple[str, ...] | None
    ) -> TrustedClient:
        return decisions.changed(
            client, given=change.rights, add=change.add, remove=change.remove, roots=roots, home=self._home
        )

    def _must_administer(self, by: Peer) -> None:
        if Right.ADMIN not in self.rights(by.fingerprint):
            raise RightMissing(f"This client lacks the right `{Right.ADMIN}`.", right=Right.ADMIN)

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

    # --- watchers and time -----------------------------------------------------------------------------

    def watch(self, watcher: Watcher, *, first: bool = False) -> None:
        """Tell this one too: after those that are there, or (the door) before them."""
        self._watchers.add(watcher, first=first)

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
