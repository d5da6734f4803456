"""What the core wants done, in order, and who waits for the answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from claude_remote.audit import Wanted
from claude_remote.messages import Message
from claude_remote_broker.journal import ApprovalRow, Operation, PromptRow
from claude_remote_broker.ports import (
    AuditRead,
    CheckFolder,
    Command,
    Connection,
    ConversationFound,
    FindApproval,
    FindConversation,
    FindPrompt,
    FolderChecked,
    Found,
    JournalFigures,
    Load,
    Loaded,
    LookAtAudit,
    Measure,
    Measured,
    Row,
    Send,
    ServerFigures,
    Store,
    Stored,
    StoreFailed,
    Survey,
    Surveyed,
    Ticket,
    Transaction,
    Wake,
    Weigh,
    Weighed,
)

WhenStored: TypeAlias = Callable[[str | None], None]  # with the reason if it is not
WhenLoaded: TypeAlias = Callable[[tuple[Row, ...]], None]
WhenFound: TypeAlias = Callable[[PromptRow | ApprovalRow | None], None]
WhenAuditRead: TypeAlias = Callable[[AuditRead], None]
WhenChecked: TypeAlias = Callable[[FolderChecked], None]
WhenMeasured: TypeAlias = Callable[[JournalFigures | None], None]
WhenSurveyed: TypeAlias = Callable[[ServerFigures], None]
WhenWeighed: TypeAlias = Callable[[dict[int, int]], None]
WhenConversationFound: TypeAlias = Callable[[ConversationFound], None]

Answer: TypeAlias = (
    Loaded | Found | FolderChecked | Measured | Surveyed | Weighed | ConversationFound | AuditRead
)


class Effects:
    """Collects commands; keeps for each ticket what is to be done with its answer."""

    def __init__(self) -> None:
        self._commands: list[Command] = []
        self._transactions: list[Transaction] = []
        self._last_ticket = 0
        self._storing: dict[Ticket, WhenStored] = {}
        # Who waits for what is told by the ticket alone: no two are the same.
        self._waiting: dict[Ticket, Callable[[Any], None]] = {}

    def take(self) -> list[Command]:
        """The commands since the last call; last of all, what is to be stored."""
        commands, self._commands = self._commands, []
        if self._transactions:
            commands.append(Store(tuple(self._transactions)))
            self._transactions = []
        return commands

    def do(self, command: Command) -> None:
        """A command that nobody answers, or whose answer names what it is about."""
        self._commands.append(command)

    def send(self, conn: Connection, message: Message, payload: bytes = b"") -> None:
        """A message for a client."""
        self._commands.append(Send(conn, message, payload))

    def store(self, operations: Sequence[Operation], then: WhenStored) -> None:
        """One transaction."""
        ticket = self._ticket()
        self._storing[ticket] = then
        self._transactions.append(Transaction(ticket, tuple(operations)))

    def load(self, session: str, after: int, offset: int, limit: int, then: WhenLoaded) -> None:
        """A piece of a session's log."""
        ticket = self._ticket()
        self._waiting[ticket] = then
        self._commands.append(Load(ticket, session, after, limit, offset))

    def find_prompt(self, prompt: str, then: WhenFound) -> None:
        """A prompt of whatever age."""
        ticket = self._ticket()
        self._waiting[ticket] = then
        self._commands.append(FindPrompt(ticket, prompt))

    def find_approval(self, approval: str, then: WhenFound) -> None:
        """An approval of whatever age."""
        ticket = self._ticket()
        self._waiting[ticket] = then
        self._commands.append(FindApproval(ticket, approval))

    def check_folder(
        self,
        path: str | None,
        roots: tuple[str, ...],
        also: tuple[str, ...],
        then: WhenChecked,
        *,
        apart: bool = False,
        worktree: bool = False,
        stamp: bool = False,
    ) -> None:
        """The real path of a folder."""
        ticket = self._ticket()
        self._waiting[ticket] = then
        self._commands.append(CheckFolder(ticket, path, roots, also, apart, worktree, stamp))

    def weigh(self, pids: tuple[int, ...], then: WhenWeighed) -> None:
        """The memory of processes."""
        ticket = self._ticket()
        self._waiting[ticket] = then
        self._commands.append(Weigh(ticket, pids))

    def find_conversation(self, beginning: str, then: WhenConversationFound) -> None:
        """A conversation in claude's own files."""
        ticket = self._ticket()
        self._waiting[ticket] = then
        self._commands.append(FindConversation(ticket, beginning))

    def look_at_audit(self, after: int, wanted: Wanted, most: int, then: WhenAuditRead) -> None:
        """A piece of the audit."""
        ticket = self._ticket()
        self._waiting[ticket] = then
        self._commands.append(LookAtAudit(ticket, after, wanted, most))

    def wake(self, delay: float) -> None:
        """A tick, in so many seconds."""
        self._commands.append(Wake(delay))

    def stored(self, event: Stored | StoreFailed) -> None:
        """Pass the answer to each who waits for it. One that nobody waits for came twice: nothing.

        A defect of one of them is no matter of the others: it is raised when they have been told.
        """
        tickets = event.tickets if isinstance(event, Stored) else (event.ticket,)
        failure = None if isinstance(event, Stored) else event.reason
        defects: list[Exception] = []
        for ticket in tickets:
            then = self._storing.pop(ticket, None)
            if then is None:
                continue
            try:
                then(failure)
            except Exception as defect:  # noqa: BLE001  raised below
                defects.append(defect)
        if defects:
            raise ExceptionGroup("what follows from a transaction failed", defects)

    def answered(self, event: Answer) -> None:
        """Likewise."""
        then = self._waiting.pop(event.ticket, None)
        if then is not None:
            then(_answer(event))

    def measure(self, then: WhenMeasured) -> None:
        """How the journal fares."""
        ticket = self._ticket()
        self._waiting[ticket] = then
        self._commands.append(Measure(ticket))

    def survey(self, then: WhenSurveyed) -> None:
        """How the process fares."""
        ticket = self._ticket()
        self._waiting[ticket] = then
        self._commands.append(Survey(ticket))

    def _ticket(self) -> Ticket:
        self._last_ticket += 1
        return self._last_ticket


def _answer(event: Answer) -> object:
    """What of an answer is for who waits for it."""
    match event:
        case Loaded():
            return event.rows
        case Found():
            return event.row
        case Measured() | Surveyed():
            return event.figures
        case Weighed():
            return event.memory
        case _:
            return event
