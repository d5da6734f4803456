"""The door, over real TLS: who is let in, what is said there, and how it ends."""

import asyncio
import logging
import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest

from claude_remote import codec, framing, messages, tls
from claude_remote.identity import Identity
from claude_remote.messages import ClientState, Door, Events, Hello, Ping, Source
from claude_remote.trust import TrustStore
from claude_remote_broker.limits import Limits, Rate
from tests.broker.house import BRISK, Guest, House, make_identity, on_uvloop, open_house
from tests.claude_remote.certificates import Recipe, identity_of, p256


def events(first: int) -> Events:
    return Events(generation=1, first=first, count=1, source=Source.CLAUDE, at=0.0)


async def stream(house: House, conn: int) -> None:
    """Send events without end, as the core does: pausing while there is no room."""
    line = b"x" * 1000 + b"\n"
    for first in range(1, 1_000_000):
        house.door.send(conn, events(first), line)
        await asyncio.sleep(0)


@on_uvloop
async def test_a_request_and_its_answer(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        client = await house.approved()
        guest = await Guest.dial(house, client)
        guest.say(Hello(version="1"))
        guest.say(Ping())  # the first request may come together with the hello
        hello = await guest.hear(Hello)
        assert (hello.way, hello.fingerprint) == (Door.DOOR, house.registry.own.fingerprint)
        await guest.hear(messages.Done)
        guest.say(messages.Part(), b"y" * framing.MAX_PAYLOAD)
        guest.say(messages.Cancel())
        await guest.close()
        await house.household.until("disconnected", 1)
        assert [event for event in house.household.events if event[0] != "changed"] == [
            ("connected", 1),
            ("received", 1, Ping(), b""),
            ("received", 1, messages.Part(), b"y" * framing.MAX_PAYLOAD),
            ("received", 1, messages.Cancel(), b""),
            ("disconnected", 1),
        ]
        assert house.household.peers[1] == (
            client.fingerprint,
            "me@laptop",
            Door.DOOR,
            "127.0.0.1",
            client.der,
        )


@on_uvloop
async def test_what_came_before_the_end_counts_though_it_had_to_wait(tmp_path: Path) -> None:
    """An interrupt, and then the client is gone: what waits for its pace is heard before the end."""
    async with open_house(tmp_path, replace(BRISK, messages=Rate(1, 2))) as house:
        guest = await house.guest(await house.approved())
        for number in range(1, 9):
            guest.say(messages.Credit(parcels=number))
        guest.say(messages.Cancel())
        await guest.close()
        await house.household.until("disconnected", 1)
        heard = [event[2] for event in house.household.events if event[0] == "received"]
        assert heard == [*(messages.Credit(parcels=number) for number in range(1, 9)), messages.Cancel()]


@on_uvloop
async def test_revoking_cuts_live_connections_in_mid_stream(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        client, other = await house.approved(), await house.approved("other")
        guests = [await house.guest(client) for _ in range(3)]
        spared = await house.guest(other)
        await house.household.until("connected", 3)
        streaming = asyncio.ensure_future(stream(house, 1))
        for _ in range(100):
            await guests[0].hear(Events)

        await house.registry.revoke(client.fingerprint)
        for guest in guests:
            assert await guest.hear_error() == "revoked"
        streaming.cancel()
        await spared.ping()
        await house.household.until("cut off")
        ends = [event for event in house.household.events if event[0] in ("disconnected", "cut off")]
        assert ends[-1] == ("cut off", client.fingerprint)
        assert sorted(ends[:-1]) == [("disconnected", 1), ("disconnected", 2), ("disconnected", 3)]

        late = await house.guest(client)
        assert await late.hear_error() == "revoked"
        assert house.registry.rights(client.fingerprint) == frozenset()


@on_uvloop
async def test_who_does_not_read_is_cut_off_as_quickly(tmp_path: Path) -> None:
    async with open_house(tmp_path, Limits(tick=0.02, close_timeout=0.2)) as house:
        client = await house.approved()
        await house.guest(client)
        for first in range(1, 20):
            house.door.send(1, events(first), b"x" * framing.MAX_PAYLOAD)
        await house.registry.revoke(client.fingerprint)
        await house.household.until("disconnected", 1)
        async with asyncio.timeout(10):
            await house.door._empty.wait()


@on_uvloop
async def test_an_approved_client_that_was_revoked_may_be_approved_again(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        client = await house.approved()
        await house.registry.revoke("me@laptop")
        info = await house.registry.approve("me@laptop")
        assert info.state is ClientState.APPROVED
        await house.serves(client)


@on_uvloop
async def test_an_unknown_certificate_fails_in_the_handshake(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.approved()
        try:
            guest = await Guest.dial(house, make_identity(house.paths, "unknown"))
        except (ConnectionError, OSError):
            return
        house.guests.append(guest)
        assert await guest.hear_end() == []
        assert house.registry.infos()[0].connections == 0


@on_uvloop
async def test_after_a_restart_a_revoked_certificate_is_unknown(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        client = await house.approved()
        await house.registry.revoke("me@laptop")
    async with open_house(tmp_path) as house:
        assert client.fingerprint not in house.registry._anchors._names
        assert house.registry.state(client.fingerprint) is ClientState.REVOKED


@on_uvloop
async def test_a_client_that_shares_its_key_with_a_revoked_one_is_let_in(tmp_path: Path) -> None:
    # OpenSSL would compare it with the other, which has the same subject, if the context still knew that.
    async with open_house(tmp_path) as house:
        key = p256()
        folder = tmp_path
        first, second = (identity_of(Recipe(key), folder, name) for name in ("first", "second"))
        ring = messages.Ring(user="me", host="laptop", version="1")
        await house.registry.ring(first.der, ring, "10.0.0.1")
        await house.registry.approve()
        await house.serves(first)
        await house.registry.revoke(first.fingerprint)
        await house.registry.ring(second.der, ring, "10.0.0.1")
        await house.registry.approve()
        await house.serves(second)


async def edited(house: House, before: str, after: str) -> None:
    path = house.paths.trusted_clients
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    await house.registry.look()


@on_uvloop
async def test_an_edit_by_hand_holds_at_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with open_house(tmp_path) as house:
        client = await house.approved()
        guest = await house.guest(client)
        await edited(house, '"approved"', '"revoked"')
        assert await guest.hear_error() == "revoked"
        await edited(house, '"revoked"', '"approved"')
        await house.serves(client)

        caplog.clear()
        await edited(house, '"approved"', '"revoked')
        (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert "server.toml is not TOML" in record.message
        assert "What was read before stays in force" in record.message
        await house.serves(client)

        await edited(house, '"revoked', '"approved"')
        await house.serves(client)
        guest = await house.guest(client)
        house.paths.trusted_clients.write_text("")
        await house.registry.look()
        assert await guest.hear_error() == "not-approved"
        late = await house.guest(client)
        assert await late.hear_error() == "not-approved"


@on_uvloop
async def test_a_client_that_another_process_wrote_is_let_in(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        client = await house.approved()
        (known,) = TrustStore(house.paths.trusted_clients).clients.values()
        TrustStore(house.paths.trusted_clients).remove(client.fingerprint)
        await house.registry.look()
        assert house.registry.infos() == ()
        TrustStore(house.paths.trusted_clients).put(known)
        await house.registry.look()
        await house.serves(client)


@on_uvloop
async def test_a_certificate_that_was_written_by_hand_but_is_none_is_not_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_house(tmp_path) as house:
        client = await house.approved()
        (known,) = TrustStore(house.paths.trusted_clients).clients.values()
        import msgspec

        from claude_remote import fingerprints

        broken = msgspec.structs.replace(
            known,
            certificate=b"no certificate",
            fingerprint=fingerprints.of(b"no certificate"),
            name="broken",
        )
        TrustStore(house.paths.trusted_clients).put(broken)
        await house.registry.look()
        assert "broken" in caplog.text
        assert "cannot be let in" in caplog.text
        await house.serves(client)
    async with open_house(tmp_path) as house:
        await house.serves(client)


@on_uvloop
async def test_what_is_not_understood(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        client = await house.approved()
        guest = await house.guest(client)
        for unknown in (b"\x81\xa4kind\xa6teapot", codec.pack(messages.Done())):
            guest.writer.write(framing.encode(unknown))
            assert (await guest.hear(messages.Error)).code == "unknown-message"
            await guest.ping()  # the connection goes on
        guest.writer.write(framing.encode(b"\x81\xa4kind\xa6attach"))
        assert await guest.hear_error() == "bad-message"

        guest = await house.guest(client)
        guest.writer.write(b"\xff" * 8)
        assert await guest.hear_error() == "bad-frame"


@on_uvloop
async def test_hello_comes_first_once_and_with_a_version_in_common(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        client = await house.approved()
        for said, code in (
            ([Ping()], "out-of-turn"),
            ([messages.Heartbeat()], "out-of-turn"),
            ([Hello(version="1"), Hello(version="1")], "out-of-turn"),
            ([Hello(version="9", protocols=(7, 8))], "no-common-version"),
            ([Hello(version="9", protocols=())], "no-common-version"),
        ):
            guest = await house.guest(client, hello=False)
            for message in said:
                guest.say(message)
            assert await guest.hear_error() == code
        guest = await house.guest(client, hello=False)
        guest.writer.write(framing.encode(b"\x81\xa4kind\xa6teapot"))
        assert await guest.hear_error() == "unknown-message"
        assert [event[0] for event in house.household.events if event[0] == "received"] == []


@on_uvloop
async def test_a_ring_at_the_door_is_answered_and_changes_nothing(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        client = await house.approved()
        guest = await house.guest(client)
        ring = messages.Ring(user="me", host="laptop", version="1")
        guest.say(ring, make_identity(house.paths, "another").der)
        assert (await guest.hear(messages.Standing)).state is ClientState.APPROVED
        await guest.hear(messages.Done)
        await guest.ping()
        assert len(house.registry.infos()) == 1


@on_uvloop
async def test_a_slow_reader_is_noticed_and_one_that_never_reads_is_cut(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        client = await house.approved()
        guest = await house.guest(client)
        sent = 0
        async with asyncio.timeout(10):
            while ("congested", 1) not in house.household.events:
                sent += 1
                house.door.send(1, events(sent), b"x" * 256 * 1024)
                await asyncio.sleep(0)
        for expected in range(1, sent + 1):
            assert (await guest.hear(Events)).first == expected
        await house.household.until("drained", 1)
        await guest.ping()

        for first in range(100):
            house.door.send(1, events(first), b"x" * framing.MAX_PAYLOAD)
        await house.household.until("disconnected", 1)


@on_uvloop
async def test_who_does_not_read_its_answers_is_read_slowly(tmp_path: Path) -> None:
    limits = Limits(tick=0.05, unread_high=16 * 1024, unread_low=4096, messages_unread=Rate(0.001, 10))
    async with open_house(tmp_path, limits) as house:
        client, other = await house.approved(), await house.approved("other")
        guest = await house.guest(client)
        for first in range(1, 13):
            house.door.send(1, events(first), b"x" * framing.MAX_PAYLOAD)
        await house.household.until("congested", 1)
        for _ in range(5000):
            guest.say(Ping())
        spared = await house.guest(other)
        for _ in range(20):
            await spared.ping()
        taken = [event for event in house.household.events if event[:2] == ("received", 1)]
        assert len(taken) <= 11
        # Once it reads, it gets all of it.
        for _ in range(12):
            await guest.hear(Events)
        for _ in range(len(taken)):
            await guest.hear(messages.Done)


@on_uvloop
async def test_a_flood_of_requests_is_taken_at_its_pace_and_in_order(tmp_path: Path) -> None:
    async with open_house(tmp_path, Limits(tick=0.05, messages=Rate(500, 50))) as house:
        client, other = await house.approved(), await house.approved("other")
        guest = await house.guest(client)
        said = [messages.Attach(session=f"s{number}") for number in range(300)]
        for message in said:
            guest.say(message)
        spared = await house.guest(other)
        await spared.ping()
        assert len([event for event in house.household.events if event[:2] == ("received", 1)]) < 300
        await house.household.until("received", 1, said[-1])
        assert [event[2] for event in house.household.events if event[:2] == ("received", 1)] == said


@on_uvloop
async def test_others_have_their_turn_while_one_makes_much_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(tmp_path) as house:
        client = await house.approved()
        busy = [await house.guest(client) for _ in range(3)]
        other = await house.guest(await house.approved("other"))
        said = [messages.Attach(session=f"s{number}") for number in range(20)]
        received = house.household.received

        def work(conn: int, message: messages.Message, payload: bytes) -> None:
            if message == said[0]:
                other.say(messages.Ping())
            received(conn, message, payload)
            ends = time.monotonic() + (0.02 if isinstance(message, messages.Attach) else 0)
            while time.monotonic() < ends:
                pass

        monkeypatch.setattr(house.household, "received", work)
        for guest in busy:
            guest.writer.write(b"".join(framing.encode(codec.pack(message)) for message in said))
        await other.hear(messages.Done)
        taken = [event for event in house.household.events if event[0] == "received" and event[1] < 4]
        assert len(taken) < 20
        for number in (1, 2, 3):
            await house.household.until("received", number, said[-1])


@on_uvloop
async def test_one_client_has_only_so_many_connections(tmp_path: Path) -> None:
    async with open_house(tmp_path, Limits(tick=0.05, connections_per_client=3)) as house:
        client, other = await house.approved(), await house.approved("other")
        guests = [await house.guest(client) for _ in range(3)]
        fourth = await house.guest(client)
        assert await fourth.hear_error() == "too-many-connections"
        await house.serves(other)
        await guests[0].close()
        await house.household.until("disconnected", 1)
        await house.serves(client)


@on_uvloop
async def test_the_table_shows_who_is_connected(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        client = await house.approved()
        guest = await house.guest(client)
        await house.guest(client)
        (info,) = house.registry.infos()
        assert (info.connections, info.address) == (2, "127.0.0.1")
        await guest.close()
        await house.household.until("disconnected", 1)
        assert house.registry.info(client.fingerprint).connections == 1
    async with open_house(tmp_path) as house:
        (info,) = house.registry.infos()
        assert (info.connections, info.address) == (0, "127.0.0.1")
        assert info.last_seen > info.first_seen


@on_uvloop
async def test_silence_is_noticed_and_heartbeats_are_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "HEARTBEAT_EVERY", 0.1)
    monkeypatch.setattr(messages, "DEAD_AFTER", 0.5)
    async with open_house(tmp_path) as house:
        guest = await house.guest(await house.approved())
        assert await guest.hear_error() == "link-lost"
        assert guest.heartbeats >= 2
        await house.household.until("disconnected", 1)


@on_uvloop
async def test_a_frame_has_to_be_finished_some_time(tmp_path: Path) -> None:
    async with open_house(tmp_path, Limits(tick=0.02, frame_timeout=0.2)) as house:
        guest = await house.guest(await house.approved())
        whole = framing.encode(codec.pack(Ping()), b"z" * 1000)

        async def dribble() -> None:
            for place in range(len(whole)):
                guest.writer.write(whole[place : place + 1])
                await asyncio.sleep(0.01)

        dribbling = asyncio.ensure_future(dribble())
        assert await guest.hear_error() == "bad-frame"
        dribbling.cancel()


@on_uvloop
async def test_the_unix_socket_and_ipv6(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        path = tmp_path / "door.sock"
        house.door.listen_unix(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        client = await house.approved()
        await serves_at(house, client, path=path)
        _, port = house.door.listen_tcp("::1", 0)
        await serves_at(house, client, host="::1", port=port)
        _, port = house.door.listen_tcp("::", 0)
        await serves_at(house, client, host="127.0.0.1", port=port)
        assert house.registry.info(client.fingerprint).address == "127.0.0.1"
    assert not path.exists()


async def serves_at(
    house: House, client: Identity, *, path: Path | None = None, host: str = "", port: int = 0
) -> None:
    context = tls.client_context(house.server, client)
    if path is not None:
        streams = await asyncio.open_unix_connection(path, ssl=context, server_hostname="")
    else:
        streams = await asyncio.open_connection(host, port, ssl=context)
    guest = Guest(*streams)
    guest.say(Hello(version="1"))
    await guest.hear(Hello)
    await guest.ping()
    await guest.close()


@on_uvloop
async def test_closing_tells_everybody_and_waits_for_nobody_who_does_not_listen(tmp_path: Path) -> None:
    async with open_house(tmp_path, Limits(tick=0.05, close_timeout=0.3)) as house:
        client = await house.approved()
        listening, deaf = await house.guest(client), await house.guest(client)
        for first in range(1, 15):
            house.door.send(2, events(first), b"x" * framing.MAX_PAYLOAD)
        await house.door.close()
        assert await listening.hear_error() == "shutting-down"
        with pytest.raises(OSError):
            await house.guest(client)
        assert ("disconnected", 2) in house.household.events
        assert deaf.writer is not None


@on_uvloop
async def test_what_is_sent_to_the_gone_goes_nowhere(tmp_path: Path) -> None:
    async with open_house(tmp_path, BRISK) as house:
        guest = await house.guest(await house.approved())
        house.door.hang_up(1)
        for _ in range(20):
            house.door.send(1, messages.Done())
        house.door.send(77, messages.Done())
        house.door.hang_up(77)
        assert await guest.hear_end() == []
        await house.household.until("disconnected", 1)
