"""Errands: work on the server's machine that is no session. Parcels go both ways until it is done.

with client.run_errand(messages.Exec(), b"ls -l\\0") as errand:
    while (parcel := errand.receive()) is not None:
        ...
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

import msgspec

from claude_remote import codec, messages
from claude_remote.client.direct import Dial, Offer
from claude_remote.client.link import Link
from claude_remote.client.pool import Pool, closing_on_error
from claude_remote.errors import BadMessage, RemoteError, TimedOut
from claude_remote.parcels import Accounts, Parcel

_LONGEST_WAIT = 5.0
_BREATHE_EVERY = 0.2


class Errand:
    """One that is under way. Leaving the context before it is done ends it on the server, too.

    Both ways are bounded: `send` waits until the errand has taken what was sent before, and it does the same
    until `receive` has taken what it sent.
    """

    def __init__(
        self, link: Link, release: Callable[[Link], None], request: messages.Errand, payload: bytes
    ) -> None:
        self._link = link
        self._release = release
        self._accounts = Accounts()
        self._arrived: deque[Parcel] = deque()
        self._done = False
        self._turned = time.monotonic()
        self.offer: Offer | None = None
        """Of a direct connection, when the server has made one."""
        link.send(request, payload)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def done(self) -> bool:
        """Whether it has ended well, and every parcel was received."""
        return self._done and not self._arrived

    @property
    def room(self) -> int:
        """Parcels that can be sent now without waiting."""
        return self._accounts.room

    def send(self, header: msgspec.Struct, payload: bytes = b"", *, urgent: bool = False) -> None:
        """Send a parcel of at most messages.PARCEL bytes, as soon as there is room for it.

        What is sent when the errand is done already goes nowhere. Raises whatever error ends the errand.
        """
        while not self._done and not (self._accounts.urgent_room if urgent else self._accounts.room):
            self.turn(_LONGEST_WAIT)
        if not self._done:
            self._accounts.sent()
            self._link.send(messages.Parcel(header=codec.pack(header), urgent=urgent), payload)

    def receive(self, timeout: float | None = None) -> Parcel | None:
        """The next parcel, None when the errand is done. Raises TimedOut, and whatever error ends it."""
        until = None if timeout is None else time.monotonic() + timeout
        while not self._arrived:
            if self._done:
                return None
            left = _LONGEST_WAIT if until is None else until - time.monotonic()
            if left <= 0:
                raise TimedOut("the server did not answer in time")
            self.turn(min(left, _LONGEST_WAIT))
        return self.take()

    def take(self) -> Parcel | None:
        """The next parcel, if one has come. Taking it lets the errand send another."""
        if not self._arrived:
            return None
        parcel = self._arrived.popleft()
        credit = self._accounts.taken(urgent=parcel.urgent)
        if credit and not self._done:
            self._link.send(messages.Credit(parcels=credit))
        return parcel

    def turn(self, timeout: float, others: Mapping[int, int] | None = None) -> set[int]:
        """Wait, at most so long, until something has come or one of these descriptors is ready: which are.

        `others`: events of the selectors module by descriptor. Raises whatever error ends the errand.
        """
        self._turned = time.monotonic()
        try:
            ready = self._link.turn(0 if self._done else timeout, others or {})
            while not self._done and (incoming := self._link.take()) is not None:
                self._digest(incoming.message, incoming.payload)
        except RemoteError:
            self._link.close()
            raise
        return ready

    def breathe(self) -> None:
        """Look at what has come and say that we live, if that was long ago."""
        if time.monotonic() - self._turned > _BREATHE_EVERY:
            self.turn(0)

    def cancel(self) -> None:
        """Ask the server to end it; it is over when `receive` gives None."""
        if not self._done:
            self._link.send(messages.Cancel())

    def close(self) -> None:
        """Let go of it. One that is not done ends with its connection."""
        if self._done:
            self._release(self._link)
        else:
            self._link.close()

    def _digest(self, message: messages.Message, payload: bytes) -> None:
        match message:
            case messages.Parcel(header=header, urgent=urgent):
                if len(self._arrived) >= messages.WINDOW:
                    raise BadMessage("the server sends more parcels than it may")
                self._arrived.append(Parcel(header, payload, urgent))
            case messages.Credit(parcels=parcels):
                self._accounts.credited(parcels)
            case messages.Direct(ticket=ticket):
                self.offer = Offer(ticket, payload)
            case messages.Done():
                self._done = True
            case _:
                raise BadMessage(f"the server sent {type(message).__name__} in the midst of an errand")


class Errands:
    """The part of Client that runs errands."""

    _pool: Pool

    @property
    def dial_direct(self) -> Dial | None:
        """How a direct connection to the server is opened; None where there can be none."""
        return self._pool.dial_direct

    def run_errand(self, request: messages.Errand, payload: bytes = b"") -> Errand:
        """Begin one: it works until it is done, or until it is closed."""
        link = self._pool.take()
        with closing_on_error(link):
            return Errand(link, self._pool.put_back, request, payload)
