"""The queue of approvals: what Claude wants to do, everything needed to decide, and what came of it."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QObject, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QTextCursor
from PyQt6.QtWidgets import QLineEdit, QSplitter, QTextEdit, QVBoxLayout, QWidget

from claude_remote import facts, messages
from claude_remote.client.client import Client
from claude_remote.client.events import Fact
from claude_remote.client.turn import Verdict
from claude_remote.errors import NoSuchApproval, RemoteError
from claude_remote.messages import ApprovalInfo, Behavior, Cursor
from claude_remote.rights import Right
from claude_remote_gui.hub import Hub
from claude_remote_gui.models.rows import ROW_ROLE, RowsModel
from claude_remote_gui.models.tables import APPROVALS, ApprovalRow, approval_rows
from claude_remote_gui.text import inputs
from claude_remote_gui.text.markdown import plain
from claude_remote_gui.text.paragraphs import Paragraph, Span
from claude_remote_gui.views.painting import Painter
from claude_remote_gui.views.parts import button, label, row, say, selected, sorted_by, table

# When another question takes the place of the one that is looked at, a key that is on its way must not
# decide it.
GUARD = 500  # ms


def read_question(client: Client, info: ApprovalInfo) -> facts.ApprovalOpened:
    """The whole question, out of its session's log. Raises NoSuchApproval when it is not there any more."""
    # Generation 0 is never the log's own: the server says Reset, and goes on after the number all the same.
    after = Cursor(0, max(0, info.seq - 1))
    with client.attach(info.session, after, follow=False, patience=0.0) as exchange:
        for event in exchange:
            match event:
                case Fact(fact=facts.ApprovalOpened(approval=info.id) as question):
                    return question
    raise NoSuchApproval("The log has no more of this question than its summary.")


