"""Whatever is thrown at door and bell: it is answered or closed, and an approved client is served on."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import socket
import ssl
import struct
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Self

import msgpack
import psutil
import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claude_remote import codec, framing, messages, tls
from claude_remote.identity import Identity
from claude_remote.messages import Hello
from claude_remote_broker import tasks
from claude_remote_broker.limits import Limits, Rate
from tests.broker.house import FROM_SERVER, PATIENCE, House, make_identity, on_uvloop, open_house

ROOT = Path(__file__).parents[2]
HASTY = Limits(
    strangers_per_address=256,
    tick=0.02,
    handshake_timeout=0.5,
    hello_timeout=0.5,
    ring_timeout=0.5,
    frame_timeout=0.5,
)
GENEROUS = Rate(1e6, 1e6)
# What is tested is not how few handshakes there may be.
UNCOUNTED = Limits(tick=0.05, handshakes_local=GENEROUS, handshakes=GENEROUS)


def nested(depth: int) -> bytes:
    return b"\x81\xa4kind" + b"\x91" * depth + b"\xc0"


def framed(header: bytes, payload: bytes = b"") -> bytes:
    return struct.pack("!II", len(header), len(payload)) + header + payload


def message(**fields: object) -> bytes:
    return framed(msgpack.packb(fields))


HELLO = framing.encode(codec.pack(Hello(version="1")))
# name → bytes after TLS
CORPUS = {
    "nothing": b"",
    "one byte": b"\0",
    "zeros": b"\0" * 64,
    "ones": b"\xff" * 64,
    "a web browser": b"GET / HTTP/1.1\r\nHost: home\r\n\r\n",
    "an ssh client": b"SSH-2.0-OpenSSH_9.2\r\n",
    "a frame cut in its lengths": HELLO[:5],
    "a frame cut in its header": HELLO[:12],
    "a header without bytes": struct.pack("!II", 0, 0),
    "a header too large": struct.pack("!II", framing.MAX_HEADER + 1, 0),
    "a payload too large": struct.pack("!II", 10, framing.MAX_PAYLOAD + 1),
    "the largest payload, never sent": struct.pack("!II", 10, framing.MAX_PAYLOAD) + b"x" * 10,
    "lengths that overflow": struct.pack("!II", 0xFFFFFFFF, 0xFFFFFFFF),
    "no msgpack": framed(b"\xc1\xc1\xc1"),
    "msgpack, cut": framed(b"\x82\xa4kind"),
    "msgpack and more": framed(msgpack.packb({"kind": "heartbeat"}) + b"\x01"),
    "not a map": framed(msgpack.packb(["kind", "hello"])),
    "keys that are no text": framed(msgpack.packb({1: 2})),
    "a map that claims to be large": framed(b"\xdf\xff\xff\xff\xff"),
    "text that claims to be long": framed(b"\x81\xa4kind\xdb\xff\xff\xff\xff"),
    "too many entries": framed(msgpack.packb({f"k{number}": 0 for number in range(5000)})),
    "nested": framed(nested(30)),
    "deeply nested": framed(nested(60_000)),
    "broken UTF-8": framed(b"\x81\xa4kind\xa5\xff\xfe\xfd\xfc\xfb"),
    "an extension type": framed(msgpack.packb({"kind": msgpack.ExtType(5, b"x")})),
    "a timestamp": framed(msgpack.packb({"kind": msgpack.Timestamp(1)})),
    "no kind": message(version="1"),
    "a kind that is no text": message(kind=7),
    "a kind nobody knows": message(kind="teapot"),
    "what only a server says": message(kind="done"),
    "hello with a version that is no text": message(kind="hello", version=1),
    "hello with too many versions": message(kind="hello", version="1", protocols=list(range(17))),
    "hello with no common version": message(kind="hello", version="1", protocols=[99]),
    "hello with huge numbers": message(kind="hello", version="1", protocols=[2**64 - 1, -(2**63)]),
    "hello with much text": message(kind="hello", version="v" * 60_000),
    "hello with infinity": message(kind="hello", version="1", protocols=[float("inf")]),
    "hello, and again": HELLO + HELLO,
    "hello and rubbish": HELLO + b"\xff" * 32,
    "hello and a request with wrong types": HELLO + message(kind="prompt", id=1, target=[], size="x"),
    "hello and a request out of bounds": HELLO + message(kind="attach", session="s" * 2000),
    "hello and a ring without a certificate": HELLO + message(kind="ring", user="u", host="h", version="1"),
    "hello and an error out of bounds": HELLO + message(kind="error", code="x" * 65, message="m"),
    "hello and half a frame": HELLO + HELLO[:7],
    "hello and many heartbeats": HELLO + message(kind="heartbeat") * 2000,
    "hello and many unknown kinds": HELLO + message(kind="teapot") * 2000,
}


@asynccontextmanager
async def pinging(house: House, client: Identity) -> AsyncIterator[None]:
    """All the while this client's pings have to be answered, on a connection it has and on new ones."""
    guest = await house.guest(client)
    served = asyncio.Event()

    async def go_on() -> None:
        while True:
            async with asyncio.timeout(PATIENCE):
                await guest.ping()
                await house.serves(client)
            served.set()
            await asyncio.sleep(0.02)

    task = asyncio.ensure_future(go_on())
    try:
        yield
        waiting = asyncio.ensure_future(served.wait())
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        await tasks.end(waiting)
        if task.done():
            task.result()
    finally:
        await tasks.end(task)


