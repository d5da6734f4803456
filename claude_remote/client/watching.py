"""Watching a server: the feed by the door or the control socket."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeAlias, cast

from claude_remote import codec, feed, messages
from claude_remote.client.link import Link
from claude_remote.errors import BadMessage, LinkLost, TimedOut, TooLarge
from claude_remote.messages import DEAD_AFTER

FeedMessage: TypeAlias = feed.Snapshot | feed.Published

_FEED = cast("type[FeedMessage]", FeedMessage)  # a union, which type[] cannot say
_MAX_MESSAGE = 64 * 1024 * 1024  # a snapshot of all that a server lists is a few MB


class Watching:
    """One Watch: a snapshot first, then what happens; a snapshot again whenever we were too slow.

    One thread receives; `abort` may be called from any.
    """

    def __init__(self, link: Link, release: Callable[[Link], None], window: int = 0) -> None:
        self._link = link
        self._release = release
        self._parts: list[bytes] = []
        self._size = 0
        link.send(messages.Watch(window=window))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def unheard(self) -> float:
        """Seconds since the server was heard, heartbeats included."""
        return self._link.unheard

    def receive(self, timeout: float) -> FeedMessage | None:
        """The next message of the feed; None when there was none for `timeout` seconds.

        Raises LinkLost when the server is gone, and whatever error it gives.
        """
        ends = time.monotonic() + timeout
        while True:
            try:
                message, payload = self._link.receive(max(0.0, ends - time.monotonic()))
            except TimedOut:
                if self._link.unheard > DEAD_AFTER:
                    raise LinkLost(f"{self._link.peer} has not been heard for {DEAD_AFTER:.0f} s") from None
                return None
            if not isinstance(message, messages.Feed):
                raise BadMessage(f"the server answered {type(message).__name__} where Feed belongs")
            self._size += len(payload)
            if self._size > _MAX_MESSAGE:
                raise TooLarge(f"a message of the feed is longer than {_MAX_MESSAGE} bytes")
            self._parts.append(payload)
            if not message.more:
                whole = b"".join(self._parts)
                self._parts.clear()
                self._size = 0
                return codec.unpack(whole, _FEED)

    def seen(self, seq: int) -> None:
        """Items up to this number have been shown: the next may come. By the thread that receives."""
        self._link.send(messages.Seen(seq=seq))

    def finish(self, within: float) -> None:
        """End the exchange in an orderly way, so that its link serves the next one."""
        self._link.send(messages.Cancel())
        ends = time.monotonic() + within
        while not isinstance(self._link.receive(max(0.0, ends - time.monotonic())).message, messages.Done):
            pass
        self._release(self._link)

    def abort(self) -> None:
        """Make the thread that receives stop with LinkLost, soon. From any thread."""
        self._link.abort()

    def close(self) -> None:
        """Watch no more."""
        self._link.close()
