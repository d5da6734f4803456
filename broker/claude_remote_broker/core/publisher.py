"""The feed: what is committed, numbered, in batches; to the PUB socket and to those who watch by the door."""

from __future__ import annotations

from typing import Protocol

from claude_remote import feed
from claude_remote.messages import ClientInfo, SessionInfo
from claude_remote_broker.core.asked import approval_info
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.lease import Lease
from claude_remote_broker.core.session import Session
from claude_remote_broker.core.words import cut
from claude_remote_broker.journal import ApprovalRow, PromptRow
from claude_remote_broker.ports import Publish

# What belongs to no session (clients) has a rhythm of its own.
_NOBODY = ""


class Watcher(Protocol):
    """Who follows the feed by the door."""

    def published(self, published: feed.Published) -> None:
        """The next of it."""


class Reader(Protocol):
    """Who follows approvals alone."""

    def changed(self, session: Session, row: ApprovalRow) -> None:
        """One is new, moved on, or has ended."""

    def tell(self) -> None:
        """The server may be shutting down."""


class Publisher:
    """Numbers items and publishes those of one session at most 20 times a second, the first at once."""

    def __init__(self, context: Context, generation: int) -> None:
        self._context = context
        self._generation = generation
        self._seq = 0
        self._waiting: dict[str, list[feed.AnyItem]] = {}
        self._touched: dict[str, Session] = {}
        self._told: dict[str, SessionInfo] = {}  # what was last published of each session that lives
        self._next_at: dict[str, float] = {}
        self._wake_at = 0.0
        self.watchers: dict[int, Watcher] = {}
        self.readers: dict[int, Reader] = {}  # of approvals

    # --- what happened ---------------------------------------------------------------------------------

    def touch(self, session: Session) -> None:
        """Something about a session may be different."""
        if not session.fresh:
            self._touched[session.id] = session

    def session_forgotten(self, session: Session, reason: str) -> None:
        """A session was trimmed."""
        self._touched.pop(session.id, None)
        self._told.pop(session.id, None)
        self._add(session.id, feed.SessionForgotten(session=session.id, reason=cut(reason)))

    def prompt(self, session: Session, row: PromptRow) -> None:
        """A prompt is new or moved on."""
        item = feed.PromptUpdated(
            prompt=row.id,
            session=session.id,
            client=row.client_name,
            state=row.state,
            text=row.start,
            reason=row.reason,
            cost=row.cost,
            duration=row.duration,
        )
        self._add(session.id, item)

    def approval(self, session: Session, row: ApprovalRow) -> None:
        """An approval opened or moved on."""
        item = feed.ApprovalUpdated(
            approval=approval_info(session, row, self._context.host),
            state=row.state,
            by="" if row.decision is None else row.decision.by,
            reason=row.reason,
        )
        self._add(session.id, item)
        for reader in [*self.readers.values()]:
            reader.changed(session, row)

    def said(self, session: Session, text: str) -> None:
        """What claude said at the end of a turn."""
        self._add(session.id, feed.Said(session=session.id, text=text))

    def worker(self, lease: Lease, *, gone: bool = False) -> None:
        """A worker came, took its session, fell silent or went."""
        session = self._context.sessions.get(lease.session)
        known = None if session is not None and session.warm else lease.session
        self._add(lease.session, worker_item(lease, known, gone=gone))
        if session is not None:
            self.touch(session)

    def client(self, info: ClientInfo) -> None:
        """A client came, went, or was decided on."""
        self._add(_NOBODY, feed.ClientChanged(client=info))

    def client_forgotten(self, fingerprint: str) -> None:
        """A client is no more in the table."""
        self._add(_NOBODY, feed.ClientForgotten(fingerprint=fingerprint))

    def _add(self, key: str, item: feed.AnyItem) -> None:
        self._waiting.setdefault(key, []).append(item)

    # --- out -------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Publish what may be published now. At the end of each event."""
        if not self._waiting and not self._touched:
            return
        now = self._context.now
        due = [key for key in dict.fromkeys([*self._waiting, *self._touched]) if not self._rests(key)]
        items: list[feed.AnyItem] = []
        for key in due:
            found = self._waiting.pop(key, []) + self._session_item(key)
            if found:
                self._next_at[key] = now + self._context.limits.pause_between_publications
                items += found
        for start in range(0, len(items), self._context.limits.items_of_publication):
            self._publish(tuple(items[start : start + self._context.limits.items_of_publication]))
        self._wake()

    def tick(self) -> None:
        """Forget the rhythm of who has been quiet."""
        self._next_at = {key: at for key, at in self._next_at.items() if self._is_ahead(at)}

    def _rests(self, key: str) -> bool:
        """Whether something of it was published just now."""
        return self._is_ahead(self._next_at.get(key, 0.0))

    def _is_ahead(self, at: float) -> bool:
        """Further ahead lies only what a clock said that has been set back since."""
        return 0 < at - self._context.now <= self._context.limits.pause_between_publications

    def _session_item(self, key: str) -> list[feed.AnyItem]:
        session = self._touched.pop(key, None)
        if session is None:
            return []
        info = session.info(self._context.host)
        if self._told.get(key) == info:
            return []
        if session.lease is None and not session.prompts:
            self._told.pop(key, None)
        else:
            self._told[key] = info
        return [feed.SessionUpdated(session=info)]

    def _publish(self, items: tuple[feed.AnyItem, ...]) -> None:
        published = feed.Published(
            generation=self._generation, seq=self._seq + 1, at=self._context.now, items=items
        )
        self._seq += len(items)
        self._context.effects.do(Publish(published))
        for watcher in [*self.watchers.values()]:
            watcher.published(published)

    def _wake(self) -> None:
        """Ask for a tick when the next of what waits is due."""
        waiting = self._waiting.keys() | self._touched.keys()
        if waiting and not self._is_ahead(self._wake_at):
            at = min(self._next_at.get(key, 0.0) for key in waiting)
            self._wake_at = at
            self._context.effects.wake(max(at - self._context.now, 0.001))

    def snapshot(self) -> feed.Snapshot:
        """All that a watcher needs to begin. What waits to be published is in it already, and harmless."""
        context = self._context
        sessions = context.sessions.newest(context.limits.listed)
        approvals = [
            approval_info(session, row, context.host)
            for session in sessions
            for row in session.approvals.values()
            if row.state == "open"
        ]
        return feed.Snapshot(
            generation=self._generation,
            seq=self._seq,
            at=context.now,
            host=context.host,
            version=context.version,
            clients=context.clients.infos()[: context.limits.listed],
            sessions=tuple(session.info(context.host) for session in sessions),
            approvals=tuple(approvals[: context.limits.listed]),
            workers=tuple(
                worker_item(lease, None if context.warm.is_lease(lease) else lease.session)
                for lease in context.workers.leases
            ),
        )


def worker_item(lease: Lease, session: str | None, *, gone: bool = False) -> feed.WorkerUpdated:
    """As others see it. One that is kept warm is no session's yet."""
    return feed.WorkerUpdated(
        worker=lease.worker,
        pid=lease.pid,
        state="gone" if gone else "silent" if lease.silent else "leased" if lease.route else "started",
        session=session,
    )
