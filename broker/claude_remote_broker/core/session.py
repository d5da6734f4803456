"""A session as the core knows it: its rows, its lease, who follows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from claude_remote.errors import RemoteError
from claude_remote.messages import Cursor, PromptState, SessionInfo, SessionState
from claude_remote_broker.core.lease import Lease, Phase
from claude_remote_broker.journal import ApprovalRow, PromptRow, SessionRow

if TYPE_CHECKING:
    from claude_remote_broker.core.draft import Draft
    from claude_remote_broker.core.ledger import Ledger
    from claude_remote_broker.ports import Row


class Follower(Protocol):
    """Who wants to know of each transaction of a session."""

    def committed(self, draft: Draft) -> None:
        """This is stored now."""

    def spoken(self, rows: Sequence[Row]) -> None:
        """These words of claude's are stored now, and nothing else is different."""

    def tell(self) -> None:
        """Something else may be different: the place in a line, the worker."""

    def end(self, error: RemoteError | None = None) -> None:
        """There is nothing to follow any more."""


class Session:
    """What is stored (`row`, `tail`, `prompts`, `approvals`; changed by its ledger), and what is not."""

    ledger: Ledger

    def __init__(self, row: SessionRow, tail: int = 0, *, fresh: bool = False) -> None:
        self.row = row
        self.tail = tail
        self.prompts: dict[str, PromptRow] = {}  # that have not ended, in their order
        self.texts: dict[str, bytes] = {}
        self.approvals: dict[str, ApprovalRow] = {}  # that have not ended
        self.fresh = fresh  # not stored yet
        self.warm = False  # nobody's yet: see claude_remote_broker.core.warm
        self.lease: Lease | None = None
        self.wanted = False  # a worker is wanted though no prompt waits
        self.not_before = 0.0  # the next lease; after a failed start
        self.accepted = tail  # the last event that a worker handed over, stored or about to be
        self.unstored = 0  # bytes of those
        self.followers: dict[int, Follower] = {}
        self.gone = False  # trimmed: nothing happens to it any more

    @property
    def id(self) -> str:
        """Its id."""
        return self.row.id

    @property
    def cursor(self) -> Cursor:
        """The tail of its log."""
        return Cursor(self.row.generation, self.tail)

    @property
    def current(self) -> PromptRow | None:
        """The prompt that claude works on or was given."""
        for prompt in self.prompts.values():
            if prompt.state in {PromptState.DISPATCHING, PromptState.RUNNING}:
                return prompt
        return None

    @property
    def doing(self) -> str | None:
        """The prompt that runs or was given; "" for a turn that claude began by itself; None: nothing."""
        if self.row.turn is not None:
            return self.row.turn.prompt or ""
        current = self.current
        return None if current is None else current.id

    @property
    def queued(self) -> Iterator[PromptRow]:
        """The prompts that wait, in their order."""
        return (prompt for prompt in self.prompts.values() if prompt.state is PromptState.QUEUED)

    @property
    def asks(self) -> int:
        """How many approvals are undecided."""
        return sum(approval.state == "open" for approval in self.approvals.values())

    @property
    def idle(self) -> bool:
        """Nothing runs in it and nothing waits."""
        return self.row.turn is None and not self.prompts and not self.wanted

    @property
    def parkable(self) -> bool:
        """Nothing would be lost if its claude ended: it is idle, and has no tasks in the background."""
        return self.idle and not self.row.background

    @property
    def state(self) -> SessionState:
        """What others are told that it is doing."""
        lease = self.lease
        if lease is None:
            return self._resting
        if lease.silent:
            return SessionState.LOST
        if self.asks:
            return SessionState.WAITING
        if self.row.turn is not None or self.current is not None:
            return SessionState.WORKING
        if lease.phase is Phase.STARTING or self.row.starting:
            return SessionState.STARTING
        return SessionState.IDLE

    @property
    def _resting(self) -> SessionState:
        """Its state without a worker."""
        if self.prompts or self.wanted:
            return SessionState.QUEUED
        return SessionState.PARKED if self.row.closed is None else SessionState.CLOSED

    def info(self, host: str) -> SessionInfo:
        """As others see it. Lines are cut to what a message carries."""
        row = self.row
        return SessionInfo(
            id=row.id,
            name=row.name,
            state=self.state,
            host=host,
            cwd=row.cwd,
            client=row.client_name,
            model=row.model or "",
            mode=row.mode or "default",
            created=row.created,
            changed=row.changed,
            turns=row.turns,
            cost=row.cost,
            approvals=self.asks,
            claude_session=row.claude_session,
            last_words=row.last_words,
            prompting=self.prompting,
            queued=sum(1 for _ in self.queued),
            outcome=row.outcome,
            reason=row.reason,
        )

    @property
    def prompting(self) -> str:
        """Whose prompt runs; empty when none does."""
        turn = self.row.turn
        running = self.prompts.get(turn.prompt or "") if turn is not None else self.current
        return "" if running is None else running.client_name
