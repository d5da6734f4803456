"""Decisions: the first wins, is stored, then goes to the worker; everybody else is told who was first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from claude_remote import messages as m
from claude_remote import options
from claude_remote.errors import (
    AlreadyDecided,
    BadMessage,
    NoSuchApproval,
    RemoteError,
    RightMissing,
    StorageFailed,
)
from claude_remote.rights import Right
from claude_remote_broker.core import gate
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.draft import Draft
from claude_remote_broker.core.words import cut
from claude_remote_broker.journal import ApprovalRow, DecisionRow, PromptRow
from claude_remote_broker.ports import Peer


@dataclass(frozen=True)
class Late:
    """The decision had no effect, for this reason."""

    error: RemoteError


# Gets what the client is told; with a Late when the decision had no effect.
Told: TypeAlias = Callable[[m.Decided, Late | None], None]


def decide(context: Context, peer: Peer, request: m.Decide, tool_input: bytes, told: Told) -> None:
    """Decide an approval. The right was checked.

    Raises BadMessage for an input that is no JSON object, BadOption or RightMissing for a mode.
    """
    if tool_input:
        _check_input(tool_input)
    if request.mode:
        _check_mode(request, gate.rights_of(peer.fingerprint, context.clients))
    decision = DecisionRow(
        behavior=request.behavior,
        by=peer.name,
        client=peer.fingerprint,
        address=peer.address,
        at=context.now,
        for_session=request.for_session,
        message=request.message,
        stop=request.stop,
        input=tool_input,
        mode=request.mode,
    )
    _Deciding(context, peer, request, decision, told).begin()


def _check_input(tool_input: bytes) -> None:
    try:
        msgspec.json.decode(tool_input, type=dict[str, object])
    except (msgspec.DecodeError, RecursionError):
        raise BadMessage("the input of a tool is a JSON object") from None


def _check_mode(request: m.Decide, rights: frozenset[Right]) -> None:
    needed = options.mode_right(request.mode)
    if request.behavior is not m.Behavior.ALLOW:
        raise BadMessage("a mode goes with an allow")
    if needed is not None and needed not in rights:
        raise RightMissing(f"The mode {request.mode} needs the right `{needed}`.", right=needed)


class _Deciding:
    """One decision on its way into the journal."""

    def __init__(
        self, context: Context, peer: Peer, request: m.Decide, decision: DecisionRow, told: Told
    ) -> None:
        self._context = context
        self._peer = peer
        self._request = request
        self._decision = decision
        self._told = told

    def begin(self) -> None:
        """Submit it, or find out why not."""
        session = self._context.sessions.of_approval(self._request.approval)
        if session is None:
            self._context.effects.find_approval(self._request.approval, self._found)
        elif not gate.sees(self._peer, session, self._context.clients):
            self._late(NoSuchApproval())
        else:
            session.ledger.submit(self)

    def apply(self, draft: Draft) -> None:
        """The first decision wins."""
        row = draft.approval(self._request.approval)
        if row is not None and row.state == "open":
            draft.put_approval(replace(row, state="decided", decision=self._decision))
            draft.then(self._won)
        elif row is not None:
            draft.then(lambda: self._found(row))
        else:
            draft.then(lambda: self._context.effects.find_approval(self._request.approval, self._found))

    def failed(self, reason: str) -> bool:
        """Who decided is told, and may decide again."""
        self._late(StorageFailed(f"The server cannot write its journal: {reason}"))
        return False

    def _won(self) -> None:
        answer = m.Decided(
            approval=self._request.approval, behavior=self._request.behavior, by=cut(self._peer.name)
        )
        self._told(answer, None)

    def _found(self, row: PromptRow | ApprovalRow | None) -> None:
        session = self._context.sessions.get(row.session) if row is not None else None
        if (
            not isinstance(row, ApprovalRow)
            or session is None
            or not gate.sees(self._peer, session, self._context.clients)
        ):
            self._late(NoSuchApproval())
        elif row.decision is not None and self._is_mine(row.decision) and row.state != "void":
            self._won()
        elif row.decision is not None and row.state != "void":
            done = "allowed" if row.decision.behavior is m.Behavior.ALLOW else "denied"
            error = AlreadyDecided(f"{row.decision.by} has {done} it already.", by=row.decision.by)
            answer = m.Decided(approval=row.id, behavior=row.decision.behavior, by=cut(row.decision.by))
            self._told(answer, Late(error))
        else:
            why = row.reason or "its turn has ended"
            self._late(AlreadyDecided(f"This question is no more: {why}."))

    def _is_mine(self, decision: DecisionRow) -> bool:
        """The same decision by the same client: it came twice, because its answer was lost."""
        same = replace(decision, at=self._decision.at, by=self._decision.by, address=self._decision.address)
        return same == self._decision

    def _late(self, error: RemoteError) -> None:
        answer = m.Decided(
            approval=self._request.approval,
            behavior=self._request.behavior,
            by="",
            lost=cut(error.message),
        )
        self._told(answer, Late(error))
