"""The one table of clients: fingerprint → state and rights. It holds from the instant that it is changed.

Four things make it up: the trust store (what the owner has said; a file that others may edit), the pending
(who waits), the visits (who was here when), and the live connections. All of it is read and changed on the
event loop; only the disk and the pairing words are waited for elsewhere.
"""

from __future__ import annotations

import asyncio
import logging
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
from claude_remote_broker.audit.entry import Recorder, unrecorded
from claude_remote_broker.kept_clients import KeptClients
from claude_remote_broker.limits import Limits
from claude_remote_broker.ports import Peer
from claude_remote_broker.presence import Presence
from claude_remote_broker.ringing import Ringing
from claude_remote_broker.roots import real_roots

log = logging.getLogger(__name__)

LOCAL = decisions.LOCAL  # stands for a fingerprint: the owner, by the control socket
OWNER = Peer(LOCAL, LOCAL, Door.LOCAL)


class Registry(KeptClients):
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
        super().__init__(own, store, pending, presence, record)
        self._home = str(home.resolve())
        self._limits = limits
        self._private = private
        self._ringing = Ringing(own.fingerprint, limits)
        self._clock: asyncio.Task[None] | None = None

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

    # --- watchers and time -----------------------------------------------------------------------------

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