async def throw(house: House, client: Identity | None, data: bytes) -> list[messages.Message]:
    """What the server says to these bytes until it closes; we say nothing more after them."""
    guest = await house.guest(client, hello=False)
    guest.writer.write(data)
    heard = await guest.hear_end()
    await guest.close()
    return heard


@on_uvloop
async def test_a_corpus_of_broken_input_at_door_and_bell(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_house(tmp_path, HASTY) as house:
        client = await house.approved()
        # From a client these are no reason to close.
        harmless = {
            name for name in CORPUS if name.startswith("hello and") and ("many" in name or "ring" in name)
        }
        async with pinging(house, client):
            cases = [
                (name, who, throw(house, who, data))
                for name, data in CORPUS.items()
                for who in ((None, client) if name not in harmless else (None,))
            ]
            async with asyncio.timeout(PATIENCE):
                outcomes = await asyncio.gather(*(outcome for _, _, outcome in cases))
        for (name, _, _), heard in zip(cases, outcomes, strict=True):
            assert isinstance(heard[0], Hello), name
            assert isinstance(heard[-1], messages.Error), name
            assert len(heard) == 2, name
        for name in harmless:
            guest = await house.guest(client, hello=False)
            guest.writer.write(CORPUS[name])
            guest.say(messages.Ping())
            answered = None
            while not isinstance(answered, messages.Done):
                frame = await guest.frame()
                assert frame is not None, name
                answered = codec.unpack(frame.header, FROM_SERVER)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@on_uvloop
async def test_bytes_that_are_no_tls(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with open_house(tmp_path, HASTY) as house:
        client = await house.approved()

        async def knock(data: bytes) -> None:
            reader, writer = await asyncio.open_connection(house.host, house.port)
            writer.write(data)
            with suppress(ConnectionError):
                async with asyncio.timeout(PATIENCE):
                    while await reader.read(4096):
                        pass
            writer.close()

        async with pinging(house, client):
            record = b"\x16\x03\x01\x40\x00" + b"\x01\x00\x3f\xfc" + b"\x03\x03" + b"r" * 16000
            thrown = [
                *CORPUS.values(),
                record,
                record[:100],
                b"\x15\x03\x03\x00\x02\x02\x28",
                b"\x80\x2e\x01",
            ]
            await asyncio.gather(*(knock(data) for data in thrown))
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@on_uvloop
async def test_one_byte_at_a_time_gets_nobody_anywhere(tmp_path: Path) -> None:
    async with open_house(tmp_path, HASTY) as house:
        client = await house.approved()
        dribbling: set[asyncio.Task[None]] = set()

        def dribble(writer: asyncio.StreamWriter, data: bytes) -> None:
            async def go_on() -> None:
                for place in range(len(data)):
                    writer.write(data[place : place + 1])
                    await asyncio.sleep(0.05)

            dribbling.add(asyncio.ensure_future(go_on()))

        async with pinging(house, client):
            reader, writer = await asyncio.open_connection(house.host, house.port)
            dribble(writer, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc" * 100)
            with suppress(ConnectionError):
                assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
            writer.close()
            before_hello = await house.guest(hello=False)
            dribble(before_hello.writer, HELLO * 10)
            assert await before_hello.hear_error() in ("timed-out", "out-of-turn")
            before_ring = await house.guest()
            dribble(before_ring.writer, framing.encode(b"\x81\xa4kind\xa4ring", b"x" * 4000))
            assert await before_ring.hear_error() in ("timed-out", "bad-frame")
            inside = await house.guest(client)
            dribble(inside.writer, framing.encode(b"\x81\xa4kind\xa4part", b"x" * 4000))
            assert await inside.hear_error() == "bad-frame"
        for task in dribbling:
            task.cancel()


@pytest.fixture
def many_files() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, before[1]), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@asynccontextmanager
async def crowd(
    house: House, count: int, kind: str, client: Identity | None = None, *, left: int
) -> AsyncIterator[int]:
    """So many connections from another process, of which the server should leave some; gives how many."""
    files = [client.certificate, client.key] if client is not None else [Path("-"), Path("-")]
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "tests.broker.crowd",
            house.host,
            str(house.port),
            str(count),
            kind,
            str(left),
        ),
        *(str(file) for file in (*files, house.paths.server_certificate)),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        yield int(await asyncio.wait_for(process.stdout.readline(), PATIENCE))
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await asyncio.wait_for(process.wait(), PATIENCE)


@pytest.mark.usefixtures("many_files")
@pytest.mark.parametrize("kind", ["silent", "shaking", "strangers"])
def test_a_thousand_idle_connections(tmp_path: Path, kind: str) -> None:
    @on_uvloop
    async def run() -> None:
        async with open_house(tmp_path, UNCOUNTED) as house:
            client = await house.approved()
            before = psutil.Process().memory_info().rss
            places = UNCOUNTED.strangers_per_address
            async with pinging(house, client), crowd(house, 1000, kind, left=places) as left:
                assert 0 < left <= places
                assert len(house.door._admission._strangers["127.0.0.2"]) <= places
            assert psutil.Process().memory_info().rss - before < 40 * 1024 * 1024

    run()


@pytest.mark.usefixtures("many_files")
@on_uvloop
async def test_idle_clients_cost_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "DEAD_AFTER", 600.0)  # they do nothing at all, not even that
    count = 500
    async with open_house(tmp_path, UNCOUNTED) as house:
        client = await house.approved()
        async with crowd(house, 50, "clients", client, left=50):  # what is needed once is not counted
            pass
        before = psutil.Process().memory_info().rss
        async with crowd(house, count, "clients", client, left=count) as left:
            assert left == count
            each = (psutil.Process().memory_info().rss - before) / count / 1024
    print(f"idle TLS connection: {each:.1f} KiB")
    assert each <= 40


