"""Direct connections at the door: who is let through to an errand, and who is not."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from claude_remote import direct
from claude_remote.messages import TICKET
from claude_remote_broker import direct as broker_direct
from claude_remote_broker.direct import DirectConnections
from claude_remote_broker.limits import Limits
from claude_remote_broker.ports import CutDirect, ExpectDirect
from tests.broker.house import PATIENCE, House, on_uvloop, open_house

HASTY = Limits(tick=0.02, handshake_timeout=0.5)
KNOWN = bytes(range(TICKET))
UNKNOWN = bytes(TICKET)
NAME = "e-1"


class Errand:
    """Listens as an errand does."""

    def __init__(self, house: House, name: str = NAME) -> None:
        self.path = direct.handover_path(house.paths.bus_socket, name)
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listening.bind(os.fspath(self.path))
        self._listening.listen(1)
        self._listening.setblocking(False)
        house.door.direct.expect(ExpectDirect(KNOWN, name))

    def close(self) -> None:
        self._listening.close()
        self.path.unlink(missing_ok=True)

    async def gets(self) -> socket.socket:
        """What it is handed."""
        loop = asyncio.get_running_loop()
        way, _ = await asyncio.wait_for(loop.sock_accept(self._listening), PATIENCE)
        with way:
            way.settimeout(PATIENCE)
            handed = direct.take_over(way)
        assert handed is not None
        handed.setblocking(False)
        return handed

    def got_nothing(self) -> bool:
        try:
            self._listening.accept()
        except BlockingIOError:
            return True
        return False


@asynccontextmanager
async def expecting(tmp_path: Path) -> AsyncIterator[tuple[House, Errand]]:
    async with open_house(tmp_path, HASTY) as house:
        errand = Errand(house)
        try:
            yield house, errand
        finally:
            errand.close()


async def dial(
    house: House, *said: bytes, pause: float = 0.0
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(house.host, house.port)
    for each in said:
        writer.write(each)
        await asyncio.sleep(pause)
    return reader, writer


async def hung_up(house: House, *said: bytes, pause: float = 0.0) -> bool:
    """Whether whoever says this is hung up on, without a word."""
    reader, writer = await dial(house, *said, pause=pause)
    with suppress(ConnectionError):
        async with asyncio.timeout(PATIENCE):
            assert await reader.read() == b""
    writer.close()
    return True


@on_uvloop
async def test_the_socket_reaches_the_errand_with_all_that_follows(tmp_path: Path) -> None:
    async with expecting(tmp_path) as (house, errand):
        reader, writer = await dial(house, direct.preface(KNOWN) + b"TLS, say")
        handed = await errand.gets()
        loop = asyncio.get_running_loop()
        with handed:
            assert await asyncio.wait_for(loop.sock_recv(handed, 100), PATIENCE) == b"TLS, say"
            await loop.sock_sendall(handed, b"and back")
            assert await asyncio.wait_for(reader.readexactly(8), PATIENCE) == b"and back"
            # It is nobody's connection at the door, and takes no stranger's place.
            assert house.door.connections == 0
            house.door.direct.cut(CutDirect(KNOWN, NAME))
            # Though the errand has it open.
            assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
            assert await asyncio.wait_for(loop.sock_recv(handed, 100), PATIENCE) == b""
        writer.close()


@on_uvloop
async def test_a_preface_in_pieces(tmp_path: Path) -> None:
    async with expecting(tmp_path) as (house, errand):
        whole = direct.preface(KNOWN)
        _, writer = await dial(house, whole[:1], whole[1:20], whole[20:], pause=0.05)
        (await errand.gets()).close()
        writer.close()


@on_uvloop
async def test_a_ticket_serves_once(tmp_path: Path) -> None:
    async with expecting(tmp_path) as (house, errand):
        _, writer = await dial(house, direct.preface(KNOWN))
        with await errand.gets():
            assert await hung_up(house, direct.preface(KNOWN))
            assert errand.got_nothing()
        writer.close()


@on_uvloop
async def test_who_gets_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")  # a stranger could fill the log
    async with expecting(tmp_path) as (house, errand):
        client = await house.approved()
        for said in (
            (direct.preface(UNKNOWN),),
            (direct.preface(KNOWN)[:-1],),  # and not the rest, within a stranger's time
            (b"c",),
            (),
            (b"claude-remote direct 2\n" + KNOWN,),
            (b"\x16" + direct.preface(KNOWN),),
        ):
            assert await hung_up(house, *said)
        assert errand.got_nothing()
        # Meanwhile everybody else comes in by TLS as ever.
        await house.serves(client)
        guest = await house.guest()
        assert guest.hello is not None
        # The ticket still serves who has it.
        _, writer = await dial(house, direct.preface(KNOWN))
        (await errand.gets()).close()
        writer.close()
    said = [each.getMessage() for each in caplog.records if each.name == broker_direct.__name__]
    assert said == ["errand e-1 has a direct connection"]


@on_uvloop
async def test_nothing_is_expected_any_more(tmp_path: Path) -> None:
    async with expecting(tmp_path) as (house, errand):
        house.door.direct.cut(CutDirect(KNOWN, NAME))
        assert await hung_up(house, direct.preface(KNOWN))
        assert errand.got_nothing()
        assert not errand.path.exists()


@on_uvloop
async def test_what_an_errand_left_that_was_killed_before_it_took_it(tmp_path: Path) -> None:
    async with expecting(tmp_path) as (house, errand):
        reader, writer = await dial(house, direct.preface(KNOWN))
        (await errand.gets()).close()
        house.door.direct.cut(CutDirect(KNOWN, NAME))
        assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
        assert not errand.path.exists()
        writer.close()


@on_uvloop
async def test_what_cannot_be_cut_is_not_handed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def dup(_: socket.socket) -> socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")

    async with expecting(tmp_path) as (house, errand):
        monkeypatch.setattr(socket.socket, "dup", dup)
        assert await hung_up(house, direct.preface(KNOWN))
        assert errand.got_nothing()
    assert "Too many open files" in caplog.text


def test_what_killed_errands_left_is_cleared_away(tmp_path: Path) -> None:
    bus = tmp_path / "bus.sock"
    left = direct.handover_path(bus, "e-0123456789")
    for path in (bus, left):
        path.touch()
    DirectConnections(bus)
    assert [*tmp_path.iterdir()] == [bus]


@on_uvloop
async def test_an_errand_that_is_gone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with expecting(tmp_path) as (house, _):
        house.door.direct.expect(ExpectDirect(UNKNOWN, "e-gone"))
        assert await hung_up(house, direct.preface(UNKNOWN))
    assert "e-gone does not take its direct connection" in caplog.text


@on_uvloop
async def test_the_end_of_the_door_cuts_it(tmp_path: Path) -> None:
    async with open_house(tmp_path, HASTY) as house:
        errand = Errand(house)
        reader, writer = await dial(house, direct.preface(KNOWN))
        handed = await errand.gets()
    with handed:
        assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
    errand.close()
    writer.close()
