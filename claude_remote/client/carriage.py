"""How the packets of one transfer travel, over all the connections that it takes."""

from __future__ import annotations

import selectors
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from msgspec import Struct

from claude_remote.client.direct import Dialing
from claude_remote.client.errands import Errand, Errands
from claude_remote.client.persistence import Persistence
from claude_remote.errors import BadMessage, RemoteError
from claude_remote.parcels import Parcel
from claude_remote.transfer import pump
from claude_remote.transfer.duplex import Duplex

_BROKEN = 2  # attempts by a direct connection that may fail, before there are no more of these


class Carriage:
    """Of one transfer."""

    def __init__(self, errands: Errands) -> None:
        self._dial = errands.dial_direct
        self._broken = 0

    @property
    def direct(self) -> bool:
        """Whether the server may offer a direct connection."""
        return self._dial is not None and self._broken < _BROKEN

    @contextmanager
    def open(self, errand: Errand, persistence: Persistence) -> Iterator[Duplex]:
        """The way of one attempt."""
        coming = None
        if self._dial is not None and self.direct:
            coming = Dialing(self._dial, lambda: errand.offer)
        duplex = Duplex(_Exchange(errand, persistence), coming)
        try:
            yield duplex
        except RemoteError:
            self._broken += duplex.moved
            raise
        finally:
            duplex.close()


def run(machine: pump.Machine, duplex: Duplex, errand: Errand) -> None:
    """One end of a transfer, until the server, too, calls it done. Raises RemoteError."""
    pump.run(machine, duplex)
    duplex.finish()
    while errand.receive() is not None:
        pass


class _Exchange:
    """An errand as claude_remote.transfer.duplex has it."""

    def __init__(self, errand: Errand, persistence: Persistence) -> None:
        self._errand = errand
        self._persistence = persistence

    @property
    def room(self) -> int:
        return self._errand.room

    def send(self, header: Struct, payload: bytes = b"") -> None:
        self._errand.send(header, payload)

    def take(self) -> Parcel | None:
        parcel = self._errand.take()
        if parcel is not None:
            self._persistence.came()
        elif self._errand.done:
            raise BadMessage("the server calls it done before it is")
        return parcel

    def turn(
        self, timeout: float, reading: Collection[int] = (), writing: Collection[int] = ()
    ) -> Collection[int]:
        events = dict.fromkeys(reading, selectors.EVENT_READ)
        for descriptor in writing:
            events[descriptor] = events.get(descriptor, 0) | selectors.EVENT_WRITE
        if not self._errand.done:
            return self._errand.turn(timeout, events)
        # Its last words may still be on their way, by the direct connection.
        return _select(timeout, events)

    def breathe(self) -> None:
        self._errand.breathe()


def _select(timeout: float, events: Mapping[int, int]) -> set[int]:
    if not events:  # which Windows would not wait for
        time.sleep(timeout)
        return set()
    with selectors.DefaultSelector() as selector:
        for descriptor, wanted in events.items():
            selector.register(descriptor, wanted)
        return {key.fd for key, _ in selector.select(timeout)}
