"""The picture of one server at one number of its feed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias, TypeVar, cast

from claude_remote.feed import (
    AnyItem,
    ApprovalUpdated,
    ClientChanged,
    ClientForgotten,
    PromptUpdated,
    SessionForgotten,
    SessionUpdated,
    Snapshot,
    WorkerUpdated,
)
from claude_remote.messages import ApprovalInfo, ClientInfo, PromptState, SessionInfo

# What a server may make this window hold; a server lists 4,000 of each and keeps 20,000 sessions.
MOST_ROWS = 20_000
MOST_RECEIPTS = 200

Step: TypeAlias = Literal["open", "decided", "delivered", "taken", "finished", "void"]
_ENDED = frozenset({PromptState.DONE, PromptState.INTERRUPTED, PromptState.VOID})

V = TypeVar("V")


@dataclass(frozen=True)
class Approval:
    """A question of Claude's and how far its decision has come: the receipt."""

    info: ApprovalInfo
    step: Step = "open"
    by: str = ""
    reason: str = ""

    @property
    def open(self) -> bool:
        """Whether it still waits for somebody."""
        return self.step == "open"


@dataclass(frozen=True)
class Picture:
    """Everything by its id, as of item `seq` of `generation`. The mappings are never changed in place.

    `turns` tells since when the running prompt of a session runs, where that was seen.
    """

    generation: int = -1
    seq: int = 0
    at: float = 0.0
    host: str = ""
    version: str = ""
    clients: Mapping[str, ClientInfo] = field(default_factory=dict)
    sessions: Mapping[str, SessionInfo] = field(default_factory=dict)
    approvals: Mapping[str, Approval] = field(default_factory=dict)
    workers: Mapping[str, WorkerUpdated] = field(default_factory=dict)
    turns: Mapping[str, float] = field(default_factory=dict)


def from_snapshot(snapshot: Snapshot, before: Picture) -> Picture:
    """The snapshot's picture. Receipts and turns are kept only if nothing can have happened in between."""
    same = (before.generation, before.seq) == (snapshot.generation, snapshot.seq)
    receipts = {key: each for key, each in before.approvals.items() if same and not each.open}
    opened = {info.id: Approval(info) for info in snapshot.approvals if info.id not in receipts}
    return Picture(
        generation=snapshot.generation,
        seq=snapshot.seq,
        at=snapshot.at,
        host=snapshot.host,
        version=snapshot.version,
        clients={client.fingerprint: client for client in snapshot.clients},
        sessions={session.id: session for session in snapshot.sessions},
        approvals=receipts | opened,
        workers={worker.worker: worker for worker in snapshot.workers},
        turns=before.turns if same else {},
    )


class Draft:
    """The next picture in the making: a mapping is copied when something in it changes, and once."""

    def __init__(self, before: Picture) -> None:
        self._before = before
        self._new: dict[str, object] = {}

    def apply(self, item: AnyItem, at: float) -> None:
        """What happened at `at`."""
        match item:
            case ClientChanged(client=client):
                _put(self._copy("clients", self._before.clients), client.fingerprint, client)
            case ClientForgotten(fingerprint=fingerprint):
                self._copy("clients", self._before.clients).pop(fingerprint, None)
            case SessionUpdated(session=session):
                _put(self._copy("sessions", self._before.sessions), session.id, session)
            case SessionForgotten(session=session_id):
                self._copy("sessions", self._before.sessions).pop(session_id, None)
            case ApprovalUpdated():
                _approve(self._copy("approvals", self._before.approvals), item)
            case WorkerUpdated(state="gone"):
                self._copy("workers", self._before.workers).pop(item.worker, None)
            case WorkerUpdated():
                _put(self._copy("workers", self._before.workers), item.worker, item)
            case PromptUpdated(state=PromptState.RUNNING):
                self._copy("turns", self._before.turns).setdefault(item.session, at)
            case PromptUpdated(state=state) if state in _ENDED:
                self._copy("turns", self._before.turns).pop(item.session, None)

    def finish(self, seq: int, at: float) -> Picture:
        """The picture as of item `seq`."""
        return replace(self._before, seq=seq, at=at, **self._new)  # type: ignore[arg-type]

    def _copy(self, name: str, before: Mapping[str, V]) -> dict[str, V]:
        if name not in self._new:
            self._new[name] = dict(before)
        return cast("dict[str, V]", self._new[name])


def _approve(rows: dict[str, Approval], item: ApprovalUpdated) -> None:
    rows[item.approval.id] = Approval(item.approval, item.state, item.by, item.reason)
    settled = [key for key, each in rows.items() if each.step in {"finished", "void"}]
    for key in settled[: max(0, len(settled) - MOST_RECEIPTS)]:
        del rows[key]
    if len(rows) > MOST_ROWS:
        del rows[next(iter(rows))]


def _put(rows: dict[str, V], key: str, value: V) -> None:
    rows[key] = value
    if len(rows) > MOST_ROWS:
        del rows[next(iter(rows))]
