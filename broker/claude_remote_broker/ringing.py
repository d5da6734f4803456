"""What it takes to ask for approval: a certificate that may be an anchor one day, and patience."""

from __future__ import annotations

import asyncio
import time

from claude_remote import fingerprints, identity, pairing
from claude_remote.errors import TooManyConnections
from claude_remote.messages import ClientState, Ring
from claude_remote.trust import TrustedClient
from claude_remote_broker.decisions import LOCAL, LONGEST_NAME
from claude_remote_broker.limits import Bucket, Buckets, Limits, address_key, is_local
from claude_remote_broker.plain import plain


class Ringing:
    """Turns a Ring into a client that waits. Counts, because the pairing words cost CPU."""

    def __init__(self, server: str, limits: Limits) -> None:
        """`server`: our own fingerprint."""
        self._server = server
        self._limits = limits
        self._all = Bucket(limits.rings, time.monotonic())
        self._by_address = Buckets(limits.addresses_remembered)
        self._thinking = asyncio.Lock()

    async def examine(self, certificate: bytes, ring: Ring, address: str) -> TrustedClient:
        """The client that asks. Raises BadMessage, or TooManyConnections when too many ask."""
        identity.check_client_certificate(certificate)
        self._pay(address)
        fingerprint = fingerprints.of(certificate)
        return TrustedClient(
            fingerprint=fingerprint,
            certificate=certificate,
            name=plain(f"{ring.user}@{ring.host}", LONGEST_NAME),
            state=ClientState.PENDING,
            words=await self.words(fingerprint),
            user=plain(ring.user, LONGEST_NAME),
            host=plain(ring.host, 255),
            version=plain(ring.version, 64),
            address=address,
            first_seen=time.time(),
        )

    async def words(self, fingerprint: str) -> str:
        """The pairing words of a client, one client after the other."""
        async with self._thinking:
            return " ".join(await asyncio.to_thread(pairing.pairing_words, self._server, fingerprint))

    def _pay(self, address: str) -> None:
        if address == LOCAL:
            return
        now = time.monotonic()
        key = address_key(address)
        if is_local(key):
            paid = self._by_address.take(key, self._limits.rings_local, now)
        else:
            # The address first, so that one that is over its own measure takes nothing from the others.
            paid = self._by_address.take(key, self._limits.rings_per_address, now) and self._all.take(now)
        if not paid:
            raise TooManyConnections("Too many new clients ask for approval. Try again in a moment.")
