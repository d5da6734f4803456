"""Packets between the two ends of a transfer: parcels of their exchange, later perhaps a line of their own.

Each direction moves for itself, between two packets: a parcel that says `moved` is the last one by the bus.
The errand moves first, when its handshake is done, so nothing that goes wrong before that is noticed by
anybody: the transfer goes on as it began. Afterwards a line that breaks is a link that breaks.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import NoReturn, Protocol, cast

from msgspec import Struct

from claude_remote import codec
from claude_remote.errors import BadMessage, RemoteError
from claude_remote.messages import BULK, Packet
from claude_remote.parcels import Parcel
from claude_remote.transfer.line import Line, LineLost
from claude_remote.transfer.pump import Broken

_LONGEST_WAIT = 5.0
_LONGEST_ON_LINE = 1.0  # heartbeats are due there, too
_FULL = 0.05  # for so long a full line is waited for, before its packet is copied
_GRACE = 2.0  # who ends an exchange says why, and its line may be gone before that is heard
_LITTLE_ROOM = BULK // 2  # until then nobody waits for what may have come
_PACKET = Packet()
_PACKET_HEADER = codec.pack(_PACKET)
_MOVED = Packet(moved=True)


class Exchange(Protocol):
    """One end of an errand's exchange. Every method may raise what ends it."""

    @property
    def room(self) -> int:
        """Parcels that can be sent without waiting."""

    def send(self, header: Struct, payload: bytes = b"") -> None:
        """Send a parcel, as soon as there is room for it. The payload is copied."""

    def take(self) -> Parcel | None:
        """The next parcel, if one has come."""

    def turn(
        self, timeout: float, reading: Collection[int] = (), writing: Collection[int] = ()
    ) -> Collection[int]:
        """Until something has come or one of these descriptors is ready, at most so long: which are."""

    def breathe(self) -> None:
        """Look at what has come, and say that we live, if that was long ago."""


class Coming(Protocol):
    """A line that may come."""

    leads: bool
    """Whether this end is the first to move."""

    def poll(self, passed: int) -> Line | None:
        """The line, when its handshake is done. `passed`: bytes that have gone by the bus, both ways."""

    def wait(self) -> Line:
        """It must be there now, for the other end has moved. Raises RemoteError."""

    def close(self) -> None:
        """It is not wanted any more."""


class Duplex:
    """See claude_remote.transfer.pump.Duplex."""

    def __init__(self, exchange: Exchange, coming: Coming | None) -> None:
        self._exchange = exchange
        self._coming = coming
        self._line: Line | None = None
        self._outward: Line | None = None  # what is sent goes there
        self._inward: Line | None = None
        self._passed = 0

    @property
    def moved(self) -> bool:
        """Whether the line is in use."""
        return self._outward is not None or self._inward is not None

    @property
    def room(self) -> int:
        """See pump.Duplex."""
        if self._outward is not None:
            return 0 if self._outward.unsent else 1
        return self._exchange.room

    def send(self, packet: memoryview) -> None:
        """See pump.Duplex."""
        self._look()
        if self._outward is None:
            self._passed += len(packet)
            self._exchange.send(_PACKET, cast("bytes", packet))
            return
        try:
            self._send_by(self._outward, packet)
        except LineLost as error:
            self._explain(error)

    def receive(self, *, wait: bool) -> bytes | None:
        """See pump.Duplex."""
        self._look()
        if self._inward is None:
            return self._receive_parcel(wait=wait)
        try:
            return self._receive_by(self._inward, wait=wait)
        except LineLost as error:
            self._explain(error)

    def breathe(self) -> None:
        """To be called now and then by a machine that does something else for long. Raises pump.Broken."""
        try:
            self._exchange.breathe()
            if self._line is not None and self.moved:
                self._keep_up(self._line)
        except RemoteError as error:
            raise Broken(error) from None

    def finish(self) -> None:
        """See that all is sent, when nothing more is to be received."""
        line = self._outward
        try:
            while line is not None and not line.flush():
                self._wait_for(line)
        except LineLost as error:
            self._explain(error)
        # Heartbeats that are not read when the connection is closed would make the system take back what was
        # sent (RFC 2525, 2.17).
        if line is not None:
            line.drain()

    def close(self) -> None:
        """Let go of the line."""
        if self._coming is not None:
            self._coming.close()
        if self._line is not None:
            self._line.close()

    # --- the exchange ------------------------------------------------------------------------------------

    def _receive_parcel(self, *, wait: bool) -> bytes | None:
        exchange = self._exchange
        parcel = exchange.take()
        if parcel is None and (wait or exchange.room <= _LITTLE_ROOM):
            longest = _LONGEST_WAIT if self._outward is None else _LONGEST_ON_LINE
            exchange.turn(longest if wait else 0, (), self._writing())
            if self._outward is not None:  # the other end hears nothing of us but there
                self._keep_up(self._outward)
            parcel = exchange.take()
        if parcel is None:
            return None
        if parcel.header != _PACKET_HEADER and parcel.read(Packet).moved:
            self._follow()
            return None
        self._passed += len(parcel.payload)
        return parcel.payload

    def _writing(self) -> tuple[int, ...]:
        line = self._outward
        return (line.descriptor,) if line is not None and line.unsent else ()

    # --- moving ------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Take the line when it is there."""
        if self._line is None and self._coming is not None:
            self._line = self._coming.poll(self._passed)
            if self._line is not None and self._coming.leads:
                self._move()

    def _move(self) -> None:
        self._exchange.send(_MOVED)
        self._outward = self._line

    def _follow(self) -> None:
        """The other end has moved."""
        if self._coming is None:
            raise BadMessage("the other end has moved to a direct connection that nobody has asked for")
        self._line = self._line or self._coming.wait()
        self._inward = self._line
        if self._outward is None:
            self._move()

    # --- the line ----------------------------------------------------------------------------------------

    def _send_by(self, line: Line, packet: memoryview) -> None:
        if line.send(packet):
            self._exchange.breathe()
            return
        # The other end may be waiting likewise: so not for long without looking at what it says.
        while self._exchange.turn(_FULL, (), (line.descriptor,)):
            if line.flush():
                return
        line.keep_unsent()

    def _receive_by(self, line: Line, *, wait: bool) -> bytes | None:
        packet = line.receive()
        if packet is None and wait:
            self._wait_for(line, (line.descriptor,))
            packet = line.receive()
        else:
            self._exchange.breathe()
        return packet

    def _keep_up(self, line: Line) -> None:
        """Go on sending, and say that we live."""
        try:
            line.flush()
            line.beat()
        except LineLost as error:
            self._explain(error)

    def _wait_for(self, line: Line, reading: Collection[int] = ()) -> None:
        began = time.monotonic()
        ready = self._exchange.turn(_LONGEST_ON_LINE, reading, self._writing())
        if not ready:
            line.waited(min(time.monotonic() - began, _LONGEST_ON_LINE))
        line.flush()
        line.beat()

    def _explain(self, error: LineLost) -> NoReturn:
        """Raise why the line is gone: what ends the exchange, or else `error`."""
        until = time.monotonic() + _GRACE
        while (left := until - time.monotonic()) > 0:
            self._exchange.turn(left)
        raise error
