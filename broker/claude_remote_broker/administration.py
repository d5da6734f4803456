"""Performs Administer: the owner's requests about clients, answered on their connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from claude_remote import codec, messages
from claude_remote.errors import OutOfTurn, RemoteError, RightMissing
from claude_remote.messages import ClientInfo, Clients
from claude_remote.rights import Right
from claude_remote_broker.core.pages import pages
from claude_remote_broker.ports import Administer, Connection
from claude_remote_broker.registry import Registry

# Of one frame's header, which holds 64 KiB.
_FULL = 32 * 1024


class Administration:
    """`send` is the door's."""

    def __init__(self, registry: Registry, send: Callable[[Connection, messages.Message], None]) -> None:
        self._registry = registry
        self._send = send
        self._busy: set[Connection] = set()
        self._one_by_one = asyncio.Lock()

    async def perform(self, command: Administer) -> None:
        """Do it and answer: Clients and Done, or Error."""
        try:
            if command.conn in self._busy:
                raise OutOfTurn("one request about clients at a time")
            self._busy.add(command.conn)
            try:
                changed = await self._do(command)
            finally:
                self._busy.discard(command.conn)
        except RemoteError as error:
            words = messages.Error(code=error.code, message=error.message, detail=error.detail)
            self._send(command.conn, words)
            return
        for part in pages(changed, lambda client: len(codec.pack(client)), _FULL):
            self._send(command.conn, Clients(clients=part))
        self._send(command.conn, messages.Done())

    async def _do(self, command: Administer) -> Iterable[ClientInfo]:
        registry, by = self._registry, command.peer
        match request := command.request:
            case messages.ListClients():
                return registry.infos()
            case messages.Revoke():
                return [await registry.revoke(request.which, by=by)]
            case messages.ChangeRights():
                return [await registry.change_rights(request, by=by)]
            case messages.Approve() | messages.Refuse():
                async with self._one_by_one:
                    # While it waited for its turn the right may have been taken from who asks.
                    if Right.ADMIN not in registry.rights(by.fingerprint):
                        raise RightMissing(f"This client lacks the right `{Right.ADMIN}`.", right=Right.ADMIN)
                    if isinstance(request, messages.Refuse):
                        return [await registry.refuse(request.which, by=by)]
                    return [
                        await registry.approve(
                            request.which, request.name, request.rights, roots=request.roots, by=by
                        )
                    ]
            case _:
                raise OutOfTurn("that is no request about clients")
