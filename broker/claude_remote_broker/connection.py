"""One connection: frames in and out, hello, heartbeats, deadlines, and what happens when a side is too slow.

A connection knows nothing about who is there. Its keeper (the door) gives it a role when it has arrived, and
the role gets its messages. Neither is ever called from inside `send` or `hang_up`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Generator
from contextlib import closing
from time import perf_counter
from typing import cast

from claude_remote import codec, framing, messages
from claude_remote.errors import (
    NoCommonVersion,
    OutOfTurn,
    RemoteError,
    TooLarge,
    UnknownMessage,
)
from claude_remote_broker.limits import Bucket, Limits, Pace
from claude_remote_broker.roles import Keeper, Origin, Role
from claude_remote_broker.sparing import SparingLog
from claude_remote_broker.vigil import Vigil
from claude_remote_broker.waking_time import WakingTime

_unread = SparingLog(logging.getLogger(__name__))

# A union of types is no `type` for mypy; msgspec takes it as one.
_FROM_CLIENT = cast("type[messages.Message]", messages.FromClient)


# Where bytes are received that do not belong to a long payload: used up before anything else is received.
_room = memoryview(bytearray(32 * 1024))


class Connection(asyncio.BufferedProtocol):
    """See the module. `number` is what the rest of the broker calls it."""

    __slots__ = (
        "_arrived",
        "_bytes_left",
        "_clock",
        "_decoder",
        "_fills",
        "_greeted",
        "_keeper",
        "_left",
        "_limits",
        "_loop",
        "_pace",
        "_pace_unread",
        "_resume",
        "_role",
        "_transport",
        "_vigil",
        "number",
        "origin",
    )

    def __init__(
        self, number: int, origin: Origin, limits: Limits, keeper: Keeper, clock: WakingTime
    ) -> None:
        self.number = number
        self.origin = origin
        self._limits = limits
        self._keeper = keeper
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._decoder = framing.Decoder(limits.stranger_payload)
        self._bytes_left: int | None = limits.stranger_bytes
        self._role: Role | None = None
        self._pace: Pace | None = None
        self._pace_unread: Bucket | None = None
        self._fills = False  # the decoder's own room
        self._greeted = False
        self._arrived = False
        self._left = False
        self._resume: asyncio.Handle | None = None
        self._vigil = Vigil(limits, clock.now())

    @property
    def arrived(self) -> bool:
        """The keeper has been told of it, and will be told of its end."""
        return self._arrived

    @property
    def open(self) -> bool:
        """Arrived and not hung up."""
        return self._transport is not None and not self._left

    def certificate(self) -> bytes | None:
        """What the peer has shown in the TLS handshake, DER; None if it has shown none."""
        tls = self._transport.get_extra_info("ssl_object") if self._transport is not None else None
        return None if tls is None else cast("bytes | None", tls.getpeercert(binary_form=True))

    def admit(self, role: Role, hello: messages.Hello, pace: Pace | None) -> None:
        """Say hello, and give the messages to `role`. A known peer has a `pace`, a stranger has none."""
        self._role = role
        if pace is not None:
            self._pace = pace
            self._decoder = framing.Decoder()
            self._bytes_left = None
        self.expect_within(self._limits.hello_timeout, "no hello came")
        self.send(hello)

    def expect_within(self, seconds: float | None, too_late: str = "") -> None:
        """Hang up after so many seconds, with these words, unless called again until then; None: never."""
        self._vigil.expect_within(seconds, too_late, self._clock.now())

    # --- out -------------------------------------------------------------------------------------------

    def send(self, message: messages.Message, payload: bytes = b"") -> None:
        """Send a message, in order. Nothing happens when the connection has been hung up."""
        transport = self._transport
        if transport is None or self._left or transport.is_closing():
            return
        self._vigil.said(self._clock.now())
        transport.writelines(framing.parts(codec.pack(message), payload))
        if transport.get_write_buffer_size() > self._limits.unread_most:
            _unread.warning("connection %d from %s does not read; cut", self.number, self.origin.address)
            self.abort()

    def send_error(self, error: RemoteError) -> None:
        """Tell that an exchange has failed; the connection goes on."""
        self.send(_as_message(error))

    def hang_up(self, error: RemoteError | None = None) -> None:
        """Close, after an Error if one is given. A peer that does not take it is cut soon."""
        if self._left:
            return
        if error is not None:
            self.send_error(error)
        transport = self._transport
        if not self._leave() or transport is None:
            return
        self.expect_within(self._limits.close_timeout)
        if transport.can_write_eof() and not transport.is_closing():
            # Without TLS: what the peer still sends must be read away, or it gets an error instead of ours.
            transport.resume_reading()
            transport.write_eof()
        else:
            transport.close()  # TLS does the same with its close_notify

    def abort(self) -> None:
        """Close at once; nothing more is said."""
        self._leave()
        if self._transport is not None:
            self._transport.abort()

    def _leave(self) -> bool:
        if self._left:
            return False
        self._left = True
        if self._resume is not None:
            self._resume.cancel()
            self._resume = None
        if self._arrived:
            self._loop.call_soon(self._keeper.left, self)
        return True

    # --- time ------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Look at the deadlines, and send a heartbeat if one is due."""
        if self._left:
            if self._vigil.is_late(now):
                self.abort()
        elif (failure := self._vigil.failure(now)) is not None:
            self.hang_up(failure)
        elif self._vigil.heartbeat_due(now):
            self.send(messages.Heartbeat())

    # --- in --------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The transport calls this, after TLS."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(self._limits.unread_high, self._limits.unread_low)
        self._vigil.heard(self._clock.now())
        if self._left:  # evicted at the last moment
            self._transport.abort()
            return
        self._arrived = True
        self._keeper.arrived(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        """The transport calls this, at its end."""
        self._hear_out()
        self._leave()
        self._transport = None
        if self._arrived:
            # `left` was promised before `gone`, and may still be on its way.
            self._loop.call_soon(self._keeper.gone, self)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  the transport's own signature
        """The transport calls this for somewhere to put bytes from the peer, and then buffer_updated."""
        self._fills = len(self._decoder.waiting) > 0
        return self._decoder.waiting if self._fills else _room

    def buffer_updated(self, nbytes: int) -> None:
        """The transport calls this with so many bytes from the peer."""
        if self._left:
            return
        now = self._clock.now()
        self._vigil.heard(now)
        if self._bytes_left is not None:
            self._bytes_left -= nbytes
            if self._bytes_left < 0:
                self.hang_up(TooLarge("that is more than anybody has to say at the bell"))
                return
        self._read(self._decoder.received(nbytes) if self._fills else self._decoder.feed(_room[:nbytes]), now)

    def _read(self, decoded: Generator[framing.Frame, None, None], now: float) -> None:
        """Take the complete frames, at the pace that is allowed; the decoder keeps the rest."""
        try:
            with closing(decoded) as frames:
                while not self._is_turn_of_others():
                    frame = next(frames, None)
                    if frame is None:
                        break
                    self._vigil.frame_ended()
                    wait = self._work(frame, now)
                    if self._left:
                        return
                    if wait > 0:
                        self._pause(wait)
                        return
                else:
                    self._pause(0.0)
                    return
        except RemoteError as error:
            self.hang_up(error)
            return
        if self._decoder.pending:
            self._vigil.frame_begun(now)
        else:
            self._vigil.frame_ended()

    def _hear_out(self) -> None:
        """What had come before the end, and only waited for its turn, counts: a last decision, an interrupt.

        There is no more of it than one read brings.
        """
        if self._left or self._resume is None:
            return
        try:
            with closing(self._decoder.feed(b"")) as frames:
                for frame in frames:
                    self._take(frame)
                    if self._left:
                        return
        except RemoteError:
            pass  # nobody is there to be told

    def _take(self, frame: framing.Frame) -> None:
        role = self._role
        if role is None:
            raise OutOfTurn("a message came too early")
        try:
            message = codec.unpack(frame.header, _FROM_CLIENT)
        except UnknownMessage as error:
            if self._pace is None or not self._greeted:
                raise
            self.send_error(error)
            return
        if isinstance(message, messages.Hello):
            self._greet(role, message)
        elif not self._greeted:
            raise OutOfTurn("the first message has to be hello")
        elif not isinstance(message, messages.Heartbeat):
            # A parcel is passed on as it is: to make bytes of it is to copy it.
            is_parcel = isinstance(message, messages.Parcel)
            role.received(self, message, cast("bytes", frame.payload) if is_parcel else bytes(frame.payload))

    def _greet(self, role: Role, hello: messages.Hello) -> None:
        if self._greeted:
            raise OutOfTurn("hello has been said")
        if messages.PROTOCOL not in hello.protocols:
            spoken = ", ".join(str(version) for version in hello.protocols) or "none"
            raise NoCommonVersion(
                f"This server speaks version {messages.PROTOCOL} of the protocol, the client {spoken}."
                " Update the older of the two."
            )
        self._greeted = True
        self.expect_within(None)
        role.greeted(self)

    # --- when a side is too slow -------------------------------------------------------------------------

    def _is_turn_of_others(self) -> bool:
        pace = self._pace
        return pace is not None and (
            pace.is_over(self._loop.time()) or pace.bulk.is_over(self._decoder.pending)
        )

    def _work(self, frame: framing.Frame, now: float) -> float:
        """Take one message, and account for it. Seconds until the next may be read."""
        began = perf_counter()
        self._take(frame)
        if self._pace is not None:
            self._pace.work(self._loop.time(), perf_counter() - began)
            self._pace.bulk.take(len(frame.payload))
        return self._spend(now)

    def _spend(self, now: float) -> float:
        wait = 0.0 if self._pace is None else self._pace.spend(now)
        if self._pace_unread is not None:
            wait = max(wait, self._pace_unread.spend(now))
        return wait

    def _pause(self, seconds: float) -> None:
        if self._resume is not None:
            self._resume.cancel()
        if self._transport is not None:
            self._transport.pause_reading()
            self._vigil.frame_ended()
            self._resume = self._loop.call_later(seconds, self._go_on)

    def _go_on(self) -> None:
        self._resume = None
        if self._left or self._transport is None:
            return
        transport = self._transport
        # What it has said before is heard only now; its heartbeats wait behind it.
        now = self._clock.now()
        self._vigil.heard(now)
        self._read(self._decoder.feed(b""), now)
        if self._resume is None:
            transport.resume_reading()

    def pause_writing(self) -> None:
        """The transport calls this when much is buffered for a peer that does not read."""
        self._pace_unread = Bucket(self._limits.messages_unread, self._clock.now())
        self._loop.call_soon(self._tell_congested)

    def resume_writing(self) -> None:
        """The transport calls this when the peer has read."""
        self._pace_unread = None
        self._loop.call_soon(self._tell_drained)

    def _tell_congested(self) -> None:
        if not self._left and self._role is not None:
            self._role.congested(self)

    def _tell_drained(self) -> None:
        if not self._left and self._role is not None:
            self._role.drained(self)


def _as_message(error: RemoteError) -> messages.Error:
    """An error as it travels."""
    return messages.Error(
        code=error.code,
        message=error.message[: 4 * 1024],
        detail={key[:64]: value[:1024] for key, value in error.detail.items()},
    )
