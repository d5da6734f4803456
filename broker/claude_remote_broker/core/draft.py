"""One transaction of a session while it is made: what it will be, and what to do when it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from claude_remote import facts
from claude_remote.messages import PromptState, Source
from claude_remote_broker.core import projection
from claude_remote_broker.core.lease import Lease
from claude_remote_broker.core.lines import joined
from claude_remote_broker.core.session import Session
from claude_remote_broker.journal import (
    AddPrompt,
    Append,
    ApprovalRow,
    Operation,
    PromptRow,
    PutApproval,
    PutPrompt,
    PutSession,
    SessionRow,
)
from claude_remote_broker.ports import Row


class Draft:
    """Reads through to the session's stored state, and keeps what differs."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.row: SessionRow = session.row
        self.tail = session.tail
        self.appended: list[Row] = []
        self.batches = 0  # of a worker, in what is appended
        self.prompts: dict[str, PromptRow] = {}  # changed or added
        self.texts: dict[str, bytes] = {}  # of those that were added
        self.approvals: dict[str, ApprovalRow] = {}  # changed or added
        self.creates = False  # the session itself
        self.said: list[str] = []
        self.asked: list[facts.ApprovalOpened] = []  # questions that opened
        self.lease: Lease | None = None  # begun by this transaction
        self.over: Lease | None = None  # ended by it
        self.effects: list[Callable[[], None]] = []

    # --- reading ---------------------------------------------------------------------------------------

    def prompt(self, prompt: str) -> PromptRow | None:
        """A prompt that has not ended before this transaction."""
        return self.prompts.get(prompt) or self.session.prompts.get(prompt)

    def approval(self, approval: str) -> ApprovalRow | None:
        """An approval that has not ended before this transaction."""
        return self.approvals.get(approval) or self.session.approvals.get(approval)

    def open_prompts(self) -> Iterator[PromptRow]:
        """Those that have not ended, in their order."""
        for prompt in self.session.prompts:
            row = self.prompts.get(prompt) or self.session.prompts[prompt]
            if not row.ended:
                yield row
        for prompt in self.texts:
            if not self.prompts[prompt].ended:
                yield self.prompts[prompt]

    def open_approvals(self) -> Iterator[ApprovalRow]:
        """Those of which something can still come."""
        for approval in [*self.session.approvals, *self.approvals.keys() - self.session.approvals.keys()]:
            row = self.approval(approval)
            if row is not None and not row.ended:
                yield row

    def head(self) -> PromptRow | None:
        """The prompt that is the next to be given to claude; None while a turn runs or has been given."""
        if self.row.turn is not None:
            return None
        opened = [*self.open_prompts()]
        if any(prompt.state is not PromptState.QUEUED for prompt in opened):
            return None
        # What was meant for a turn that has ended meanwhile comes before what was to wait.
        return next((prompt for prompt in opened if prompt.now), opened[0] if opened else None)

    def open_again(self) -> None:
        """A closed session goes on."""
        if self.row.closed is not None:
            self.row = replace(self.row, closed=None)

    # --- writing ---------------------------------------------------------------------------------------

    def put(self, row: PromptRow) -> None:
        """A prompt is different now."""
        self.prompts[row.id] = row

    def add(self, row: PromptRow, text: bytes) -> None:
        """A prompt is new."""
        self.prompts[row.id] = row
        self.texts[row.id] = text

    def put_approval(self, row: ApprovalRow) -> None:
        """An approval is new or different."""
        self.approvals[row.id] = row

    def append(self, row: Row) -> None:
        """Events are added to the log, and what they say is drawn from them."""
        self.appended.append(row)
        self.tail = row.first + row.count - 1
        if row.source is Source.FACT:
            projection.read(self, row)

    def write(self, written: Sequence[facts.Fact], at: float) -> None:
        """The broker adds facts of its own. Only when no worker owns the session."""
        if written:
            lines = b"".join(facts.encode(fact) for fact in written)
            self.append(Row(self.tail + 1, len(written), Source.FACT, at, lines))

    def then(self, effect: Callable[[], None]) -> None:
        """To be done when it is stored."""
        self.effects.append(effect)

    # --- the end ---------------------------------------------------------------------------------------

    def operations(self) -> list[Operation]:
        """What is to be stored; nothing when nothing is different."""
        operations: list[Operation] = []
        # Under load many batches meet in one transaction: fewer rows, and fewer frames for every reader.
        self.appended = joined(self.appended)
        if self.row is not self.session.row or self.creates:
            operations.append(PutSession(self.row))
        operations += [Append(self.session.id, row) for row in self.appended]
        for prompt in self.prompts.values():
            if prompt.id in self.texts:
                operations.append(AddPrompt(prompt, self.texts[prompt.id]))
            else:
                operations.append(PutPrompt(prompt))
        operations += [PutApproval(approval) for approval in self.approvals.values()]
        return operations

    def install(self) -> None:
        """It is stored: this is the session's state now."""
        session = self.session
        session.row = self.row
        session.tail = self.tail
        session.accepted = max(session.accepted, self.tail)
        session.fresh = False
        session.texts.update(self.texts)
        for prompt in self.prompts.values():
            if prompt.ended:
                session.prompts.pop(prompt.id, None)
                session.texts.pop(prompt.id, None)
            else:
                session.prompts[prompt.id] = prompt
        for approval in self.approvals.values():
            if approval.ended:
                session.approvals.pop(approval.id, None)
            else:
                session.approvals[approval.id] = approval
        if self.lease is not None:
            session.lease = self.lease
        elif self.over is not None and session.lease is self.over:
            session.lease = None

    def touch(self, at: float) -> None:
        """The session has changed at this time."""
        self.row = replace(self.row, changed=at)
