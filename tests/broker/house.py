"""A door with real sockets and real TLS, on uvloop as in the server, and guests who knock at it."""

from __future__ import annotations

import asyncio
import functools
import inspect
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

import uvloop

from claude_remote import codec, framing, identity, messages, tls
from claude_remote.identity import Identity
from claude_remote.messages import ClientInfo, Message
from claude_remote.paths import Paths, find_paths
from claude_remote_broker.door import Door
from claude_remote_broker.limits import Limits
from claude_remote_broker.ports import Peer
from claude_remote_broker.registry import Registry

PATIENCE = 60.0  # a machine may be busy
FROM_SERVER = cast("type[Message]", messages.FromServer)
# Deadlines are looked at often, so that tests need not wait for the clock.
BRISK = Limits(tick=0.05)

M = TypeVar("M", bound=Message)


def on_uvloop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run an async test on uvloop; whatever reaches the loop's exception handler fails it."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        complaints: list[dict[str, Any]] = []

        async def watched() -> None:
            asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
            await test(*args, **kwargs)
            await asyncio.sleep(0)

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(watched())
        assert not complaints

    run.__signature__ = inspect.signature(test)  # type: ignore[attr-defined]
    return run


@dataclass
class Household:
    """The sink: notes what comes, and answers a Ping. `door` is set once there is one."""

    door: Door | None = None
    events: list[tuple[Any, ...]] = field(default_factory=list)
    peers: dict[int, Peer] = field(default_factory=dict)
    stirred: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, *event: Any) -> None:
        self.events.append(event)
        self.stirred.set()

    def connected(self, conn: int, peer: Peer) -> None:
        self.peers[conn] = peer
        self.note("connected", conn)

    def received(self, conn: int, message: Message, payload: bytes) -> None:
        if isinstance(message, messages.Ping):
            assert self.door is not None
            self.door.send(conn, messages.Done())
        self.note("received", conn, message, payload)

    def congested(self, conn: int) -> None:
        self.note("congested", conn)

    def drained(self, conn: int) -> None:
        self.note("drained", conn)

    def disconnected(self, conn: int) -> None:
        self.note("disconnected", conn)

    def client_changed(self, client: ClientInfo) -> None:
        self.note("changed", client.name, client.state)

    def client_cut_off(self, fingerprint: str) -> None:
        self.note("cut off", fingerprint)

    def client_forgotten(self, fingerprint: str) -> None:
        self.note("forgotten", fingerprint)

    async def until(self, *event: Any) -> None:
        """Wait until this has been noted."""
        async with asyncio.timeout(PATIENCE):
            while event not in [noted[: len(event)] for noted in self.events]:
                self.stirred.clear()
                await self.stirred.wait()


@dataclass
class House:
    paths: Paths
    registry: Registry
    door: Door
    household: Household
    host: str
    port: int
    guests: list[Guest] = field(default_factory=list)

    @property
    def server(self) -> bytes:
        return self.registry.own.der

    async def approved(self, name: str = "laptop") -> Identity:
        """A client that has been let in before."""
        client = make_identity(self.paths, name)
        ring = messages.Ring(user="me", host=name, version="1")
        await self.registry.ring(client.der, ring, "local")
        await self.registry.approve(client.fingerprint)
        return client

    async def guest(self, client: Identity | None = None, *, hello: bool = True, **options: Any) -> Guest:
        """Somebody at the door (with a certificate) or the bell. Reads the server's hello."""
        guest = await Guest.dial(self, client, **options)
        self.guests.append(guest)
        if hello:
            guest.say(messages.Hello(version="1"))
            guest.hello = await guest.hear(messages.Hello)
        return guest

    async def owner(self) -> Guest:
        """Somebody at the control socket."""
        reader, writer = await asyncio.open_unix_connection(self.paths.control_socket)
        guest = Guest(reader, writer)
        self.guests.append(guest)
        guest.say(messages.Hello(version="1"))
        guest.hello = await guest.hear(messages.Hello)
        return guest

    async def serves(self, client: Identity) -> None:
        """A new connection of this client is let in and answered."""
        guest = await self.guest(client)
        await guest.ping()
        await guest.close()


def make_identity(paths: Paths, name: str) -> Identity:
    folder = paths.config / "clients"
    return identity.load_or_create(folder / f"{name}.key", folder / f"{name}.crt")


@asynccontextmanager
async def open_house(home: Path, limits: Limits = BRISK, **options: Any) -> AsyncIterator[House]:
    """A server's door on a free port of 127.0.0.1, with the control socket open."""
    paths = find_paths({"CLAUDE_REMOTE_HOME": str(home)})
    own = identity.load_or_create(paths.server_key, paths.server_certificate)
    household = Household()
    registry = await Registry.open(paths, own, home=home, limits=limits)
    registry.watch(household)
    door = Door(registry, household, paths.bus_socket, limits=limits, **options)
    household.door = door
    host, port = door.listen_tcp("127.0.0.1", 0)
    door.listen_control(paths.control_socket)
    door.start()
    registry.start()
    house = House(paths, registry, door, household, host, port)
    try:
        yield house
    finally:
        await door.close()
        await registry.close()
        for guest in house.guests:
            await guest.close()


@dataclass
class Guest:
    """One connection, from the client's side."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    hello: messages.Hello | None = None
    decoder: framing.Decoder = field(default_factory=framing.Decoder)
    frames: list[framing.Frame] = field(default_factory=list)
    heartbeats: int = 0

    @classmethod
    async def dial(cls, house: House, client: Identity | None, *, source: str = "127.0.0.1") -> Guest:
        context = tls.client_context(house.server, client)
        reader, writer = await asyncio.open_connection(
            house.host, house.port, ssl=context, local_addr=(source, 0)
        )
        return cls(reader, writer)

    def say(self, message: Message, payload: bytes = b"") -> None:
        self.writer.write(framing.encode(codec.pack(message), payload))

    async def frame(self) -> framing.Frame | None:
        """The next frame that is no heartbeat; None at the end of the stream, however it ended."""
        async with asyncio.timeout(PATIENCE):
            while True:
                while self.frames:
                    frame = self.frames.pop(0)
                    if codec.unpack(frame.header, FROM_SERVER) != messages.Heartbeat():
                        return frame
                    self.heartbeats += 1
                try:
                    data = await self.reader.read(65536)
                except (ConnectionError, ssl.SSLError):
                    return None
                if not data:
                    return None
                self.frames += self.decoder.feed(data)

    async def hear(self, kind: type[M]) -> M:
        """The next message, which has to be of this kind."""
        frame = await self.frame()
        assert frame is not None, f"the connection ended where {kind.__name__} was expected"
        message = codec.unpack(frame.header, FROM_SERVER)
        assert isinstance(message, kind), message
        return message

    async def hear_end(self) -> list[Message]:
        """All that is said until the server closes."""
        heard = []
        while (frame := await self.frame()) is not None:
            heard.append(codec.unpack(frame.header, FROM_SERVER))
        return heard

    async def hear_error(self) -> str:
        """The code of the Error with which the connection ends."""
        heard = await self.hear_end()
        assert heard, "the connection ended without a word"
        error = heard[-1]
        assert isinstance(error, messages.Error), heard
        return error.code

    async def ping(self) -> None:
        self.say(messages.Ping())
        await self.hear(messages.Done)

    async def close(self) -> None:
        """How it ends is not what is tested. If the wait is cancelled, the stream's own future is not."""
        self.writer.close()
        closed = asyncio.ensure_future(self.writer.wait_closed())
        closed.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        await asyncio.wait({closed}, timeout=PATIENCE)
        assert closed.done(), "the stream does not end"
