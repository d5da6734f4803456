"""The client's end of a direct connection: dialled in a thread, while the transfer goes on as it began."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from claude_remote.errors import LinkLost, RemoteError
from claude_remote.transfer.line import Line

_log = logging.getLogger(__name__)

_WITHIN = 5.0  # for what should be there already


class Offer(NamedTuple):
    """What the server has said of it: the ticket, and the certificate that the errand shows, DER."""

    ticket: bytes
    certificate: bytes


# Dials, and shakes hands. Raises RemoteError.
Dial: TypeAlias = Callable[[Offer], ssl.SSLSocket]


class Dialing:
    """See claude_remote.transfer.duplex.Coming. `offer` gives the server's, as soon as it has come."""

    leads = False

    def __init__(self, dial: Dial, offer: Callable[[], Offer | None]) -> None:
        self._dial = dial
        self._offer = offer
        self._thread: threading.Thread | None = None
        self._arrived: Line | None = None
        self._closed = False
        self._lock = threading.Lock()  # of the two above

    def poll(self, passed: int) -> Line | None:
        """See Coming."""
        del passed
        if self._thread is None and (offer := self._offer()) is not None:
            self._thread = threading.Thread(target=self._run, args=(offer,), daemon=True, name="direct")
            self._thread.start()
        return self._arrived

    def wait(self) -> Line:
        """See Coming. The errand has it already, so this takes a moment at most."""
        if self._thread is not None:
            self._thread.join(_WITHIN)
        if self._arrived is None:
            raise LinkLost("the server has moved to a direct connection that did not come about")
        return self._arrived

    def close(self) -> None:
        """See Coming. What is being dialled is closed when it is there."""
        with self._lock:
            self._closed = True
            if self._arrived is not None:
                self._arrived.close()

    def _run(self, offer: Offer) -> None:
        try:
            stream = self._dial(offer)
        except RemoteError as error:
            # Nobody misses it: the transfer goes on as it has begun.
            _log.info("no direct connection: %s", error.message)
            return
        with self._lock:
            if self._closed:
                stream.close()
            else:
                self._arrived = Line(stream)
