"""Rename: the name is reserved at once, and the session's when it is stored."""

from __future__ import annotations

from msgspec.structs import replace

from claude_remote import messages as m
from claude_remote.errors import StorageFailed
from claude_remote_broker.core.client import Client
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.draft import Draft
from claude_remote_broker.core.looking import Looking
from claude_remote_broker.core.session import Session
from claude_remote_broker.core.targets import fit_name


class Renaming(Looking):
    """One renaming."""

    def __init__(self, context: Context, client: Client, request: m.Rename) -> None:
        super().__init__(context, client, request.session)
        self._name = request.name

    def begin(self) -> None:
        """Raises BadMessage, NameTaken."""
        name = fit_name(self._name)
        self.context.sessions.reserve(name, self.session)
        self.session.ledger.submit(NewName(self, self.session, name))

    def stored(self) -> None:
        """It has the name."""
        if not self.over:
            self.tell_session()
            self.end()

    def failed(self, reason: str) -> None:
        """It has not."""
        self.end(StorageFailed(f"The server cannot write its journal: {reason}"))


class NewName:
    """A session is called otherwise."""

    def __init__(self, exchange: Renaming, session: Session, name: str) -> None:
        self._exchange = exchange
        self._session = session
        self._name = name

    def apply(self, draft: Draft) -> None:
        """The name before is free when this one is stored."""
        before = draft.row.name
        draft.row = replace(draft.row, name=self._name)
        draft.then(lambda: self._stored(before))

    def failed(self, reason: str) -> bool:
        """Who asked is told."""
        self._exchange.context.sessions.give_up(self._name, self._session)
        self._exchange.failed(reason)
        return False

    def _stored(self, before: str) -> None:
        self._exchange.context.sessions.give_up(before, self._session)
        context, peer = self._exchange.context, self._exchange.client.peer
        context.record("session-renamed", peer, self._session, before=before)
        self._exchange.stored()
