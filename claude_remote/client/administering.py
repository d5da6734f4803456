"""A client's requests about the server itself, its clients and its audit (right: admin)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from claude_remote import messages
from claude_remote.client.answers import ANSWER_WITHIN, ask_all, ask_one, expect
from claude_remote.client.pool import Pool, closing_on_error
from claude_remote.errors import BadMessage, LinkLost, Restarting, ShuttingDown, TimedOut, Unreachable
from claude_remote.messages import ClientInfo, Draining, Message
from claude_remote.rights import Right

if TYPE_CHECKING:
    from claude_remote.client.crew import Crew

_ENDS_WITHIN = 15.0
_ALL = 100_000  # lines of the log, which keeps fewer
_AGAIN = 0.3


class Administering:
    """The part of Client that deals with the server itself, and with who may use it."""

    _pool: Pool

    # --- clients ----------------------------------------------------------------------------------------

    def clients(self) -> list[ClientInfo]:
        """Everybody that the server knows, those that wait for approval included."""
        return self._told(messages.ListClients())

    def approve(
        self,
        which: str,
        *,
        name: str | None = None,
        rights: Iterable[Right] | None = None,
        roots: Iterable[str] | None = None,
    ) -> ClientInfo:
        """Approve a client: by fingerprint, the beginning of one, pairing words, or name."""
        given = None if rights is None else tuple(rights)
        held = None if roots is None else tuple(roots)
        return self._changed(messages.Approve(which=which, name=name, rights=given, roots=held))

    def change_rights(self, change: messages.ChangeRights) -> ClientInfo:
        """Change what a client may do: at once, its live connections included."""
        return self._changed(change)

    def refuse(self, which: str) -> ClientInfo:
        """Refuse a client that waits."""
        return self._changed(messages.Refuse(which=which))

    def revoke(self, which: str) -> ClientInfo:
        """Revoke a client: at once, its live connections included."""
        return self._changed(messages.Revoke(which=which))

    # --- audit ------------------------------------------------------------------------------------------

    def audit(
        self,
        *,
        after: int = 0,
        since: float = 0.0,
        client: str = "",
        session: str = "",
        follow: bool = False,
    ) -> Iterator[bytes]:
        """The audit's records after `after`, as `audit export` writes them: lines, in pieces as they come.

        `since`: seconds since the epoch; `client` and `session` as in claude_remote.audit.Wanted.
        """
        with self._pool.link() as link:
            link.send(
                messages.ReadAudit(after=after, since=since, client=client, session=session, follow=follow)
            )
            while True:
                message, payload = link.receive(None if follow else ANSWER_WITHIN)
                if isinstance(message, messages.Done):
                    return
                expect(message, messages.AuditRecords)
                yield from payload.splitlines(keepends=True)

    def check_audit(self, seq: int) -> messages.AuditHead | None:
        """The audit's record of this number as it is now (right: approve)."""
        return ask_one(self._pool, messages.CheckAudit(seq=seq), messages.AuditSeen).head

    # --- the server -------------------------------------------------------------------------------------

    def shut_down(self, *, now: bool = False, on_draining: Callable[[Draining], None] | None = None) -> None:
        """End the server when no turn runs any more, or `now`. Returns when it has said goodbye.

        `on_draining` is told how many turns it waits for. An exception in here (Ctrl-C too) takes it back.
        """
        link = self._pool.take()
        with closing_on_error(link):
            link.send(messages.Shutdown(now=now))
            while not isinstance(message := link.receive().message, messages.Done):
                draining = expect(message, Draining)
                if on_draining is not None:
                    on_draining(draining)
            with suppress(ShuttingDown, LinkLost, TimedOut):
                link.receive(_ENDS_WITHIN)
        link.close()

    def workers(self) -> Crew:
        """What each worker and its claude does, and who waits for one."""
        return self._crew(messages.ListWorkers())

    def scale_workers(self, least: int, most: int) -> Crew:
        """At most `most` claudes at once from now on; `least` of the idle ones are kept.

        No turn is interrupted. It holds until the server is started with another number.
        """
        return self._crew(messages.ScaleWorkers(least=least, most=most))

    def server_log(
        self,
        *,
        lines: int = 100,
        follow: bool = False,
        patience: float = 0.0,
        on_away: Callable[[str], None] = lambda _: None,
    ) -> Iterator[bytes]:
        """Pieces of the server's log, whole lines: the last so many, and with `follow` what comes.

        When the server restarts, `on_away` is told, and for `patience` seconds it is tried to go on with the
        next life's log, from its beginning. When only the link breaks, what was logged meanwhile is left out.
        """
        while True:
            try:
                yield from self._server_log(lines, follow=follow)
            except (Restarting, LinkLost) as error:
                if not follow or patience <= 0:
                    raise
                on_away(error.message)
                lines = _ALL if isinstance(error, Restarting) else 0
                self._wait_for(time.monotonic() + patience)
            else:
                return

    def _wait_for(self, until: float) -> None:
        """Until the server lets us in again. Raises what keeps us out."""
        while True:
            time.sleep(_AGAIN)
            try:
                self._pool.put_back(self._pool.open().link)
            except (Unreachable, LinkLost, Restarting, ShuttingDown):
                if time.monotonic() >= until:
                    raise
            else:
                return

    def _server_log(self, lines: int, *, follow: bool) -> Iterator[bytes]:
        with self._pool.link() as link:
            link.send(messages.ServerLogs(lines=lines, follow=follow))
            while not isinstance((incoming := link.receive()).message, messages.Done):
                expect(incoming.message, messages.LogLines)
                yield incoming.payload

    # --- inside -----------------------------------------------------------------------------------------

    def _changed(self, request: Message) -> ClientInfo:
        clients = self._told(request)
        if len(clients) != 1:
            raise BadMessage(f"one client was to change; the server names {len(clients)}")
        return clients[0]

    def _told(self, request: Message) -> list[ClientInfo]:
        told = ask_all(self._pool, request, messages.Clients)
        return [client for message in told for client in message.clients]

    def _crew(self, request: messages.ListWorkers | messages.ScaleWorkers) -> Crew:
        from claude_remote.client.crew import gather

        return gather(ask_all(self._pool, request, messages.Workers))
