"""Requests about standing rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from claude_remote import messages as m
from claude_remote import rules
from claude_remote.errors import Ambiguous, BadOption, NoSuchRule, StorageFailed
from claude_remote_broker.core import gate
from claude_remote_broker.core.client import Client, Exchange
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.words import cut
from claude_remote_broker.journal import PutRule, RuleRow
from claude_remote_broker.ports import FolderChecked

_A_PAGE = 8  # a rule may be 6 KiB


def pages(infos: Iterable[m.RuleInfo]) -> Iterator[m.Rules]:
    """At least one message."""
    found = [*infos]
    for start in range(0, max(len(found), 1), _A_PAGE):
        yield m.Rules(rules=tuple(found[start : start + _A_PAGE]))


def list_rules(context: Context, client: Client) -> None:
    """ListRules."""
    for page in pages(context.rules.infos(client.peer)):
        client.send(page)
    client.send(m.Done())


def remove(context: Context, client: Client, request: m.RemoveRule) -> None:
    """RemoveRule. Raises NoSuchRule, Ambiguous."""
    found = context.rules.find(request.rule, client.peer)
    if not found or not request.rule:
        raise NoSuchRule(f"There is no rule {request.rule!r}.")
    if len(found) > 1:
        raise Ambiguous(f"{request.rule!r} could be any of {len(found)} rules")
    context.rules.remove(found[0].id)
    client.send(m.Rules(rules=tuple(found)))
    client.send(m.Done())


class Adding(Exchange):
    """AddRule: its words are read, its place is found, and then it is stored."""

    def __init__(self, context: Context, client: Client, request: m.AddRule) -> None:
        super().__init__(context, client)
        self._request = request

    def begin(self) -> None:
        """Raises RemoteError."""
        try:
            rule = str(rules.parse(self._request.rule))
        except rules.BadRule as error:
            raise BadOption(f"That cannot be a rule: {error}.") from None
        session = ""
        if self._request.scope is m.Scope.SESSION:
            session = self.context.sessions.find(self._request.session or "", self.client.peer).id
        if self._request.scope is m.Scope.FOLDER:
            roots = gate.roots_of(self.client.peer.fingerprint, self.context.clients)
            self.context.effects.check_folder(
                self._request.folder, roots, (), lambda checked: self._checked(rule, checked)
            )
        else:
            self._store(rule, session=session)

    def _checked(self, rule: str, checked: FolderChecked) -> None:
        if self.over:
            return
        if checked.error is not None:
            self.end(checked.error)
        else:
            self._store(rule, folder=checked.path)

    def _store(self, rule: str, *, session: str = "", folder: str = "") -> None:
        context, peer = self.context, self.client.peer
        context.rules.reserve(peer.fingerprint)
        seconds = self._request.seconds
        row = RuleRow(
            id=context.ids.uuid(),
            rule=rule,
            scope=self._request.scope,
            client=peer.fingerprint,
            client_name=cut(peer.name),
            created=context.now,
            expires=None if seconds is None else context.now + seconds,
            session=session,
            folder=folder,
        )
        context.effects.store([PutRule(row)], lambda failure: self._stored(row, failure))

    def _stored(self, row: RuleRow, failure: str | None) -> None:
        rulebook = self.context.rules
        rulebook.release()
        if failure is not None:
            self.end(StorageFailed(f"The server cannot write its journal: {failure}"))
            return
        rulebook.add(row)
        rulebook.review(row.client)  # its right may have gone meanwhile
        if not self.over:
            self.client.send(m.Rules(rules=tuple(rulebook.find(row.id, self.client.peer))))
            self.end()
