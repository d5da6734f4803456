"""A journal in memory: what the real one must be equal to, and a fast stand-in for tests of the core."""

from __future__ import annotations

from msgspec.structs import replace

from claude_remote_broker.core.lines import without_first
from claude_remote_broker.journal import (
    AddPrompt,
    Append,
    ApprovalRow,
    DropRule,
    PromptRow,
    PutApproval,
    PutPrompt,
    PutRule,
    PutScale,
    PutSession,
    Recovered,
    RecoveredSession,
    RuleRow,
    SessionRow,
    Tombstone,
    Trim,
    WaitingPrompt,
)
from claude_remote_broker.ports import (
    Event,
    FindApproval,
    FindPrompt,
    Found,
    JournalFigures,
    Load,
    Loaded,
    Measure,
    Measured,
    Row,
    Stored,
    StoreFailed,
    Transaction,
)


class MemoryDisk:
    """Does what a Journal does, at once."""

    def __init__(self) -> None:
        self.sessions: dict[str, SessionRow] = {}
        self.log: dict[str, list[Row]] = {}
        self.prompts: dict[str, PromptRow] = {}
        self.texts: dict[str, bytes] = {}
        self.approvals: dict[str, ApprovalRow] = {}
        self.rules: dict[str, RuleRow] = {}
        self.scale = ""
        self.tombstones: list[Tombstone] = []
        self.full = ""  # why nothing can be stored
        self.unreadable = False
        self.runs = 0

    def perform(self, job: Load | FindPrompt | FindApproval | Measure) -> Event:
        match job:
            case Load():
                return Loaded(job.ticket, tuple(self._load(job)))
            case FindPrompt():
                return Found(job.ticket, self.prompts.get(job.prompt))
            case FindApproval():
                found = [row for key, row in self.approvals.items() if key.startswith(job.approval)]
                exact = self.approvals.get(job.approval)
                return Found(job.ticket, exact or (found[0] if len(found) == 1 else None))
            case Measure():
                return Measured(job.ticket, self._measure())

    def _measure(self) -> JournalFigures:
        used = sum(len(row.lines) for rows in self.log.values() for row in rows)
        return JournalFigures(
            used=used,
            free=0,
            log=0,
            room=10**9,
            commit=0.001,
            commit_at=1.0,
            worst_commit=0.002,
            failing=self.full,
            sweeping=False,
        )

    def recover(self) -> Recovered:
        self.runs += 1
        sessions = [
            RecoveredSession(
                row,
                self.tail(row.id),
                tuple(
                    WaitingPrompt(prompt, self.texts[prompt.id])
                    for prompt in self.prompts.values()
                    if prompt.session == row.id and not prompt.ended
                ),
                tuple(
                    approval
                    for approval in self.approvals.values()
                    if approval.session == row.id and not approval.ended
                ),
            )
            for row in self.sessions.values()
        ]
        rules = tuple(self.rules.values())
        kept = tuple(self.tombstones)
        return Recovered("state", self.runs, tuple(sessions), kept, self.scale, rules)

    def tail(self, session: str) -> int:
        rows = self.log.get(session)
        return rows[-1].first + rows[-1].count - 1 if rows else 0

    def lines(self, session: str) -> list[bytes]:
        return b"".join(row.lines for row in self.log.get(session, [])).splitlines()

    def store(self, transaction: Transaction) -> Event:
        if self.full:
            return StoreFailed(transaction.ticket, self.full)
        before = (
            dict(self.sessions),
            {session: [*rows] for session, rows in self.log.items()},
            dict(self.prompts),
            dict(self.texts),
            dict(self.approvals),
        )
        for operation in transaction.operations:
            problem = self._do(operation)
            if problem:
                self.sessions, self.log, self.prompts, self.texts, self.approvals = before
                return StoreFailed(transaction.ticket, problem)
        return Stored((transaction.ticket,))

    def _do(self, operation: object) -> str:
        match operation:
            case PutSession(row=session):
                self.sessions[session.id] = session
            case Append(session=key, row=row):
                return self._append(key, row)
            case AddPrompt(row=prompt, text=text):
                if prompt.id in self.prompts:
                    return "that prompt exists"
                self._put(prompt, text)
            case PutPrompt(row=prompt):
                self._put(prompt, self.texts.get(prompt.id, b""))
            case PutApproval(row=approval):
                self.approvals[approval.id] = approval
            case PutScale(words=words):
                self.scale = words
            case Trim(tombstone=tombstone):
                del self.sessions[tombstone.id]
                self.log.pop(tombstone.id, None)
                for key in [key for key, row in self.approvals.items() if row.session == tombstone.id]:
                    del self.approvals[key]
                self.tombstones.append(tombstone)
            case _:
                self._rule(operation)
        return ""

    def _rule(self, operation: object) -> None:
        match operation:
            case PutRule(row=rule):
                self.rules[rule.id] = rule
            case DropRule(rule=rule_id):
                self.rules.pop(rule_id, None)

    def _put(self, prompt: PromptRow, text: bytes) -> None:
        self.prompts[prompt.id] = prompt
        self.texts[prompt.id] = text
        if prompt.ended:
            del self.texts[prompt.id]

    def _append(self, session: str, row: Row) -> str:
        if session not in self.sessions:
            return f"no session {session}"
        if row.first != self.tail(session) + 1 or row.count < 1:
            return f"a batch at {row.first} does not continue a log that ends at {self.tail(session)}"
        self.log.setdefault(session, []).append(row)
        return ""

    def _load(self, load: Load) -> list[Row]:
        rows: list[Row] = []
        left = load.limit
        for row in () if self.unreadable else self.log.get(load.session, []):
            if row.first + row.count - 1 <= load.after:
                continue
            if rows and len(row.lines) > left:
                break
            if row.count == 1 and len(row.lines) > load.limit:
                lines = row.lines[load.offset : load.offset + load.limit]
                return [replace(row, lines=lines, more=load.offset + len(lines) < len(row.lines))]
            rows.append(row)
            left -= len(row.lines)
        return rows


def events_after(rows: list[Row], after: int) -> list[bytes]:
    """The lines that a reader at `after` has not got."""
    lines: list[bytes] = []
    for row in rows:
        known = max(after + 1 - row.first, 0)
        if known < row.count:
            lines += without_first(row.lines, known).splitlines()
    return lines