@on_uvloop
async def test_a_flood_at_the_bell(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        client = await house.approved()
        rings = [make_identity(house.paths, f"flood-{number}").der for number in range(30)]
        before = psutil.Process().memory_info().rss

        async def flood(number: int) -> None:
            for certificate in rings[number::6] * 10:
                with suppress(OSError, AssertionError):  # shown out, or not let in at all
                    guest = await house.guest(source="127.0.0.2")
                    guest.say(messages.Ring(user="x", host="y", version="1"), certificate)

        async with pinging(house, client):
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(*(flood(number) for number in range(6)))
            waiting = [info for info in house.registry.infos() if info.state is messages.ClientState.PENDING]
            assert 0 < len(waiting) <= 8
            assert house.door._admission.strangers <= house.door._limits.strangers_per_address
        assert psutil.Process().memory_info().rss - before < 64 * 1024 * 1024


@on_uvloop
async def test_connections_made_and_dropped_at_once(tmp_path: Path) -> None:
    async with open_house(tmp_path, UNCOUNTED) as house:
        client = await house.approved()
        async with pinging(house, client):
            for turn in range(300):
                with socket.socket() as link:
                    link.setblocking(False)
                    with suppress(BlockingIOError):
                        link.connect((house.host, house.port))
                    if turn % 2:  # a reset instead of an end
                        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE):
            for guest in house.guests:
                await guest.close()
            await house.door._empty.wait()
            # Of the last ones the server may just be finding out that they are gone.
            while house.door._admission.connections or house.door._reception._handshakes:  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0.01)


