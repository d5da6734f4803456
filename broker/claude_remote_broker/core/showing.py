"""ShowApproval: the whole of a question, from the log, and the file that it is about."""

from __future__ import annotations

from pathlib import PurePosixPath

from claude_remote import bus
from claude_remote import messages as m
from claude_remote.errors import Ambiguous, NoSuchApproval
from claude_remote.rights import Right
from claude_remote_broker.core import gate
from claude_remote_broker.core.asked import approval_info
from claude_remote_broker.core.client import Cancellable, Client
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.lines import first, slices, without_first
from claude_remote_broker.core.session import Session
from claude_remote_broker.core.words import cut
from claude_remote_broker.journal import ApprovalRow, PromptRow
from claude_remote_broker.ports import Peer, Row

_SHORTEST_BEGINNING = 4
_FILES = frozenset({"Edit", "MultiEdit", "Write", "NotebookEdit"})


class Showing(Cancellable):
    """One question. A long one is read in pieces, as fast as the client takes them."""

    def __init__(self, context: Context, client: Client, request: m.ShowApproval) -> None:
        super().__init__(context, client)
        self._request = request
        self._session: Session | None = None
        self._row: ApprovalRow | None = None
        self._offset = 0
        self._waiting = False  # for room
        self._peek: str | None = None

    def begin(self) -> None:
        """Find it. Raises NoSuchApproval, Ambiguous."""
        wanted = self._request.approval.lower()
        found = find_open(self.context, wanted, self.client.peer)
        if found is None:
            self.context.effects.find_approval(wanted, self._found)
        else:
            self._show(*found)

    def drained(self) -> None:
        """There is room again."""
        if self._waiting:
            self._waiting = False
            self._read()

    def seen(self, file: bus.Seen, content: bytes) -> None:
        """The worker has read the file, or says why not."""
        self._peek = None
        roots = gate.roots_of(self.client.peer.fingerprint, self.context.clients)
        if roots and file.path and not any(PurePosixPath(file.path).is_relative_to(root) for root in roots):
            file, content = bus.Seen(request="", refused="it is outside of what this client may use"), b""
        told = m.File(path=file.path[:4096], missing=file.missing, refused=cut(file.refused))
        *before, last = slices(content)
        for part in before:
            self.client.send(m.File(path=told.path, more=True), part)
        self.client.send(told, last)
        self.end()

    def closed(self) -> None:
        """Wait no more."""
        if self._peek is not None:
            self.context.peeks.forget(self._peek)

    # --- inside ----------------------------------------------------------------------------------------

    def _found(self, row: PromptRow | ApprovalRow | None) -> None:
        session = self.context.sessions.get(row.session) if row is not None else None
        if self.over:
            return
        if (
            isinstance(row, ApprovalRow)
            and session is not None
            and gate.sees(self.client.peer, session, self.context.clients)
        ):
            self._show(session, row)
        else:
            self.end(NoSuchApproval(f"There is no approval {self._request.approval!r}."))

    def _show(self, session: Session, row: ApprovalRow) -> None:
        self._session, self._row = session, row
        self._read()

    def _read(self) -> None:
        session, row = self._session, self._row
        if session is None or row is None or self.over:
            return
        if self.client.congested:
            self._waiting = True
            return
        limit = self.context.limits.read_ahead
        self.context.effects.load(session.id, row.seq - 1, self._offset, limit, self._loaded)

    def _loaded(self, rows: tuple[Row, ...]) -> None:
        session, row = self._session, self._row
        if self.over or session is None or row is None:
            return
        if not rows or not rows[0].first <= row.seq < rows[0].first + rows[0].count:
            self.end(NoSuchApproval("The log does not hold this question any more."))
            return
        piece = rows[0]
        info = approval_info(session, row, self.context.host)
        if piece.more or self._offset:
            self._offset += len(piece.lines)
            self.client.send(m.Approval(approval=info, more=piece.more), piece.lines)
        else:
            line = first(without_first(piece.lines, row.seq - piece.first), 1)
            *before, last = slices(line)
            for part in before:
                self.client.send(m.Approval(approval=info, more=True), part)
            self.client.send(m.Approval(approval=info), last)
        if piece.more:
            self._read()
        elif self._request.file and row.tool in _FILES:
            self._look(session, row)
        else:
            self.end()

    def _look(self, session: Session, row: ApprovalRow) -> None:
        """The file is for those who decide: it may hold more than the session's log."""
        if Right.APPROVE in gate.rights_of(self.client.peer.fingerprint, self.context.clients):
            self._peek = self.context.peeks.look(self, session, row.id)
        else:
            self.seen(bus.Seen(request="", refused="this client lacks the right `approve`"), b"")


def find_open(context: Context, wanted: str, peer: Peer) -> tuple[Session, ApprovalRow] | None:
    """An approval that has not ended, by its id or the beginning of it. Raises Ambiguous."""
    found = [
        (session, row)
        for session in context.sessions
        if session.approvals and gate.sees(peer, session, context.clients)
        for row in session.approvals.values()
        if row.id == wanted or (len(wanted) >= _SHORTEST_BEGINNING and row.id.startswith(wanted))
    ]
    if len(found) > 1:
        raise Ambiguous(f"{wanted!r} could be any of {len(found)} approvals")
    return found[0] if found else None
