"""Links that wait for their next exchange: two exchanges at once take two links."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from claude_remote.client.direct import Dial
from claude_remote.client.link import Link
from claude_remote.client.roads import Arrived, Road
from claude_remote.errors import OutOfTurn

# A server hangs up on who has been silent for DEAD_AFTER; a link that was idle for long is not worth trying.
_FRESH_FOR = 8.0
_MOST = 4


class Pool:
    """The links to one server. May be used from several threads."""

    def __init__(self, road: Road) -> None:
        self._road = road
        self._idle: deque[tuple[float, Link]] = deque()
        self._closed = False
        self.on_away: Callable[[str], None] = lambda _: None  # told when asking again takes long

    def open(self) -> Arrived:
        """A new link with what the server said of itself; give the link back with `put_back`."""
        return self._road.open()

    @property
    def dial_direct(self) -> Dial | None:
        """See Road."""
        return self._road.dial_direct

    def take(self) -> Link:
        """A link for one exchange, an idle one if there is one."""
        if self._closed:
            raise OutOfTurn("this client is closed")
        while True:
            try:
                since, link = self._idle.pop()
            except IndexError:
                return self._road.open().link
            if time.monotonic() - since < _FRESH_FOR and link.is_quiet():
                return link
            link.close()

    def put_back(self, link: Link) -> None:
        """The exchange on it is complete."""
        if self._closed or link.closed or len(self._idle) >= _MOST:
            link.close()
        else:
            self._idle.append((time.monotonic(), link))

    @contextmanager
    def link(self) -> Iterator[Link]:
        """A link for one exchange: kept when it is complete, closed when anything fails."""
        link = self.take()
        with closing_on_error(link):
            yield link
        self.put_back(link)

    def close(self) -> None:
        """Close every idle link; those in use are closed when they come back."""
        self._closed = True
        while self._idle:
            self._idle.pop()[1].close()


@contextmanager
def closing_on_error(link: Link) -> Iterator[None]:
    """Close the link when anything goes wrong inside."""
    try:
        yield
    except BaseException:
        link.close()
        raise