# --- anything at all -----------------------------------------------------------------------------------


class Elsewhere:
    """A house in a thread of its own, so that hypothesis can knock with blocking sockets."""

    def __init__(self, home: Path) -> None:
        self.house: House
        self.client: Identity
        self.complaints: list[dict[str, object]] = []
        self._home = home
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._leave.set)
        self._thread.join(20)
        assert self.complaints == []

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._live())

    async def _live(self) -> None:
        self._loop, self._leave = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(lambda _, context: self.complaints.append(context))
        async with open_house(self._home, UNCOUNTED) as self.house:
            self.client = await self.house.approved()
            self._ready.set()
            await self._leave.wait()

    def throw(self, client: Identity | None, data: bytes) -> bytes:
        """All that the server says to these bytes; our side ends after them."""
        context = tls.client_context(self.house.server, client)
        with (
            socket.create_connection((self.house.host, self.house.port), 10) as raw,
            context.wrap_socket(raw) as link,
        ):
            link.sendall(data)
            said = bytearray()
            with suppress(OSError):
                socket.socket.shutdown(link, socket.SHUT_WR)
            with suppress(ssl.SSLError, ConnectionError):
                while got := link.recv(65536):
                    said += got
            return bytes(said)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    with Elsewhere(tmp_path_factory.mktemp("house")) as house:
        yield house


ANYTHING: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KINDS = st.sampled_from(
    ["hello", "ring", "ping", "prompt", "attach", "approve", "part", "error", "done", "x"]
)
FIELDS = st.sampled_from(["protocols", "version", "user", "host", "id", "target", "size", "after", "session"])
FRAMES = st.one_of(
    st.binary(max_size=64),
    st.builds(framed, st.binary(min_size=1, max_size=64), st.binary(max_size=64)),
    st.builds(lambda value: framed(msgpack.packb(value)), ANYTHING),
    st.builds(
        lambda kind, fields, payload: framed(msgpack.packb({"kind": kind, **fields}), payload),
        KINDS,
        st.dictionaries(FIELDS, ANYTHING, max_size=4),
        st.binary(max_size=64),
    ),
    st.just(HELLO),
)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.booleans(), st.booleans(), st.lists(FRAMES, max_size=5))
def test_anything_at_all(elsewhere: Elsewhere, known: bool, polite: bool, frames: list[bytes]) -> None:
    said = elsewhere.throw(elsewhere.client if known else None, HELLO * polite + b"".join(frames))
    heard = [codec.unpack(frame.header, FROM_SERVER) for frame in framing.Decoder().feed(said)]
    assert isinstance(heard[0], Hello)
    assert {type(each) for each in heard[1:]} <= {messages.Error, messages.Done, messages.Standing}
    assert elsewhere.complaints == []
