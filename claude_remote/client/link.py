"""One connection to a server: frames both ways over a socket, with heartbeats, and no thread of its own.

Only one thread reads a link; any thread, and any signal handler, may send on it. A sender never waits for a
lock: it puts its frame into the outbox and writes it if nobody else is at the socket; otherwise it wakes
who is, and that one writes it. Only one thread is ever inside the TLS object, which OpenSSL asks for.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple, cast

from claude_remote import codec, framing
from claude_remote.errors import (
    BadFrame,
    LinkLost,
    NoCommonVersion,
    RemoteError,
    TimedOut,
    Unreachable,
    from_code,
)
from claude_remote.messages import (
    DEAD_AFTER,
    HEARTBEAT_EVERY,
    PROTOCOL,
    Error,
    FromServer,
    Heartbeat,
    Hello,
    Message,
    Parcel,
)
from claude_remote.version import VERSION

_READ_SIZE = 256 * 1024
_RECORD = 16 * 1024  # the longest that TLS gives at once
_ROOM = 32 * 1024  # for what is no long payload
_FROM_SERVER = cast("type[Message]", FromServer)  # a union, which type[] cannot say
_HEARTBEAT = framing.encode(codec.pack(Heartbeat()))


class Incoming(NamedTuple):
    """One message that arrived, with its payload."""

    message: Message
    payload: bytes
    """A parcel's may be a bytearray, which nobody changes any more."""


