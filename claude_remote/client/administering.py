"""A client's requests about the server itself, its clients and its audit (right: admin)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from claude_remote import messages
from claude_remote.client.answers import ANSWER_WITHIN, ask_all, ask_one, expect
from claude_remote.client.pool import Pool, closing_on_error
from claude_remote.errors import BadMessage, LinkLost, ShuttingDown, TimedOut
from claude_remote.messages import ClientInfo, Draining, Message
from claude_remote.rights import Right

_ENDS_WITHIN = 15.0


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

    def server_log(self, *, lines: int = 100, follow: bool = False) -> Iterator[bytes]:
        """Pieces of the server's log, whole lines: the last so many, and with `follow` what comes."""
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
