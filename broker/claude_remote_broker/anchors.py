"""The one live TLS context, and whose certificates it accepts. What they may do is looked up elsewhere."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Iterable

from claude_remote import identity, tls
from claude_remote.errors import BadMessage
from claude_remote.identity import Identity
from claude_remote.messages import ClientState
from claude_remote.trust import TrustedClient

log = logging.getLogger(__name__)


class Anchors:
    """Begins with the approved clients; a context only ever learns, and forgets nothing."""

    def __init__(self, own: Identity, clients: Iterable[TrustedClient]) -> None:
        """Takes 0.1-0.2 s for 1,000 clients. Raises Misconfigured."""
        self._own = own
        approved = [client for client in clients if client.state is ClientState.APPROVED and is_sound(client)]
        self._build(approved)

    @property
    def context(self) -> ssl.SSLContext:
        """For the next handshake; not to be kept."""
        return self._context

    async def add(self, client: TrustedClient, approved: Iterable[TrustedClient]) -> None:
        """Accept its certificate too. `approved`: all others that are. Raises BadMessage or Misconfigured."""
        if client.fingerprint in self._names:
            return
        identity.check_client_certificate(client.certificate)
        name = identity.name_in(client.certificate)
        if name not in self._names.values():
            tls.add_anchor(self._context, client.certificate)
            self._names[client.fingerprint] = name
            return
        # Another certificate with this key was approved once. Of two anchors with one subject OpenSSL may
        # take the wrong one, so there has to be a context that has never seen the other.
        others = [other for other in approved if other.fingerprint in self._names]
        await asyncio.to_thread(self._build, [*others, client])

    def _build(self, clients: list[TrustedClient]) -> None:
        self._context = tls.server_context(self._own, [client.certificate for client in clients])
        self._names = {client.fingerprint: identity.name_in(client.certificate) for client in clients}


def is_sound(client: TrustedClient) -> bool:
    """Whether the certificate may be a trust anchor: the file it comes from can be edited by hand."""
    try:
        identity.check_client_certificate(client.certificate)
    except BadMessage as error:
        log.error(  # noqa: TRY400  the words say it all
            "%s (%s) cannot be let in: %s", client.name, client.fingerprint, error.message
        )
        return False
    return True
