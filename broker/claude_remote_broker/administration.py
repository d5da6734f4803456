"""Performs Administer: the owner's requests about clients, answered on their connection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from claude_remote import codec, messages
from claude_remote.errors import OutOfTurn, RemoteError
from claude_remote.messages import ClientInfo, Clients
from claude_remote_broker.ports import Administer, Connection
from claude_remote_broker.registry import Registry

# Of one frame's header, which holds 64 KiB.
_FULL = 32 * 1024


class Administration:
    """`send` is the door's."""

    def __init__(self, registry: Registry, send: Callable[[Connection, messages.Message], None]) -> None:
        self._registry = registry
        self._send = send

    async def perform(self, command: Administer) -> None:
        """Do it and answer: Clients and Done, or Error."""
        try:
            changed = await self._do(command.request)
        except RemoteError as error:
            words = messages.Error(code=error.code, message=error.message, detail=error.detail)
            self._send(command.conn, words)
            return
        for part in _in_parts(changed):
            self._send(command.conn, Clients(clients=part))
        self._send(command.conn, messages.Done())

    async def _do(self, request: messages.Message) -> Iterable[ClientInfo]:
        match request:
            case messages.ListClients():
                return self._registry.infos()
            case messages.Approve():
                return [await self._registry.approve(request.which, request.name, request.rights)]
            case messages.Refuse():
                return [await self._registry.refuse(request.which)]
            case messages.Revoke():
                return [await self._registry.revoke(request.which)]
            case _:
                raise OutOfTurn("that is no request about clients")


def _in_parts(clients: Iterable[ClientInfo]) -> Iterator[tuple[ClientInfo, ...]]:
    part: list[ClientInfo] = []
    size = 0
    for client in clients:
        length = len(codec.pack(client))
        if part and size + length > _FULL:
            yield tuple(part)
            part, size = [], 0
        part.append(client)
        size += length
    yield tuple(part)
