"""The standing rules: which of them answers a question, and when they end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from claude_remote import facts, rules
from claude_remote import messages as m
from claude_remote.errors import QueueFull
from claude_remote.rights import Right
from claude_remote.uses import use_of
from claude_remote_broker.core import gate
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.draft import Draft
from claude_remote_broker.journal import DropRule, RuleRow
from claude_remote_broker.ports import Peer


@dataclass
class _Entry:
    row: RuleRow
    rule: rules.Rule
    used: int = 0
    last_used: float | None = None


class Rulebook:
    """All of them. A rule holds as long as the client that made it may approve."""

    def __init__(self, context: Context, rows: tuple[RuleRow, ...]) -> None:
        self._context = context
        self._entries: dict[str, _Entry] = {}
        self._added = 0  # about to be stored
        self._undropped: set[str] = set()  # withdrawn, but still on the disk
        self._drop_at = 0.0
        for row in rows:
            self.add(row)

    # --- for those who read them -------------------------------------------------------------------------

    def infos(self, peer: Peer) -> list[m.RuleInfo]:
        """Those that a client sees, in the order in which they were made."""
        return [self._info(entry) for entry in self._entries.values() if self._sees(peer, entry)]

    def find(self, beginning: str, peer: Peer) -> list[m.RuleInfo]:
        """Those whose id begins so."""
        return [info for info in self.infos(peer) if info.id.startswith(beginning.lower())]

    def info(self, rule: str) -> m.RuleInfo:
        """One that is there."""
        return self._info(self._entries[rule])

    def _sees(self, peer: Peer, entry: _Entry) -> bool:
        mine = entry.row.client == peer.fingerprint
        return mine or Right.VIEW in gate.rights_of(peer.fingerprint, self._context.clients)

    def _info(self, entry: _Entry) -> m.RuleInfo:
        row = entry.row
        session = self._context.sessions.get(row.session) if row.session else None
        return m.RuleInfo(
            id=row.id,
            rule=row.rule,
            scope=row.scope,
            by=row.client_name,
            created=row.created,
            expires=row.expires,
            session=row.session,
            session_name="" if session is None else session.row.name,
            folder=row.folder,
            used=entry.used,
            last_used=entry.last_used,
        )

    # --- their life --------------------------------------------------------------------------------------

    def reserve(self, client: str) -> None:
        """One is about to be stored. Raises QueueFull."""
        limits = self._context.limits
        own = sum(entry.row.client == client for entry in self._entries.values())
        if own >= limits.rules_of_client or len(self._entries) + self._added >= limits.rules:
            raise QueueFull(f"this server keeps {limits.rules_of_client} rules of a client; withdraw some")
        self._added += 1

    def release(self) -> None:
        """It was stored, or could not be."""
        self._added -= 1

    def add(self, row: RuleRow) -> None:
        """It is stored."""
        self._entries[row.id] = _Entry(row, rules.parse(row.rule))

    def remove(self, rule: str) -> None:
        """Withdraw one at once; that it is gone from the disk, too, follows."""
        if self._entries.pop(rule, None) is not None:
            self._drop(rule)

    def review(self, client: str) -> None:
        """The rights of a client may be fewer: without `approve` its rules are withdrawn."""
        if Right.APPROVE not in gate.rights_of(client, self._context.clients):
            for rule, entry in [*self._entries.items()]:
                if entry.row.client == client:
                    self._end(rule, "right-lost")

    def review_all(self) -> None:
        """Rights may have changed while no broker ran."""
        for client in {entry.row.client for entry in self._entries.values()}:
            self.review(client)

    def tick(self) -> None:
        """What has expired is withdrawn."""
        for rule, entry in [*self._entries.items()]:
            if self._is_over(entry):
                self._end(rule, "expired")
        pause = self._drop_at - self._context.now
        if self._undropped and not 0 < pause <= self._context.limits.storage_pause:
            undropped, self._undropped = self._undropped, set()
            for rule in undropped:
                self._drop(rule)

    def _end(self, rule: str, why: str) -> None:
        """By itself: nobody has withdrawn it."""
        row = self._entries[rule].row
        session = self._context.sessions.get(row.session) if row.session else None
        self._context.record(
            "rule-ended", None, session, outcome=why, rule=row.id, words=row.rule, by=row.client_name
        )
        self.remove(rule)

    def _drop(self, rule: str) -> None:
        def stored(failure: str | None) -> None:
            if failure is not None:
                self._undropped.add(rule)
                self._drop_at = self._context.now + self._context.limits.storage_pause

        self._context.effects.store([DropRule(rule)], stored)

    # --- their use ---------------------------------------------------------------------------------------

    def find_answer(self, draft: Draft, fact: facts.ApprovalOpened) -> RuleRow | None:
        """The first rule that lets this pass."""
        if fact.guarded or draft.row.mode == "plan" or not self._entries:
            return None
        use = use_of(fact, draft.row.cwd)
        for entry in self._entries.values():
            if self._holds(entry, draft) and rules.matches(entry.rule, use):
                return entry.row
        return None

    def used(self, rule: str) -> None:
        """It has answered."""
        entry = self._entries.get(rule)
        if entry is not None:
            entry.used += 1
            entry.last_used = self._context.now

    def _is_over(self, entry: _Entry) -> bool:
        return entry.row.expires is not None and entry.row.expires <= self._context.now

    def _holds(self, entry: _Entry, draft: Draft) -> bool:
        return not self._is_over(entry) and self._may(entry.row, draft) and _is_meant(entry.row, draft)

    def _may(self, row: RuleRow, draft: Draft) -> bool:
        """Whether the client that made it might decide this itself."""
        clients = self._context.clients
        maker = Peer(row.client, row.client_name, m.Door.DOOR)
        roots = gate.roots_of(row.client, clients)
        return (
            Right.APPROVE in gate.rights_of(row.client, clients)
            and gate.sees(maker, draft.session, clients)
            and (not roots or any(_is_in(draft.row.cwd, root) for root in roots))
        )


def _is_meant(row: RuleRow, draft: Draft) -> bool:
    match row.scope:
        case m.Scope.SESSION:
            return row.session == draft.session.id
        case m.Scope.FOLDER:
            return _is_in(draft.row.cwd, row.folder)
        case m.Scope.CLIENT:
            return _prompting(draft) == {row.client}
        case m.Scope.EVERYWHERE:
            return True


def _is_in(folder: str, root: str) -> bool:
    return PurePosixPath(folder).is_relative_to(root)


def _prompting(draft: Draft) -> set[str]:
    """Whose prompts claude works on; of a turn that it began by itself, who began the session."""
    turn = draft.row.turn
    if turn is None:
        return set()
    steered = {prompt.client for prompt in draft.open_prompts() if prompt.steered}
    running = None if turn.prompt is None else draft.prompt(turn.prompt)
    if turn.prompt is not None and running is None:
        return set()
    return steered | {draft.row.client if running is None else running.client}
