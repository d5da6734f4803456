"""The table, without connections: what the owner says, what the disk says, and who is told."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from claude_remote import identity
from claude_remote import messages as m
from claude_remote.errors import Misconfigured, NoSuchClient, RemoteError, RightMissing
from claude_remote.messages import ClientInfo, ClientState, Ring
from claude_remote.paths import Paths, find_paths
from claude_remote.rights import FULL, WATCH, Right
from claude_remote.trust import TrustStore
from claude_remote_broker.ports import Peer
from claude_remote_broker.registry import Registry
from tests.broker.house import make_identity, on_uvloop

RING = Ring(user="me", host="laptop", version="1")


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What was logged since, without fingerprints."""
    caplog.set_level(logging.INFO, "claude_remote_broker.registry")
    caplog.set_level(logging.INFO, "claude_remote_broker.kept_clients")

    def since() -> list[str]:
        words = [re.sub(r" \(SHA256:\S+\)", "", record.getMessage()) for record in caplog.records]
        caplog.clear()
        return words

    return since


@dataclass
class Witness:
    told: list[tuple[str, str]] = field(default_factory=list)

    def client_changed(self, client: ClientInfo) -> None:
        self.told.append(("changed", f"{client.name} {client.state}"))

    def client_cut_off(self, fingerprint: str) -> None:
        self.told.append(("cut off", fingerprint))

    def client_forgotten(self, fingerprint: str) -> None:
        self.told.append(("forgotten", fingerprint))

    def since(self) -> list[tuple[str, str]]:
        told, self.told = self.told, []
        return told


@dataclass
class Table:
    paths: Paths
    registry: Registry
    witness: Witness

    def client(self, name: str) -> identity.Identity:
        return make_identity(self.paths, name)

    async def rings(self, name: str = "laptop") -> str:
        client = self.client(name)
        await self.registry.ring(client.der, RING, "local")
        return client.fingerprint


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_so():  # noqa: ASYNC110  the table has no event for it
            await asyncio.sleep(0.001)


@asynccontextmanager
async def open_table(home: Path) -> AsyncIterator[Table]:
    paths = find_paths({"CLAUDE_REMOTE_HOME": str(home)})
    own = identity.load_or_create(paths.server_key, paths.server_certificate)
    registry = await Registry.open(paths, own, home=home)
    witness = Witness()
    registry.watch(witness)
    yield Table(paths, registry, witness)
    await registry.close()


@on_uvloop
async def test_each_thing_is_logged_once(tmp_path: Path, said: Callable[[], list[str]]) -> None:
    async with open_table(tmp_path) as table:
        registry = table.registry
        await table.rings()
        said()
        await registry.approve(given=WATCH)
        await registry.look()
        assert said() == ["approved me@laptop for watch"]
        other = TrustStore(table.paths.trusted_clients)
        (client,) = other.clients.values()
        other.put(msgspec.structs.replace(client, name="desk", fingerprint=client.fingerprint))
        await registry.look()
        assert said() == ["desk is approved by the trust store"]
        table.paths.trusted_clients.touch()
        await registry.look()
        assert said() == [], "reading it again is no change"
        await registry.revoke("desk")
        await registry.look()
        assert said() == ["revoked desk"]


@on_uvloop
async def test_a_client_from_first_ring_to_revocation(tmp_path: Path) -> None:
    async with open_table(tmp_path) as table:
        registry = table.registry
        fingerprint = await table.rings()
        assert registry.state(fingerprint) is ClientState.PENDING
        assert registry.rights(fingerprint) == frozenset()
        await registry.approve(given=WATCH)
        assert registry.rights(fingerprint) == WATCH
        await registry.approve("me@laptop", name="desk", given={Right.ADMIN})
        assert registry.rights(fingerprint) == {Right.ADMIN, Right.EXEC}
        await registry.revoke("desk")
        assert registry.rights(fingerprint) == frozenset()
        assert table.witness.since() == [
            ("changed", "me@laptop pending"),
            ("changed", "me@laptop approved"),
            ("changed", "desk approved"),
            ("cut off", fingerprint),
            ("changed", "desk revoked"),
        ]
        stored = TrustStore(table.paths.trusted_clients).clients[fingerprint]
        assert (stored.state, stored.name) == (ClientState.REVOKED, "desk")
        with pytest.raises(NoSuchClient):
            registry.standing("SHA256:unknown")


