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

    def __init__(self, context: Context, client: Client) -> None:
        super().__init__(context, client)
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
        if self.client.congested:
            self._missed = True
        elif any(isinstance(item, feed.ClientChanged) for item in published.items):
            self._send(replace(published, items=tuple(self._shown(item) for item in published.items)))
        else:
            self._send(published)

    def drained(self) -> None:
        """There is room again."""
        if self._missed:
            self._missed = False
            self._snapshot()

    def received(self, message: m.Message, payload: bytes) -> None:  # noqa: ARG002  there is none
        """Cancel alone."""
        if not isinstance(message, m.Cancel):
            raise OutOfTurn(f"{type(message).__name__} has no meaning now")
        self.end()

    def check(self) -> None:
        """See Exchange."""
        gate.check(self.client.peer, m.Watch(), self.context.clients)

    def closed(self) -> None:
        """Watch no more."""
        self.context.publisher.watchers.pop(self.client.conn, None)

    def _snapshot(self) -> None:
        snapshot = self.context.publisher.snapshot()
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
