"""Watch: the feed by the door. Who cannot keep up gets a new snapshot instead of what it missed."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from claude_remote import codec, feed
from claude_remote import messages as m
from claude_remote.errors import OutOfTurn, QueueFull
from claude_remote.rights import Right
from claude_remote_broker.core import gate
from claude_remote_broker.core.client import Client, Exchange
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.lines import slices


class Watching(Exchange):
    """A snapshot, then what is published, until Cancel."""

    def __init__(self, context: Context, client: Client, request: m.Watch) -> None:
        super().__init__(context, client)
        self._window = request.window
        self._sent = self._seen = 0  # numbers of items
        self._missed = False

    def begin(self) -> None:
        """Subscribe and give the snapshot in one step. Raises QueueFull."""
        watchers = self.context.publisher.watchers
        if len(watchers) >= self.context.limits.watchers:
            raise QueueFull(f"{len(watchers)} clients watch already")
        watchers[self.client.conn] = self
        self._snapshot()

    def published(self, published: feed.Published) -> None:
        """The next of the feed."""
        if self._missed or not self._has_room:
            self._missed = True
            return
        self._sent = published.seq + len(published.items) - 1
        if any(isinstance(item, feed.ClientChanged) for item in published.items):
            self._send(replace(published, items=tuple(self._shown(item) for item in published.items)))
        else:
            self._send(published)

    def drained(self) -> None:
        """There is room again."""
        if self._missed and self._has_room:
            self._missed = False
            self._snapshot()

    def received(self, message: m.Message, payload: bytes) -> None:  # noqa: ARG002  there is none
        """Cancel, and what has been seen."""
        match message:
            case m.Seen(seq=seq):
                self._seen = max(self._seen, min(seq, self._sent))
                self.drained()
            case m.Cancel():
                self.end()
            case _:
                raise OutOfTurn(f"{type(message).__name__} has no meaning now")

    def check(self) -> None:
        """See Exchange."""
        gate.check(self.client.peer, m.Watch(), self.context.clients)

    def closed(self) -> None:
        """Watch no more."""
        self.context.publisher.watchers.pop(self.client.conn, None)

    @property
    def _has_room(self) -> bool:
        if self.client.congested:
            return False
        return not self._window or self._sent - self._seen < self._window

    def _snapshot(self) -> None:
        snapshot = self.context.publisher.snapshot()
        self._sent = self._seen = snapshot.seq
        clients = tuple(self._client(info) for info in snapshot.clients)
        self._send(replace(snapshot, clients=clients))

    def _send(self, message: Struct) -> None:
        *before, last = slices(codec.pack(message))
        for part in before:
            self.client.send(m.Feed(more=True), part)
        self.client.send(m.Feed(), last)

    def _shown(self, item: feed.AnyItem) -> feed.AnyItem:
        if isinstance(item, feed.ClientChanged):
            return feed.ClientChanged(client=self._client(item.client))
        return item

    def _client(self, info: m.ClientInfo) -> m.ClientInfo:
        """Where others are, and by which words they are known, is for those who administer."""
        rights = gate.rights_of(self.client.peer.fingerprint, self.context.clients)
        if Right.ADMIN in rights:
            return info
        return replace(info, address="", words="", roots=(), user="", host="")
