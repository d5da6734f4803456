"""Control requests to a session's claude, and their answers."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from claude_remote import bus, facts, options
from claude_remote import messages as m
from claude_remote.errors import (
    BadMessage,
    ClaudeFailed,
    NotIdle,
    QueueFull,
    RemoteError,
    TimedOut,
)
from claude_remote_broker.core import gate, resting
from claude_remote_broker.core.client import Cancellable, Client
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.lease import Lease, Phase
from claude_remote_broker.core.lines import slices
from claude_remote_broker.core.session import Session
from claude_remote_broker.core.words import cut


class _Failure(msgspec.Struct):
    """The payload of a Reply that is not ok."""

    error: str = ""


@dataclass
class _Asked:
    exchange: Controlling
    session: Session
    epoch: int
    subtype: str
    arguments: bytes
    until: float
    waits: bool  # for the end of its lease: this claude is asked nothing more


class Controls:
    """What has been asked and not answered. Asked again when the worker comes by a new route."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._asked: dict[str, _Asked] = {}

    def ask(
        self,
        exchange: Controlling,
        session: Session,
        lease: Lease,
        subtype: str,
        payload: bytes,
        *,
        waits: bool = False,
    ) -> str:
        """Ask; the answer goes to the exchange. Returns the request's id. Raises QueueFull.

        What `waits` is not asked of this claude: it is noted for the next one when this one has ended.
        """
        limits = self._context.limits
        of_session = sum(1 for asked in self._asked.values() if asked.session is session)
        if of_session >= limits.controls_of_session or len(self._asked) >= limits.controls_in_all:
            raise QueueFull("too many requests to claude wait for their answer")
        request = self._context.ids.uuid()
        until = self._context.now + limits.control
        self._asked[request] = _Asked(exchange, session, lease.epoch, subtype, payload, until, waits)
        if not waits:
            self._send(request, lease)
        return request

    def forget(self, request: str) -> None:
        """Nobody waits for the answer any more."""
        self._asked.pop(request, None)

    def ask_again(self, session: Session) -> None:
        """The worker has a new route: what it did not answer may not have reached it."""
        lease = session.lease
        if lease is not None:
            for request, asked in [*self._asked.items()]:
                if asked.session is session and asked.epoch == lease.epoch and not asked.waits:
                    self._send(request, lease)

    def replied(self, session: Session, reply: bus.Reply, payload: bytes) -> None:
        """Claude's answer; one that nobody waits for came twice or too late."""
        asked = self._asked.get(reply.request)
        if asked is not None and asked.session is session:
            del self._asked[reply.request]
            asked.exchange.answered(payload, ok=reply.ok)

    def lease_over(self, session: Session, reason: str, *, expected: bool) -> None:
        """There will be no answer of this claude's. What a parked session can note is noted."""
        for request, asked in [*self._asked.items()]:
            if asked.session is session:
                del self._asked[request]
                if not (asked.waits or expected) or not asked.exchange.note(session):
                    asked.exchange.end(ClaudeFailed(f"There was no answer: {reason}."))

    def tick(self) -> None:
        """Patience has an end."""
        for request, asked in [*self._asked.items()]:
            # What lies further ahead was asked by a clock that has been set back since.
            if not 0 < asked.until - self._context.now <= self._context.limits.control:
                del self._asked[request]
                asked.exchange.end(TimedOut(f"Claude has not answered to {asked.subtype}."))

    def _send(self, request: str, lease: Lease) -> None:
        asked = self._asked[request]
        ask = bus.Ask(session=asked.session.id, epoch=asked.epoch, request=request, subtype=asked.subtype)
        self._context.workers.send(lease, ask, asked.arguments)


class Controlling(Cancellable):
    """One control request."""

    def __init__(self, context: Context, client: Client, message: m.Control) -> None:
        super().__init__(context, client)
        self._message = message
        self._request: str | None = None
        self._change: facts.SessionChanged | None = None

    def begin(self, payload: bytes) -> None:
        """Check and ask. Raises RemoteError."""
        peer = self.client.peer
        session = self.context.sessions.find(self._message.session, peer)
        arguments = _arguments(payload)
        rights = gate.rights_of(peer.fingerprint, self.context.clients)
        options.check_control(self._message.subtype, arguments, rights)
        lease = session.lease
        self._change = resting.asks_for(self._message.subtype, arguments, session)
        if lease is None and self.note(session):
            return
        ends = lease is not None and (lease.killed or lease.phase is Phase.LEAVING)
        if lease is None or (ends and self._change is None):
            raise NotIdle(f"The claude of {session.row.name} is not running.")
        encoded = msgspec.json.encode(arguments)
        controls = self.context.controls
        self._request = controls.ask(self, session, lease, self._message.subtype, encoded, waits=ends)
        subtype = self._message.subtype
        self.context.record("control", peer, session, outcome="asked", subtype=subtype, text=encoded)

    def note(self, session: Session) -> bool:
        """For the session's next claude, which is told at its start. False: this is not of that kind."""
        change = self._change
        if change is not None:
            session.ledger.submit(resting.ForTheNext(self.context, change, self._noted, self._not_noted))
        return change is not None

    def answered(self, payload: bytes, *, ok: bool) -> None:
        """Pass the answer on."""
        if not ok:
            self.end(ClaudeFailed(_words(payload)))
            return
        *before, last = slices(payload)
        for part in before:
            self.client.send(m.Answer(more=True), part)
        self.client.send(m.Answer(), last)
        self.end()

    def _noted(self, payload: bytes) -> None:
        if not self.over:
            self.answered(payload, ok=True)

    def _not_noted(self, error: RemoteError) -> None:
        if not self.over:
            self.end(error)

    def closed(self) -> None:
        """Wait no more."""
        if self._request is not None:
            self.context.controls.forget(self._request)


def _arguments(payload: bytes) -> dict[str, object]:
    try:
        return msgspec.json.decode(payload or b"{}", type=dict[str, object])
    except (msgspec.DecodeError, RecursionError):
        raise BadMessage("the arguments of a control request are a JSON object") from None


def _words(payload: bytes) -> str:
    try:
        return cut(msgspec.json.decode(payload, type=_Failure).error) or "Claude refused without a reason."
    except (msgspec.DecodeError, RecursionError):
        return "Claude refused without a reason."
