"""Shutdown: the server ends when no turn runs any more, and begins none meanwhile; or at once."""

from __future__ import annotations

from claude_remote import messages as m
from claude_remote.messages import PromptState
from claude_remote_broker.core import gate
from claude_remote_broker.core.client import Cancellable, Client
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.session import Session
from claude_remote_broker.ports import End

_BEGUN = frozenset({PromptState.DISPATCHING, PromptState.RUNNING})


class Shutting(Cancellable):
    """Waits, and tells how many turns it waits for. Looks at each tick."""

    def __init__(self, context: Context, client: Client, request: m.Shutdown) -> None:
        super().__init__(context, client)
        self._request = request
        self._told: m.Draining | None = None

    def begin(self) -> None:
        """Take nothing new from here on."""
        if self._request.now:
            self._end_server()
        else:
            self.context.draining[self.client.conn] = self
            self.look()

    def look(self) -> None:
        """Whether the time has come."""
        running = [session for session in self.context.sessions if _runs(session)]
        if not running:
            self._end_server()
            return
        draining = m.Draining(
            turns=len(running),
            waiting=sum(session.asks > 0 for session in running),
            others=len(self.context.draining) - 1,
        )
        if draining != self._told:
            self._told = draining
            self.client.send(draining)

    def _end_server(self) -> None:
        # From here on nothing begins, whoever else has asked for it and goes away.
        self.context.stopping = True
        self.context.record("shutdown", self.client.peer)
        self.end()
        self.context.effects.do(End(self.client.peer.name))

    def check(self) -> None:
        """See Exchange."""
        gate.check(self.client.peer, self._request, self.context.clients)

    def closed(self) -> None:
        """Unless the server ends: what has waited begins."""
        context = self.context
        if context.draining.pop(self.client.conn, None) is not None and not context.draining:
            for session in context.sessions:
                if session.prompts or session.wanted:
                    session.ledger.kick()


def forthcoming(context: Context) -> list[str]:
    """What is to be known of a shutdown that is waited for, in words."""
    names = sorted({waiting.client.peer.name for waiting in context.draining.values()})
    if not names:
        return []
    turns = sum(map(_runs, context.sessions))
    runs = "one turn that runs has" if turns == 1 else f"{turns} turns that run have"
    return [f"it shuts down when {runs} ended, and begins nothing new; asked for by {', '.join(names)}"]


def _runs(session: Session) -> bool:
    return session.row.turn is not None or any(prompt.state in _BEGUN for prompt in session.prompts.values())