@on_uvloop
async def test_our_own_change_does_not_hide_an_edit(tmp_path: Path) -> None:
    async with open_table(tmp_path) as table:
        first, second = await table.rings("first"), await table.rings("second")
        await table.registry.approve(first)
        table.witness.since()
        # Between two looks somebody edits the file, and then we write to it ourselves.
        store = TrustStore(table.paths.trusted_clients)
        store.put(msgspec.structs.replace(store.clients[first], state=ClientState.REVOKED))
        await table.registry.approve(second)
        assert table.registry.rights(first) == frozenset()
        assert ("cut off", first) in table.witness.since()


@on_uvloop
async def test_a_revocation_holds_even_when_it_cannot_be_written(tmp_path: Path) -> None:
    async with open_table(tmp_path) as table:
        fingerprint = await table.rings()
        await table.registry.approve()
        path = table.paths.trusted_clients
        good = path.read_text()
        path.write_text("this is [not TOML")
        with pytest.raises(Misconfigured, match="is revoked, but only as long as this server runs"):
            await table.registry.revoke(fingerprint)
        assert table.registry.rights(fingerprint) == frozenset()
        await table.registry.look()
        assert table.registry.rights(fingerprint) == frozenset()
        # Once the file is right again (it says "approved"), ours is written over that.
        path.write_text(good)
        await table.registry.look()
        assert table.registry.rights(fingerprint) == frozenset()
        assert TrustStore(path).clients[fingerprint].state is ClientState.REVOKED


@on_uvloop
async def test_an_approval_that_cannot_be_written_has_not_happened(tmp_path: Path) -> None:
    async with open_table(tmp_path) as table:
        fingerprint = await table.rings()
        table.paths.trusted_clients.write_text("this is [not TOML")
        with pytest.raises(Misconfigured):
            await table.registry.approve()
        assert table.registry.state(fingerprint) is ClientState.PENDING


@on_uvloop
async def test_a_client_that_is_taken_out_of_the_file_is_forgotten(tmp_path: Path) -> None:
    async with open_table(tmp_path) as table:
        fingerprint = await table.rings()
        await table.registry.approve()
        table.witness.since()
        TrustStore(table.paths.trusted_clients).remove(fingerprint)
        await table.registry.look()
        assert table.witness.since() == [("cut off", fingerprint), ("forgotten", fingerprint)]
        assert table.registry.state(fingerprint) is None


@on_uvloop
async def test_words_are_found_for_a_client_without(tmp_path: Path) -> None:
    async with open_table(tmp_path) as table:
        fingerprint = await table.rings()
        words = table.registry.info(fingerprint).words
        await table.registry.approve()
        store = TrustStore(table.paths.trusted_clients)
        store.put(msgspec.structs.replace(store.clients[fingerprint], words=""))
        await table.registry.look()
        assert table.registry.info(fingerprint).words == words


@on_uvloop
async def test_revoking_waits_for_nobody(tmp_path: Path) -> None:
    async with open_table(tmp_path) as table:
        registry = table.registry
        fingerprint = await table.rings()
        await registry.approve(name="desk")
        others = [asyncio.ensure_future(registry.approve("desk", f"desk-{number}")) for number in range(20)]
        await asyncio.sleep(0)
        revoking = asyncio.ensure_future(registry.revoke(fingerprint))
        await asyncio.sleep(0)
        assert registry.rights(fingerprint) == frozenset()
        # And whatever was under way does not bring it back.
        while not revoking.done():
            assert registry.rights(fingerprint) == frozenset()
            await asyncio.sleep(0)
        await asyncio.gather(*others, return_exceptions=True)
        assert registry.state(fingerprint) is ClientState.REVOKED
        assert TrustStore(table.paths.trusted_clients).clients[fingerprint].state is ClientState.REVOKED


