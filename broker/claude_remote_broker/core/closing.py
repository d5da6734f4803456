"""Close: nothing of a session runs any more, until somebody prompts it again."""

from __future__ import annotations

from msgspec.structs import replace

from claude_remote import messages as m
from claude_remote.errors import StorageFailed
from claude_remote.messages import PromptState
from claude_remote_broker.core.client import Client
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.draft import Draft
from claude_remote_broker.core.ending import closed_by
from claude_remote_broker.core.looking import Looking
from claude_remote_broker.core.session import Session
from claude_remote_broker.core.words import cut

WHY = "the session was closed"


class Closing(Looking):
    """Stored first, then its claude is ended; answered when that is gone."""

    def __init__(self, context: Context, client: Client, request: m.Close) -> None:
        super().__init__(context, client, request.session)
        self._stored = False

    def begin(self) -> None:
        """Close it."""
        self.session.ledger.submit(Shut(self, self.session))

    def look(self) -> None:
        """Its claude may be gone by now; or somebody has prompted it again."""
        if self._stored and (self.session.lease is None or self.session.row.closed is None):
            self.tell_session()
            self.end()

    def stored(self) -> None:
        """From now on it is closed, whatever happens to this server."""
        self._stored = True
        self.context.record("session-closed", self.client.peer, self.session)
        self.context.workers.release(self.session, "now", WHY)
        self.tell()

    def failed(self, reason: str) -> None:
        """It goes on."""
        self.end(StorageFailed(f"The server cannot write its journal: {reason}"))


class Shut:
    """A session is closed."""

    def __init__(self, exchange: Closing, session: Session) -> None:
        self._exchange = exchange
        self._session = session

    def apply(self, draft: Draft) -> None:
        """Take back what has not begun. What the worker was given may begin yet, and is interrupted then."""
        context, peer = self._exchange.context, self._exchange.client.peer
        self._session.wanted = False
        for prompt in [*draft.open_prompts()]:
            if prompt.state is PromptState.QUEUED:
                draft.put(replace(prompt, state=PromptState.VOID, reason=WHY))
            elif prompt.state is PromptState.DISPATCHING:
                draft.put(replace(prompt, taken_back=WHY))
        if draft.row.closed is None:
            draft.row = replace(draft.row, closed=cut(peer.name))
            draft.touch(context.now)
            if draft.row.lease is None:
                draft.write([closed_by(peer.name)], context.now)
        draft.then(self._exchange.stored)

    def failed(self, reason: str) -> bool:
        """Who asked is told."""
        self._exchange.failed(reason)
        return False
