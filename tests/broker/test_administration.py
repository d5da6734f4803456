"""Requests about clients: one at a time, and only as long as who asks may ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from claude_remote import identity
from claude_remote import messages as m
from claude_remote.messages import ClientState
from claude_remote.paths import find_paths
from claude_remote.rights import FULL
from claude_remote_broker.administration import Administration
from claude_remote_broker.ports import Administer, Peer
from claude_remote_broker.registry import Registry
from tests.broker.house import make_identity, on_uvloop

RING = m.Ring(user="me", host="laptop", version="1")


class Desk:
    """Asks on connections that are numbers, and notes the answers."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.heard: dict[int, list[m.Message]] = {}
        self._administration = Administration(registry, self._send)

    def _send(self, conn: int, message: m.Message) -> None:
        self.heard.setdefault(conn, []).append(message)

    def ask(self, conn: int, request: m.Message, client: str = "local") -> asyncio.Future[None]:
        return asyncio.ensure_future(
            self._administration.perform(Administer(conn, request, Peer(client, client, m.Door.DOOR)))
        )

    def says(self, conn: int) -> list[str]:
        return [
            each.code if isinstance(each, m.Error) else type(each).__name__
            for each in self.heard.pop(conn, [])
        ]


@asynccontextmanager
async def open_desk(home: Path, *names: str) -> AsyncIterator[tuple[Desk, list[str]]]:
    """With clients that wait."""
    paths = find_paths({"CLAUDE_REMOTE_HOME": str(home)})
    own = identity.load_or_create(paths.server_key, paths.server_certificate)
    registry = await Registry.open(paths, own, home=home)
    clients = [make_identity(paths, name) for name in names]
    for client in clients:
        await registry.ring(client.der, RING, "local")
    yield Desk(registry), [client.fingerprint for client in clients]
    await registry.close()


@on_uvloop
async def test_the_owner_asks(tmp_path: Path) -> None:
    async with open_desk(tmp_path, "laptop") as (desk, (laptop,)):
        await desk.ask(1, m.Approve(which=laptop, name="mine"))
        await desk.ask(1, m.ListClients())
        await desk.ask(1, m.Revoke(which="mine"))
        await desk.ask(1, m.Revoke(which="nobody"))
        assert desk.says(1) == ["Clients", "Done", "Clients", "Done", "Clients", "Done", "no-such-client"]


@on_uvloop
async def test_one_at_a_time_on_a_connection(tmp_path: Path) -> None:
    async with open_desk(tmp_path, "laptop", "phone") as (desk, (laptop, phone)):
        first = desk.ask(1, m.Approve(which=laptop))
        await asyncio.gather(first, desk.ask(1, m.ListClients()), desk.ask(2, m.Refuse(which=phone)))
        assert desk.says(1) == ["out-of-turn", "Clients", "Done"]
        assert desk.says(2) == ["Clients", "Done"]


@on_uvloop
async def test_who_is_revoked_meanwhile_changes_nothing_more(tmp_path: Path) -> None:
    async with open_desk(tmp_path, "boss", "friend") as (desk, (boss, friend)):
        await desk.registry.approve(boss, "boss", FULL)
        asked = [desk.ask(conn, m.Approve(which=boss), boss) for conn in range(1, 9)]
        asked.append(desk.ask(9, m.Approve(which=friend), boss))
        await asyncio.sleep(0)
        await desk.ask(10, m.Revoke(which="boss"))
        await asyncio.gather(*asked)
        assert desk.says(9) == ["right-missing"]
        assert desk.registry.state(friend) is ClientState.PENDING
        assert desk.registry.state(boss) is ClientState.REVOKED