class Link:
    """A framed connection over `stream`, a connected socket or TLS socket, which it owns from now on.

    `peer` names the other side in errors. `closing` is called once when the link is closed.
    """

    def __init__(
        self, stream: socket.socket, peer: str, *, closing: Callable[[], None] | None = None
    ) -> None:
        self.peer = peer
        self._stream = stream
        self._closing = closing
        self._decoder = framing.Decoder()
        self._room = memoryview(bytearray(_ROOM))
        self._arrived: deque[Incoming] = deque()
        self._outbox: deque[bytes] = deque()
        self._sending = memoryview(b"")
        self._at_socket = threading.Lock()
        self._closed = False
        stream.setblocking(False)  # noqa: FBT003  the socket module's own signature
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)  # noqa: FBT003
        self._wake_writer.setblocking(False)  # noqa: FBT003
        self._selector = selectors.DefaultSelector()
        self._selector.register(stream, selectors.EVENT_READ)
        self._selector.register(self._wake_reader, selectors.EVENT_READ)
        self._heard = self._spoken = time.monotonic()
        self._turned = self._attentive = self._heard

    @property
    def closed(self) -> bool:
        """Whether close() was called."""
        return self._closed

    @property
    def unheard(self) -> float:
        """Seconds since anything arrived."""
        return time.monotonic() - self._heard

    def greet(self, timeout: float) -> Hello:
        """Exchange hellos. Raises NoCommonVersion, or LinkLost when the server hangs up instead."""
        self.send(Hello(version=VERSION))
        try:
            message, _ = self.receive(timeout)
        except BadFrame:
            raise Unreachable(f"{self.peer} answers, but it is not a claude-remote server") from None
        except TimedOut:
            raise Unreachable(f"{self.peer} accepts connections but does not answer") from None
        if not isinstance(message, Hello):
            raise Unreachable(f"{self.peer} did not begin with hello; it is not a claude-remote server")
        if PROTOCOL not in message.protocols:
            raise NoCommonVersion(
                f"{self.peer} (version {message.version}) and this program ({VERSION}) speak no common"
                " version of the protocol; update the older of the two"
            )
        return message

    def send(self, message: Message, payload: bytes | memoryview = b"") -> None:
        """Send one message, now if the socket takes it, else as soon as somebody receives.

        May be called from any thread and from a signal handler. Raises LinkLost if the link is closed.
        """
        self._post(framing.encode(codec.pack(message), payload))

    def heartbeat(self) -> None:
        """Send a heartbeat if this side was silent for long. For who keeps a link without reading it."""
        if time.monotonic() - self._spoken >= HEARTBEAT_EVERY and not self._outbox:
            self._post(_HEARTBEAT)

    def receive(self, timeout: float | None = None) -> Incoming:
        """The next message that is not a heartbeat; an Error is raised as its exception.

        Waits for it `timeout` seconds (None: as long as the other side lives), sending heartbeats meanwhile.
        Raises TimedOut, LinkLost after DEAD_AFTER seconds of silence or at the end of the stream, BadFrame,
        BadMessage, and whatever Error the server sent.
        """
        began = time.monotonic()
        while True:
            incoming = self.take()
            if incoming is not None:
                return incoming
            self._turn(began, timeout)

    def take(self) -> Incoming | None:
        """The next message that has come already, if there is one; an Error is raised as its exception."""
        while self._arrived:
            incoming = self._arrived.popleft()
            message = incoming.message
            if isinstance(message, Error):
                raise from_code(message.code, message.message, message.detail)
            if not isinstance(message, Heartbeat):
                return incoming
        return None

    def turn(self, timeout: float, others: Mapping[int, int]) -> set[int]:
        """Wait, at most `timeout` seconds, until messages have come or one of these descriptors is ready.

        `others`: the selectors' events to look for. Which of them are ready. For who takes turns often, and
        so notices a server that is silent. Raises LinkLost.
        """
        now = time.monotonic()
        if now - self._turned > HEARTBEAT_EVERY:
            self._attentive = now
        self._turned = now
        for descriptor, events in others.items():
            self._selector.register(descriptor, events)
        try:
            with suppress(TimedOut):
                self._turn(self._attentive, now - self._attentive + timeout)
            if not others:
                return set()
            return {key.fd for key, _ in self._selector.select(0) if key.fd in others}
        finally:
            if not self._closed:
                for descriptor in others:
                    self._selector.unregister(descriptor)

    def is_quiet(self) -> bool:
        """Whether the link is alive and nothing but heartbeats has come: fit for the next exchange."""
        try:
            with self._at_socket:
                while self._read():
                    pass
        except RemoteError:
            return False
        return all(isinstance(each.message, Heartbeat) for each in self._arrived)

    def abort(self) -> None:
        """Cut the connection under whoever receives on it, who gets LinkLost. From any thread."""
        with suppress(OSError):
            socket.socket.shutdown(self._stream, socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up. Idempotent; what was not yet written is lost."""
        if self._closed:
            return
        self._closed = True
        self._selector.close()
        for each in (self._stream, self._wake_reader, self._wake_writer):
            each.close()
        if self._closing is not None:
            self._closing()

    # --- inside -----------------------------------------------------------------------------------------

    def _post(self, frame: bytes) -> None:
        if self._closed:
            raise LinkLost(f"the connection to {self.peer} is closed")
        self._outbox.append(frame)
        self._flush()

    def _flush(self) -> None:
        # Who leaves the socket looks at the outbox once more, so a frame posted meanwhile is not forgotten.
        while self._unsent and not self._closed:
            if not self._at_socket.acquire(blocking=False):
                with suppress(BlockingIOError, OSError):
                    self._wake_writer.send(b"\0")
                return
            try:
                if not self._write():
                    return
            finally:
                self._at_socket.release()

    @property
    def _unsent(self) -> bool:
        return bool(self._sending or self._outbox)

    def _turn(self, began: float, timeout: float | None) -> None:
        """Write what can be written, read what is there, or else wait for either once."""
        if self._closed:
            raise LinkLost(f"the connection to {self.peer} is closed")
        with self._at_socket:
            written = self._write()
            if not self._read():
                self._wait(began, timeout, write=not written)
        self._flush()

    def _write(self) -> bool:
        """Write until nothing is left (True) or the socket is full (False)."""
        send = self._stream.send
        while self._sending or self._outbox:
            sending = self._sending or memoryview(self._outbox.popleft())
            try:
                while sending:
                    sending = sending[send(sending) :]
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
                return False
            except OSError as error:
                # What the server said before it hung up may still be there to read, and says why.
                self._outbox.clear()
                sending = memoryview(b"")
                if self._read():
                    return True
                raise self._lost(error) from None
            finally:
                self._sending = sending
            self._spoken = time.monotonic()
        return True

    def _read(self) -> bool:
        """Take what has arrived; False when there is nothing. Raises at the end of the stream."""
        taken = 0
        # TLS gives a record of 16 KiB at a time: to look at all else after each would cost more than it.
        while taken < _READ_SIZE:
            waiting = self._decoder.waiting
            room = waiting or self._room
            count = self._receive_into(room, whole=bool(waiting), first=not taken)
            if not count:
                break
            taken += count
            self._digest(self._decoder.received(count) if waiting else self._decoder.feed(room[:count]))
            if count < (len(waiting) or _RECORD):
                break
        if not taken:
            return False
        self._heard = time.monotonic()
        return True

    def _receive_into(self, room: memoryview, *, whole: bool, first: bool) -> int:
        """Receive once, or until the `whole` room is filled, as long as there is something: how much.

        The end of the stream and whatever else is wrong is raised when nothing came before it, by the next
        call otherwise: `first` says that nothing has.
        """
        # Fewer calls in calls for each record than by recv_into, which a plain socket has alone.
        read = self._stream.read if isinstance(self._stream, ssl.SSLSocket) else None
        count = 0
        try:
            while count < len(room):
                left = room[count:]
                came = read(len(left), left) if read is not None else self._stream.recv_into(left)
                if not came and first and not count:
                    raise LinkLost(f"{self.peer} closed the connection")
                count += came  # type: ignore[operator]  # a number, with a buffer
                if not came or not whole:
                    break
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            pass
        except OSError as error:
            if first and not count:
                raise self._lost(error) from None
        return count

    def _digest(self, frames: Iterable[framing.Frame]) -> None:
        for header, payload in frames:
            message = codec.unpack_quickly(header, _FROM_SERVER)
            # A parcel is taken as it is: to make bytes of it is to copy it.
            whole = cast("bytes", payload) if isinstance(message, Parcel) else bytes(payload)
            self._arrived.append(Incoming(message, whole))

    def _wait(self, began: float, timeout: float | None, *, write: bool) -> None:
        now = time.monotonic()
        # The clock of silence runs only while somebody waits: who reads slowly has not lost the server.
        dead = max(self._heard, began) + DEAD_AFTER
        if now >= dead:
            raise LinkLost(f"{self.peer} has not been heard for {DEAD_AFTER:.0f} s")
        # Before the time is looked at, for who only looks in has none.
        if now - self._spoken >= HEARTBEAT_EVERY and not self._unsent:
            self._outbox.append(_HEARTBEAT)
            return
        ends = dead if timeout is None else min(dead, began + timeout)
        if now >= ends:
            raise TimedOut(f"{self.peer} did not answer within {timeout:g} s")
        pause = min(ends, self._spoken + HEARTBEAT_EVERY if not write else ends) - now
        self._selector.modify(self._stream, selectors.EVENT_READ | (selectors.EVENT_WRITE if write else 0))
        for key, _ in self._selector.select(max(pause, 0.0)):
            if key.fileobj is self._wake_reader:
                with suppress(BlockingIOError):
                    self._wake_reader.recv(4096)

    def _lost(self, error: OSError) -> LinkLost:
        return LinkLost(f"the connection to {self.peer} broke: {error.strerror or error}")