@on_uvloop
async def test_everything_at_once(tmp_path: Path) -> None:
    async with open_table(tmp_path) as table:
        names = [f"client-{number}" for number in range(5)]
        fingerprints = [await table.rings(name) for name in names]
        for name in names:  # the same again, all together
            await asyncio.gather(*(table.rings(name) for _ in range(3)))
        await asyncio.gather(
            *(table.registry.approve(fingerprint) for fingerprint in fingerprints),
            *(table.registry.look() for _ in range(3)),
            table.registry.revoke(fingerprints[0]),
        )
        assert sorted(info.name for info in table.registry.infos()) == [
            "me@laptop",
            "me@laptop-2",
            "me@laptop-3",
            "me@laptop-4",
            "me@laptop-5",
        ]
        assert table.registry.state(fingerprints[0]) is ClientState.REVOKED
        stored = TrustStore(table.paths.trusted_clients).clients
        assert {each.fingerprint: each.state for each in stored.values()} == {
            info.fingerprint: info.state for info in table.registry.infos()
        }


@on_uvloop
async def test_what_is_taken_holds_at_once_what_is_given_when_it_is_written(tmp_path: Path) -> None:
    async with open_table(tmp_path) as table:
        registry = table.registry
        fingerprint = await table.rings()
        await registry.approve(given=WATCH)
        change = m.ChangeRights(
            which=fingerprint, add=(Right.PROMPT,), remove=(Right.VIEW,), roots=(str(tmp_path),)
        )
        async with registry._changing:
            changing = asyncio.ensure_future(registry.change_rights(change))
            await until(lambda: registry.rights(fingerprint) != WATCH)
            assert registry.rights(fingerprint) == frozenset()
        info = await changing
        assert registry.rights(fingerprint) == {Right.PROMPT}
        assert (info.rights, info.roots) == ((Right.PROMPT,), (str(tmp_path),))
        (stored,) = TrustStore(table.paths.trusted_clients).clients.values()
        assert (stored.rights, stored.roots) == (info.rights, info.roots)


@on_uvloop
async def test_what_is_taken_holds_also_when_it_cannot_be_written(tmp_path: Path) -> None:
    async with open_table(tmp_path) as table:
        registry = table.registry
        fingerprint = await table.rings()
        await registry.approve(given=WATCH)
        good = table.paths.trusted_clients.read_bytes()
        table.paths.trusted_clients.write_text("[[[")
        with pytest.raises(Misconfigured):
            await registry.change_rights(
                m.ChangeRights(which=fingerprint, add=(Right.PROMPT,), remove=(Right.VIEW,))
            )
        assert registry.rights(fingerprint) == frozenset()
        table.paths.trusted_clients.write_bytes(good)
        await registry.look()
        (stored,) = TrustStore(table.paths.trusted_clients).clients.values()
        assert stored.rights == ()


@on_uvloop
@pytest.mark.parametrize("root", ["relative", "/no/such/folder", "config", "~nobody-has-this-name/x"])
async def test_a_root_that_cannot_be_one_changes_nothing(tmp_path: Path, root: str) -> None:
    async with open_table(tmp_path) as table:
        registry = table.registry
        fingerprint = await table.rings()
        await registry.approve(given=WATCH)
        named = str(table.paths.config) if root == "config" else root
        with pytest.raises(RemoteError):
            await registry.change_rights(
                m.ChangeRights(which=fingerprint, remove=(Right.VIEW,), roots=(named,))
            )
        assert registry.rights(fingerprint) == WATCH


@on_uvloop
async def test_who_loses_admin_meanwhile_gives_nothing_more(tmp_path: Path) -> None:
    async with open_table(tmp_path) as table:
        registry = table.registry
        boss, laptop = await table.rings("boss"), await table.rings("laptop")
        await registry.approve(boss, "boss", FULL)
        await registry.approve(laptop, "laptop", WATCH)
        by = Peer(boss, "boss", m.Door.DOOR)
        async with registry._changing:
            giving = asyncio.ensure_future(
                registry.change_rights(m.ChangeRights(which=laptop, add=(Right.ADMIN,)), by=by)
            )
            taking = asyncio.ensure_future(
                registry.change_rights(m.ChangeRights(which=boss, remove=(Right.ADMIN, Right.EXEC)))
            )
            await until(lambda: Right.ADMIN not in registry.rights(boss))
        with pytest.raises(RightMissing):
            await giving
        await taking
        assert registry.rights(laptop) == WATCH
        # One may take from oneself, the right to do so included.
        await registry.change_rights(m.ChangeRights(which=laptop, add=(Right.ADMIN,)))
        own = Peer(laptop, "laptop", m.Door.DOOR)
        await registry.change_rights(m.ChangeRights(which=laptop, rights=tuple(WATCH)), by=own)
        assert registry.rights(laptop) == WATCH
