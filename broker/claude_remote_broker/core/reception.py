"""Where messages of clients arrive: rights, then the exchange they begin or belong to."""

from __future__ import annotations

from claude_remote import messages as m
from claude_remote.errors import OutOfTurn, RemoteError, ShuttingDown, UnknownMessage
from claude_remote_broker.core import gate, interrupting, ruling
from claude_remote_broker.core.asked import Listing
from claude_remote_broker.core.attaching import Attaching
from claude_remote_broker.core.auditing import Auditing, Checking
from claude_remote_broker.core.awaiting import Awaiting
from claude_remote_broker.core.client import Client
from claude_remote_broker.core.closing import Closing
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.controls import Controlling
from claude_remote_broker.core.counting import Counting
from claude_remote_broker.core.listing import pages
from claude_remote_broker.core.log_reading import LogReading
from claude_remote_broker.core.opening import Opening
from claude_remote_broker.core.prompting import Prompting
from claude_remote_broker.core.receipts import DecideRequest
from claude_remote_broker.core.recording import Denials
from claude_remote_broker.core.renaming import Renaming
from claude_remote_broker.core.showing import Showing
from claude_remote_broker.core.shutting import Shutting
from claude_remote_broker.core.surveying import Surveying
from claude_remote_broker.core.watching import Watching
from claude_remote_broker.ports import Administer, Connected, Connection, Received


class Reception:
    """All connections."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._clients: dict[Connection, Client] = {}
        self._denials = Denials(context)

    def connected(self, event: Connected) -> None:
        """A client is there."""
        self._clients[event.conn] = Client(self._context, event.conn, event.peer, self._denials.note)

    def disconnected(self, conn: Connection) -> None:
        """It is gone; what it asked for and is recorded goes on."""
        self._context.noticing.left(conn)
        client = self._clients.pop(conn, None)
        if client is not None and client.exchange is not None:
            client.exchange.leave()

    def rights_taken(self, fingerprint: str) -> None:
        """What this client has under way ends if it may not go on."""
        for client in [*self._clients.values()]:
            if client.peer.fingerprint == fingerprint and client.exchange is not None:
                try:
                    client.exchange.check()
                except RemoteError as error:
                    client.exchange.end(error)

    def audit_grown(self) -> None:
        """Those who follow the audit are told."""
        for reader in [*self._context.auditing.values()]:
            reader.grown()

    def congested(self, conn: Connection) -> None:
        """More is buffered for it than should be."""
        client = self._clients.get(conn)
        if client is not None:
            client.congested = True

    def drained(self, conn: Connection) -> None:
        """There is room again."""
        client = self._clients.get(conn)
        if client is not None and client.congested:
            client.congested = False
            if client.exchange is not None:
                client.exchange.drained()

    def received(self, event: Received) -> None:
        """A message: a request, or part of the exchange that is under way."""
        client = self._clients.get(event.conn)
        if client is None:
            return
        self._context.noticing.heard(event.conn, client.peer, event.message)
        exchange = client.exchange
        try:
            if exchange is not None:
                exchange.received(event.message, event.payload)
            elif not _is_late(event.message):
                self._begin(client, event.message, event.payload)
        except OutOfTurn as error:
            client.hang_up(error)
        except RemoteError as error:
            if client.exchange is not None:
                client.exchange.end(error)
            else:
                client.fail(error)

    def _begin(self, client: Client, message: m.Message, payload: bytes) -> None:
        context = self._context
        client.request = request_name(message)
        gate.check(client.peer, message, context.clients)
        _check_time(message, context)
        match message:
            case m.Prompt():
                Prompting(context, client, message).begin(payload)
            case m.Open():
                Opening(context, client, message).begin()
            case m.Attach():
                Attaching(context, client, message).begin()
            case m.Control():
                Controlling(context, client, message).begin(payload)
            case m.Watch():
                Watching(context, client, message).begin()
            case m.Decide():
                DecideRequest(context, client, message).begin(payload)
            case m.Errand():
                context.errands.begin(client, message, payload)
            case _:
                self._look(client, message)

    def _look(self, client: Client, message: m.Message) -> None:
        """Requests about a session as a whole, about approvals, and those that are answered at once."""
        match message:
            case m.ReadAudit():
                Auditing(self._context, client, message).begin()
            case m.CheckAudit():
                Checking(self._context, client, message).begin()
            case m.ShowStatus():
                Surveying(self._context, client, message).begin()
            case m.Await():
                Awaiting(self._context, client, message).begin()
            case m.Rename():
                Renaming(self._context, client, message).begin()
            case m.Close():
                Closing(self._context, client, message).begin()
            case m.ListApprovals() | m.ShowApproval() | m.AddRule() | m.ListRules() | m.RemoveRule():
                self._approve(client, message)
            case _:
                self._answer(client, message)

    def _approve(
        self,
        client: Client,
        message: m.ListApprovals | m.ShowApproval | m.AddRule | m.ListRules | m.RemoveRule,
    ) -> None:
        """Requests about approvals and standing rules."""
        match message:
            case m.ListApprovals():
                Listing(self._context, client, message).begin()
            case m.ShowApproval():
                Showing(self._context, client, message).begin()
            case m.AddRule():
                ruling.Adding(self._context, client, message).begin()
            case m.ListRules():
                ruling.list_rules(self._context, client)
            case m.RemoveRule():
                ruling.remove(self._context, client, message)

    def _list(self, client: Client, request: m.ListSessions) -> None:
        sessions, peer, most = self._context.sessions, client.peer, self._context.limits.listed
        left_out = 0
        if request.session is None:
            found = sessions.newest(most, peer)
            if len(found) == most:  # otherwise these are all
                left_out = sessions.count(peer) - most
        else:
            found = [sessions.find(request.session, peer)]
        for page in pages(found, self._context.host, left_out):
            client.send(page)
        client.send(m.Done())

    def _answer(self, client: Client, message: m.Message) -> None:
        """Requests that are answered at once."""
        context = self._context
        match message:
            case m.Ping():
                client.send(m.Done())
            case m.ListSessions():
                self._list(client, message)
            case m.Interrupt():
                session = context.sessions.find(message.session or "", client.peer)
                interrupting.stop(session, None, context)
                context.record("interrupt", client.peer, session)
                client.send(m.Done())
            case m.Shutdown():
                Shutting(context, client, message).begin()
            case m.ServerLogs():
                LogReading(context, client, message).look()
            case m.ListWorkers() | m.ScaleWorkers():
                Counting(context, client, message).begin()
            case m.ListClients() | m.Approve() | m.Refuse() | m.Revoke() | m.ChangeRights():
                context.effects.do(Administer(client.conn, message, client.peer))
            case _:
                raise UnknownMessage(f"{type(message).__name__} cannot be asked here")


def _check_time(message: m.Message, context: Context) -> None:
    """Raises ShuttingDown for what is not begun any more."""
    if context.stopping and not isinstance(message, m.Ping):
        raise ShuttingDown
    if context.draining and isinstance(message, m.Prompt | m.Open | m.Errand):
        raise ShuttingDown("The server is about to shut down, and waits for the turns that run.")


def request_name(message: m.Message) -> str:
    """As on the wire."""
    return str(type(message).__struct_config__.tag)


def _is_late(message: m.Message) -> bool:
    """Part of an exchange that ended while this was on its way: nothing is wrong with it."""
    if isinstance(message, m.Interrupt):
        return message.session is None
    return isinstance(message, m.Part | m.Parcel | m.Credit | m.Withdraw | m.Cancel | m.Seen)