class ApprovalsView(QWidget):
    """Keys, while the queue has the focus: Y yes, S for the session, N no, X no and stop the turn."""

    counted = pyqtSignal(int)

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self._hub = hub
        self._shown: ApprovalRow | None = None
        self._questions: dict[str, facts.ApprovalOpened] = {}
        self.model: RowsModel[ApprovalRow] = RowsModel(APPROVALS, self)
        proxy = sorted_by(self)
        proxy.setSourceModel(self.model)
        self.table = table(proxy, "Approvals", (180, 90, 90, 320, 140, 220))
        self.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.table.installEventFilter(self)
        self.title = label(wraps=True, bold=True)
        self.said = label(wraps=True)
        self.detail = QTextEdit()
        self.detail.setReadOnly(True)
        self.detail.setAccessibleName("What Claude wants to do")
        self.words = QLineEdit()
        self.words.setPlaceholderText("Words for Claude, with a no (Enter: no)")
        self.words.setAccessibleName("Words for Claude")
        self.words.returnPressed.connect(self.no)
        self.yes_button = button("Yes (Y)", self.yes, "Allow this once")
        self.session_button = button(
            "For this session (S)", self.for_session, "Allow the like until the session ends"
        )
        self.no_button = button("No (N)", self.no, "Deny it; the words are told to Claude")
        self.stop_button = button("No, and stop (X)", self.stop, "Deny it and end the turn")
        self._guard = QTimer(self)
        self._guard.setSingleShot(True)
        self._guard.setInterval(GUARD)
        self._guard.timeout.connect(self._enable)
        self._lay_out()
        selection = self.table.selectionModel()
        if selection is not None:
            selection.selectionChanged.connect(lambda _new, _old: self._select())
        hub.moved.connect(self.refresh)
        hub.stood.connect(lambda _name: self._enable())
        self.refresh()

    # --- deciding ----------------------------------------------------------------------------------------

    def yes(self) -> None:
        """Allow it once."""
        self._decide(Verdict(behavior=Behavior.ALLOW))

    def for_session(self) -> None:
        """Allow the like for the rest of the session."""
        self._decide(Verdict(behavior=Behavior.ALLOW, for_session=True))

    def no(self) -> None:
        """Deny it, with the words that are there."""
        self._decide(Verdict(behavior=Behavior.DENY, message=self.words.text().strip()))

    def stop(self) -> None:
        """Deny it, and end the turn."""
        self._decide(Verdict(behavior=Behavior.DENY, message=self.words.text().strip(), stop=True))

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """See the class."""
        if event is None or not self._key(event):
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """The table would look for a row that begins with the letter."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and self._key(event):
            return True
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        """Whether the key was one that decides. A button that is disabled does nothing."""
        keys = {
            Qt.Key.Key_Y: self.yes_button,
            Qt.Key.Key_S: self.session_button,
            Qt.Key.Key_N: self.no_button,
            Qt.Key.Key_X: self.stop_button,
        }
        if event.modifiers() or event.isAutoRepeat() or event.key() not in keys or self.words.hasFocus():
            return False
        keys[Qt.Key(event.key())].click()
        return True

    # --- showing -----------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the queue as it is now."""
        rows = approval_rows(self._hub.pictures)
        self.model.update_rows(rows)
        waiting = [each for each in rows.values() if each.approval.open]
        self.counted.emit(len(waiting))
        shown = self._shown
        if shown is not None:
            now = rows.get((shown.server, shown.approval.info.id))
            if now is not None:
                self._shown = now
                self._enable()
        if shown is None or (waiting and not self._shown_is_in(rows)):
            self._take_first()
        elif not rows:
            self._show(None)

    def open(self, server: str, approval: str) -> None:
        """Show this one."""
        place = self.model.place_of((server, approval))
        if place is not None:
            proxy = self.table.model()
            self.table.selectRow(proxy.mapFromSource(self.model.index(place, 0)).row())  # type: ignore[union-attr]
        self.table.setFocus()

    def learn(self, question: facts.ApprovalOpened) -> None:
        """The whole of a question, however it was come by."""
        self._questions = dict([*self._questions.items(), (question.approval, question)][-200:])
        if self._shown is not None and self._shown.approval.info.id == question.approval:
            say(self.said, "")
            self._paint(question)
            self._enable()

    def _shown_is_in(self, rows: dict[tuple[str, str], ApprovalRow]) -> bool:
        """Whether what is shown is still something to look at: it waits, or its tool has not finished."""
        if self._shown is None:
            return False
        now = rows.get((self._shown.server, self._shown.approval.info.id))
        return now is not None and now.approval.step not in {"finished", "void"}

    def _take_first(self) -> None:
        """Look at the oldest that waits."""
        model = self.table.model()
        if model is not None and model.rowCount():
            self.table.selectRow(0)

    def _select(self) -> None:
        found = selected(self.table, ROW_ROLE)
        self._show(found if isinstance(found, ApprovalRow) else None)

    def _show(self, found: ApprovalRow | None) -> None:
        before, self._shown = self._shown, found
        if found is None:
            say(self.title, "Nothing waits for a decision.")
            say(self.said, "")
            self.detail.clear()
        elif before is None or before.approval.info.id != found.approval.info.id:
            self.words.clear()
            say(self.said, "")
            self._guard.start()
            info = found.approval.info
            where = f" in {found.cwd}" if found.cwd else ""
            say(self.title, f"{info.session_name} on {found.server} asks to use {info.tool}{where}")
            self._describe(found)
        self._enable()

    def _describe(self, found: ApprovalRow) -> None:
        info = found.approval.info
        if info.id in self._questions:
            self._paint(self._questions[info.id])
            return
        self._write([*plain(info.summary, "code", mono=True), _remark("The rest is being fetched …")])

        def then(question: object, error: RemoteError | None) -> None:
            if isinstance(question, facts.ApprovalOpened):
                self.learn(question)
            elif self._shown is not None and self._shown.approval.info.id == info.id and error is not None:
                say(self.said, f"Only the summary can be shown: {error.message}")

        self._hub.ask(found.server, lambda client: read_question(client, info), then)

    def _paint(self, question: facts.ApprovalOpened) -> None:
        about = " — ".join(filter(None, [question.description, question.reason, question.agent]))
        head = plain(about) if about else []
        rules = bytes(question.suggestions).strip()
        foot = (
            [
                _remark("For this session, Claude would remember:"),
                *plain(rules.decode(errors="replace"), mono=True),
            ]
            if rules not in {b"[]", b"null", b""}
            else []
        )
        self._write([*head, *inputs.describe(question.tool, bytes(question.input)), *foot])

    def _write(self, paragraphs: list[Paragraph]) -> None:
        self.detail.clear()
        Painter().insert(QTextCursor(self.detail.document()), paragraphs, 0)

    def _enable(self) -> None:
        """What can be decided now: only what is seen whole may be allowed."""
        found = self._shown
        asks = found is not None and found.approval.open and not self._guard.isActive()
        may = found is not None and self._hub.may(found.server, Right.APPROVE)
        whole = found is not None and found.approval.info.id in self._questions
        for each in (self.yes_button, self.session_button):
            each.setEnabled(asks and may and whole)
        for other in (self.no_button, self.stop_button, self.words):
            other.setEnabled(asks and may)
        if found is not None and found.approval.open and not may:
            say(self.said, "You have no right to decide there.")

    def _decide(self, verdict: Verdict) -> None:
        found = self._shown
        if found is None or not found.approval.open or self._guard.isActive():
            return
        info = found.approval.info
        say(self.said, "Sent …")

        def then(decided: object, error: RemoteError | None) -> None:
            same = self._shown is not None and self._shown.approval.info.id == info.id
            if error is not None:
                say(self.said, f"{info.tool} in {info.session_name}: {error.message}")
            elif same and isinstance(decided, messages.Decided):
                say(self.said, "Recorded; what comes of it stands in the queue.")

        self._hub.ask(found.server, lambda client: client.decide(info.id, verdict), then)

    def _lay_out(self) -> None:
        below = QWidget()
        layout = QVBoxLayout(below)
        layout.setContentsMargins(0, 6, 0, 0)
        layout.addWidget(self.title)
        layout.addWidget(self.detail, 1)
        layout.addWidget(self.said)
        layout.addWidget(self.words)
        layout.addLayout(row(self.yes_button, self.session_button, None, self.no_button, self.stop_button))
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setObjectName("approvals")
        splitter.addWidget(self.table)
        splitter.addWidget(below)
        splitter.setSizes([220, 380])
        QVBoxLayout(self).addWidget(splitter)


def _remark(text: str) -> Paragraph:
    return Paragraph((Span(text, tone="faint"),), "info")
