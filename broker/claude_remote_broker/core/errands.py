"""Errands: a process for each, launched for one exchange of one client, and gone when that is over.

What is said between the two passes through unread (see claude_remote_broker.core.errand). Nothing of it is in
the journal: the processes of a broker that died end by themselves, and the next broker kills what is left.
"""

from __future__ import annotations

import hmac
import logging
from collections import Counter

from claude_remote import bus
from claude_remote import messages as m
from claude_remote.errors import (
    ErrandFailed,
    RemoteError,
    ShuttingDown,
    TooManyErrands,
)
from claude_remote_broker.core.client import Client
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.errand import Errand, Helper, Phase
from claude_remote_broker.ports import (
    Event,
    FromWorker,
    Kill,
    Launch,
    LaunchFailed,
    ToWorker,
    WorkerExited,
    WorkerLaunched,
)

_log = logging.getLogger(__name__)


class Errands:
    """All of them, by process."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._helpers: dict[str, Helper] = {}
        self._by_route: dict[bytes, Helper] = {}
        self._of_client: Counter[str] = Counter()

    @property
    def empty(self) -> bool:
        """Whether no process of any errand lives."""
        return not self._helpers

    # --- exchanges ---------------------------------------------------------------------------------------

    def begin(self, client: Client, request: m.Errand, payload: bytes) -> None:
        """Carry out a request whose right was checked. Raises TooManyErrands."""
        limits = self._context.limits
        if self._of_client[client.peer.fingerprint] >= limits.errands_of_client:
            raise TooManyErrands(f"{limits.errands_of_client} errands of yours are under way already")
        if self._of_client.total() >= limits.errands_in_all:
            raise TooManyErrands(f"{limits.errands_in_all} errands are under way on this server already")
        Errand(self._context, client, request, payload).begin()

    def take_place(self, fingerprint: str) -> None:
        """One more of this client, until it has ended and its process is gone."""
        self._of_client[fingerprint] += 1

    def leave_place(self, fingerprint: str) -> None:
        """One less."""
        self._of_client[fingerprint] -= 1
        if self._of_client[fingerprint] <= 0:
            del self._of_client[fingerprint]

    def launch(self, exchange: Errand) -> Helper:
        """Start a process for it."""
        context = self._context
        now = context.now
        worker, token = context.ids.errand(), context.ids.token()
        helper = Helper(worker, token, exchange, Phase.STARTING, now, now)
        self._helpers[worker] = helper
        context.effects.do(Launch(worker, token, errand=True))
        return helper

    def send(self, helper: Helper, verb: bus.Verb, payload: bytes = b"") -> None:
        """Tell an errand something, if it can be reached."""
        if helper.route is not None:
            self._context.effects.do(ToWorker(helper.route, verb, payload))

    def dismiss(self, helper: Helper) -> None:
        """It is to end; it is killed if it does not."""
        if helper.phase is Phase.ENDING:
            return
        starting = helper.phase is Phase.STARTING
        helper.phase, helper.since = Phase.ENDING, self._context.now
        if starting:
            self._kill(helper)
        else:
            self.send(helper, bus.Dismiss())

    def end_all(self) -> None:
        """The server is shutting down."""
        for helper in [*self._helpers.values()]:
            helper.exchange.end(ShuttingDown())

    # --- what the launcher tells -------------------------------------------------------------------------

    def process(self, event: Event) -> bool:
        """Something about a process. False if it is not one of an errand."""
        if not isinstance(event, WorkerLaunched | LaunchFailed | WorkerExited):
            return False
        helper = self._helpers.get(event.worker)
        if helper is None:
            return False
        if isinstance(event, LaunchFailed):
            self._gone(helper, ErrandFailed(f"The server could not start a process for this: {event.reason}"))
        elif isinstance(event, WorkerExited):
            self._gone(helper, ErrandFailed("The server's process for this ended unexpectedly."))
        return True

    def _gone(self, helper: Helper, error: RemoteError) -> None:
        del self._helpers[helper.worker]
        if helper.route is not None:
            del self._by_route[helper.route]
        helper.phase = Phase.ENDING
        helper.exchange.gone(error)
        self.leave_place(helper.exchange.client.peer.fingerprint)

    def _kill(self, helper: Helper) -> None:
        if not helper.killed:
            helper.killed = True
            self._context.effects.do(Kill(helper.worker))

    # --- what errands say --------------------------------------------------------------------------------

    def heard(self, event: FromWorker) -> bool:
        """A verb. False if it does not come from an errand."""
        if isinstance(event.verb, bus.Ready):
            known = self._helpers.get(event.verb.worker)
            if known is not None:
                self._greet(known, event.verb, event.route)
            return known is not None
        helper = self._by_route.get(event.route)
        if helper is None:
            return False
        helper.heard = self._context.now
        match event.verb:
            case bus.Parcel():
                helper.exchange.parcel(event.verb, event.payload)
            case bus.Credit(parcels=parcels):
                helper.exchange.credit(parcels)
            case bus.Direct():
                helper.exchange.offered(event.payload)
            case bus.Over():
                helper.exchange.finished(event.verb)
            case _:
                pass
        return True

    def _greet(self, helper: Helper, ready: bus.Ready, route: bytes) -> None:
        """Once: an errand that makes a second socket has lost what was on its way on the first."""
        if not hmac.compare_digest(ready.token, helper.token) or helper.phase is not Phase.STARTING:
            _log.warning("a Ready of errand %r (pid %d) that is not expected", ready.worker[:64], ready.pid)
            return
        helper.phase, helper.since, helper.heard = Phase.RUNNING, self._context.now, self._context.now
        helper.route = route
        self._by_route[route] = helper
        helper.exchange.ready()

    def tick(self, *, stood_still: bool) -> None:
        """Beat, and look at how long each has said nothing. `stood_still`: it was we who did not listen."""
        limits, now = self._context.limits, self._context.now
        for helper in [*self._helpers.values()]:
            self.send(helper, bus.Beat())
            if stood_still:
                helper.since = helper.heard = now
            elif helper.phase is Phase.ENDING:
                if now - helper.since > limits.errand_ending:
                    self._kill(helper)
            elif helper.phase is Phase.STARTING:
                if now - helper.since > limits.start:
                    words = f"The server's process for this did not report within {limits.start:.0f} seconds."
                    helper.exchange.end(ErrandFailed(words))
            elif now - helper.heard > limits.errand_silence:
                words = f"The server's process for this has been silent for {now - helper.heard:.0f} seconds."
                helper.exchange.end(ErrandFailed(words))
                self._kill(helper)
