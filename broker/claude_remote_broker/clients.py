"""The owner's way to the table of clients: through the running server, or by its files when none runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol, TypeAlias

from claude_remote.client.link import Link
from claude_remote.errors import Refused
from claude_remote.messages import (
    Approve,
    ChangeRights,
    ClientInfo,
    Clients,
    Done,
    ListClients,
    Refuse,
    Revoke,
)
from claude_remote.paths import Paths
from claude_remote_broker.control import is_claudes
from claude_remote_broker.owner_link import dial_server

if TYPE_CHECKING:
    from claude_remote_broker.audit.log import AuditLog
    from claude_remote_broker.registry import Registry

Request: TypeAlias = ListClients | Approve | Refuse | Revoke | ChangeRights
_TIMEOUT = 10.0


class ClientsDesk(Protocol):
    """Where requests about clients are answered. Raises Failure or a RemoteError, in words for the owner."""

    def ask(self, request: Request) -> list[ClientInfo]:
        """All clients, or the one that was changed."""


def open_desk(paths: Paths) -> ClientsDesk:
    """The running server's, else the files'. Raises Failure when a server runs and does not let us in."""
    link = dial_server(paths, _TIMEOUT)
    return FilesDesk(paths) if link is None else ServerDesk(link)


class ServerDesk:
    """The running server, over its control socket."""

    def __init__(self, link: Link) -> None:
        self._link = link
        link.greet(_TIMEOUT)

    def ask(self, request: Request) -> list[ClientInfo]:
        """See ClientsDesk."""
        self._link.send(request)
        found: list[ClientInfo] = []
        while True:
            message = self._link.receive(_TIMEOUT).message
            if isinstance(message, Clients):
                found += message.clients
            elif isinstance(message, Done):
                return found


class FilesDesk:
    """The files, while no server runs. A server that starts meanwhile reads what was changed.

    Claudes outlive their server for a while, and what they start may change nothing here either.
    """

    def __init__(self, paths: Paths) -> None:
        self._paths = paths

    def ask(self, request: Request) -> list[ClientInfo]:
        """See ClientsDesk."""
        import asyncio

        if not isinstance(request, ListClients) and is_claudes(os.getpid()):
            raise Refused("This was started by a Claude, which could approve itself: do it yourself.")
        return asyncio.run(self._ask(request))

    async def _ask(self, request: Request) -> list[ClientInfo]:
        from claude_remote import identity
        from claude_remote_broker.audit.entry import unrecorded
        from claude_remote_broker.registry import Registry

        own = identity.load_or_create(self._paths.server_key, self._paths.server_certificate)
        audit = None if isinstance(request, ListClients) else self._open_audit(own.fingerprint)
        registry = await Registry.open(self._paths, own, record=unrecorded if audit is None else audit.record)
        try:
            return await _perform(registry, request)
        finally:
            await registry.close()
            if audit is not None:
                audit.close()

    def _open_audit(self, own: str) -> AuditLog:
        from claude_remote_broker.audit.log import AuditLog
        from claude_remote_broker.audit.scribe import Scribe
        from claude_remote_broker.preferences import read_preferences

        texts = read_preferences(self._paths.server_settings).audit.texts
        audit = AuditLog(self._paths.audit, own, Scribe(keep_texts=texts == "keep"))
        audit.open()
        return audit


async def _perform(registry: Registry, request: Request) -> list[ClientInfo]:
    if isinstance(request, Approve):
        return [await registry.approve(request.which, request.name, request.rights, roots=request.roots)]
    if isinstance(request, ChangeRights):
        return [await registry.change_rights(request)]
    if isinstance(request, Refuse):
        return [await registry.refuse(request.which)]
    if isinstance(request, Revoke):
        return [await registry.revoke(request.which)]
    return list(registry.infos())
