"""First contact, over real TLS: ring, wait, be told."""

import asyncio
from pathlib import Path

import pytest

from claude_remote import messages
from claude_remote.errors import BadMessage
from claude_remote.messages import ClientState, Door, Hello, Ring, Standing
from claude_remote.rights import WORK
from claude_remote_broker.limits import Limits, Rate
from tests.broker.house import BRISK, PATIENCE, Guest, House, make_identity, on_uvloop, open_house
from tests.claude_remote.certificates import A_CA, Recipe, p256

RING = Ring(user="me", host="laptop", version="1")


async def waiting(house: House, name: str = "laptop") -> Guest:
    """Somebody who has rung and been told to wait."""
    guest = await house.guest()
    guest.say(RING, make_identity(house.paths, name).der)
    assert (await guest.hear(Standing)).state is ClientState.PENDING
    return guest


@on_uvloop
async def test_first_contact(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        guest = await waiting(house)
        assert guest.hello == Hello(version="0.1.0", way=Door.BELL)
        client = await house.registry.approve()
        assert (client.name, client.state, client.roots) == (
            "me@laptop",
            ClientState.APPROVED,
            (str(tmp_path),),
        )
        assert len(client.words.split()) == 6
        standing = await guest.hear(Standing)
        assert standing.state is ClientState.APPROVED
        assert frozenset(standing.rights) == WORK
        assert await guest.hear_end() == [messages.Done()]

        inside = await house.guest(make_identity(house.paths, "laptop"))
        assert inside.hello is not None
        assert (inside.hello.way, inside.hello.client) == (Door.DOOR, "me@laptop")
        assert frozenset(inside.hello.rights) == WORK
        await inside.ping()
        await inside.close()


@on_uvloop
async def test_refused_while_waiting_and_ever_after(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        guests = [await waiting(house), await waiting(house)]
        await house.registry.refuse()
        again = await house.guest()
        again.say(RING, make_identity(house.paths, "laptop").der)
        for guest in (*guests, again):
            assert (await guest.hear(Standing)).state is ClientState.REFUSED
            assert await guest.hear_end() == [messages.Done()]
        assert len(house.registry.infos()) == 1


@on_uvloop
async def test_who_was_revoked_is_told_so_at_the_bell(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        client = await house.approved()
        await house.registry.revoke("me@laptop")
        guest = await house.guest()
        guest.say(RING, client.der)
        assert (await guest.hear(Standing)).state is ClientState.REVOKED


@on_uvloop
async def test_a_request_outlives_the_server(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        guest = await waiting(house)
        await house.door.close()
        assert await guest.hear_error() == "shutting-down"
    async with open_house(tmp_path) as house:
        assert (await house.registry.approve()).name == "me@laptop"
        await house.serves(make_identity(house.paths, "laptop"))


@on_uvloop
async def test_only_one_ring_may_come(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        for wrong in (messages.Ping(), messages.ListClients(), messages.Approve(which=""), messages.Part()):
            guest = await house.guest()
            guest.say(wrong)
            assert await guest.hear_error() == "out-of-turn"
        guest = await waiting(house)
        guest.say(RING, make_identity(house.paths, "another").der)
        assert await guest.hear_error() == "out-of-turn"
        assert len(house.registry.infos()) == 1
        assert [event for event in house.household.events if event[0] != "changed"] == []


@on_uvloop
async def test_only_a_certificate_that_may_become_an_anchor_is_taken(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        authority = Recipe(p256(), extensions=((A_CA, True),)).make()
        good = make_identity(house.paths, "good").der
        for certificate in (b"", b"rubbish", authority, good[:-1], good + b"\0", good * 3):
            guest = await house.guest()
            guest.say(RING, certificate)
            assert await guest.hear_error() == "bad-message"
        guest = await house.guest()
        guest.say(RING, b"x" * 5000)
        assert await guest.hear_error() == "bad-frame"
        assert house.registry.infos() == ()


@on_uvloop
async def test_a_second_certificate_with_an_approved_key_is_refused(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        key = p256()
        first, second = Recipe(key).make(), Recipe(key).make()
        await house.registry.ring(first, RING, "10.0.0.1")
        await house.registry.ring(second, RING, "10.0.0.2")  # both may ask
        await house.registry.approve(house.registry.infos()[0].fingerprint)
        with pytest.raises(BadMessage, match="same key"):
            await house.registry.approve()
        third = Recipe(key).make()
        guest = await house.guest()
        guest.say(RING, third)
        assert await guest.hear_error() == "bad-message"


@on_uvloop
async def test_names_cannot_play_tricks_on_the_owners_terminal(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        guest = await house.guest()
        evil = Ring(user="\x1b[2Jroot\n\u202e", host="h" * 1000, version="\x07")
        guest.say(evil, make_identity(house.paths, "evil").der)
        await guest.hear(Standing)
        (client,) = house.registry.infos()
        assert client.name.startswith("\N{REPLACEMENT CHARACTER}[2Jroot \N{REPLACEMENT CHARACTER}@hhh")
        assert len(client.name) == 64
        assert (client.name + client.user + client.host + client.version).isprintable()


@on_uvloop
async def test_a_flood_makes_room_at_the_expense_of_the_address_that_floods(tmp_path: Path) -> None:
    generous = Rate(1000, 1000)
    async with open_house(tmp_path, Limits(tick=0.05, rings_local=generous)) as house:
        patient = await house.guest(source="127.0.0.2")
        patient.say(RING, make_identity(house.paths, "patient").der)
        await patient.hear(Standing)
        first = await waiting(house, "flood-0")
        for number in range(1, 10):
            await waiting(house, f"flood-{number}")
        assert await first.hear_error() == "too-many-connections"
        infos = house.registry.infos()
        assert len([info for info in infos if info.address == "127.0.0.1"]) == 8
        await house.registry.approve(make_identity(house.paths, "patient").fingerprint)
        assert (await patient.hear(Standing)).state is ClientState.APPROVED


@on_uvloop
async def test_who_asks_too_often_is_told_to_wait(tmp_path: Path) -> None:
    async with open_house(tmp_path, Limits(tick=0.05, rings_local=Rate(0.001, 2))) as house:
        await waiting(house, "one")
        await waiting(house, "two")
        third = await house.guest()
        third.say(RING, make_identity(house.paths, "three").der)
        assert await third.hear_error() == "too-many-connections"
        await waiting(house, "two")  # who waits already costs nothing


@on_uvloop
async def test_nobody_stays_without_ringing_or_beyond_all_patience(tmp_path: Path) -> None:
    hasty = Limits(tick=0.02, hello_timeout=1, ring_timeout=1, bell_patience=0.5)
    async with open_house(tmp_path, hasty) as house:
        silent = await house.guest(hello=False)
        assert [type(heard) for heard in await silent.hear_end()] == [Hello, messages.Error]
        shy = await house.guest()
        assert await shy.hear_error() == "timed-out"
        stubborn = await waiting(house)
        assert await stubborn.hear_error() == "timed-out"


@on_uvloop
async def test_a_stranger_has_only_so_much_to_say(tmp_path: Path) -> None:
    async with open_house(tmp_path, Limits(tick=0.05, stranger_bytes=4096)) as house:
        guest = await waiting(house)
        for _ in range(400):
            guest.say(messages.Heartbeat())
        assert await guest.hear_error() == "too-large"


@on_uvloop
async def test_heartbeats_go_both_ways_while_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "HEARTBEAT_EVERY", 0.1)
    async with open_house(tmp_path, BRISK) as house:
        alive, dead = await waiting(house), await waiting(house)
        answer = asyncio.ensure_future(alive.hear(Standing))

        async def beat(count: int) -> None:
            async with asyncio.timeout(PATIENCE):
                while alive.heartbeats < count:
                    alive.say(messages.Heartbeat())
                    await asyncio.sleep(0.02)

        await beat(3)
        monkeypatch.setattr(messages, "DEAD_AFTER", 0.5)
        await beat(10)
        assert await dead.hear_error() == "link-lost"
        await house.registry.approve()
        assert (await answer).state is ClientState.APPROVED
