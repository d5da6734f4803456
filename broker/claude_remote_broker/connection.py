"""One connection: messages in and out, hello, heartbeats, deadlines, and what becomes of who does not read.

A connection knows nothing about who is there. Its keeper (the door) gives it a role when it has arrived, and
the role gets its messages. Neither is ever called from inside `send` or `hang_up`.
"""

from __future__ import annotations

import asyncio
import logging
from typing import cast

from claude_remote import codec, framing, messages
from claude_remote.errors import (
    NoCommonVersion,
    OutOfTurn,
    RemoteError,
    UnknownMessage,
)
from claude_remote_broker.inflow import Inflow
from claude_remote_broker.limits import Limits, Pace
from claude_remote_broker.roles import Keeper, Origin, Role
from claude_remote_broker.sparing import SparingLog
from claude_remote_broker.vigil import Vigil
from claude_remote_broker.waking_time import WakingTime

_unread = SparingLog(logging.getLogger(__name__))

# A union of types is no `type` for mypy; msgspec takes it as one.
_FROM_CLIENT = cast("type[messages.Message]", messages.FromClient)


class Connection(asyncio.BufferedProtocol):
    """See the module. `number` is what the rest of the broker calls it."""

    __slots__ = (
        "_arrived",
        "_clock",
        "_greeted",
        "_inflow",
        "_keeper",
        "_known",
        "_left",
        "_limits",
        "_loop",
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
        self._role: Role | None = None
        self._known = False
        self._greeted = False
        self._arrived = False
        self._left = False
        self._vigil = Vigil(limits, clock.now())
        self._inflow = Inflow(limits, self._vigil, clock, self._take, self.hang_up)

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
            self._known = True
            self._inflow.admit(pace)
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
        self._inflow.stop()
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
        self._inflow.begin(self._transport)
        self._vigil.heard(self._clock.now())
        if self._left:  # evicted at the last moment
            self._transport.abort()
            return
        self._arrived = True
        self._keeper.arrived(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        """The transport calls this, at its end."""
        self._inflow.hear_out()
        self._leave()
        self._transport = None
        if self._arrived:
            # `left` was promised before `gone`, and may still be on its way.
            self._loop.call_soon(self._keeper.gone, self)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  the transport's own signature
        """The transport calls this for somewhere to put bytes from the peer, and then buffer_updated."""
        return self._inflow.room()

    def buffer_updated(self, nbytes: int) -> None:
        """The transport calls this with so many bytes from the peer."""
        self._inflow.received(nbytes)

    def _take(self, frame: framing.Frame) -> None:
        role = self._role
        if role is None:
            raise OutOfTurn("a message came too early")
        try:
            message = codec.unpack(frame.header, _FROM_CLIENT)
        except UnknownMessage as error:
            if not self._known or not self._greeted:
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

    # --- when the peer is too slow -----------------------------------------------------------------------

    def pause_writing(self) -> None:
        """The transport calls this when much is buffered for a peer that does not read."""
        self._inflow.be_slow(slow=True)
        self._loop.call_soon(self._tell_congested)

    def resume_writing(self) -> None:
        """The transport calls this when the peer has read."""
        self._inflow.be_slow(slow=False)
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
