"""One question of Claude's with everything needed to decide it, and the buttons that do."""

from __future__ import annotations

from PyQt6.QtCore import QTimer
from PyQt6.QtGui import QKeyEvent, QResizeEvent, QTextCursor
from PyQt6.QtWidgets import QFrame, QLineEdit, QScrollArea, QTextEdit, QVBoxLayout, QWidget

from claude_remote import facts, messages
from claude_remote.client.conversation.asked import (
    ACCEPT_EDITS,
    KEEP_PLANNING,
    NO_ANSWER,
    read_asked,
    with_answers,
)
from claude_remote.client.turn import Verdict
from claude_remote.errors import RemoteError
from claude_remote.messages import Behavior
from claude_remote.rights import Right
from claude_remote_gui.hub import Hub
from claude_remote_gui.models.tables import ApprovalRow
from claude_remote_gui.net.asking import read_question
from claude_remote_gui.net.standing import Connected
from claude_remote_gui.text import questions as texts
from claude_remote_gui.text.markdown import plain
from claude_remote_gui.text.paragraphs import Paragraph
from claude_remote_gui.views.forms import QuestionsForm
from claude_remote_gui.views.painting import Painter
from claude_remote_gui.views.parts import button, key_of, label, row, say

# When another question takes the place of the one that is looked at, a key that is on its way must not
# decide it.
GUARD = 500  # ms
_KEYS = "YSNX"


class Decision(QWidget):
    """Keys, while it has the focus: Y yes, S for the session, N no, X no and stop the turn.

    `low`: it takes as little height as its question needs, and at most some of it.
    """

    def __init__(self, hub: Hub, *, low: int = 0) -> None:
        super().__init__()
        self._hub = hub
        self._low = low
        self.shown: ApprovalRow | None = None
        self._whole: facts.ApprovalOpened | None = None
        self._known: dict[str, facts.ApprovalOpened] = {}
        self.title = label(wraps=True, bold=True)
        self.said = label(wraps=True)
        self.detail = QTextEdit()
        self.detail.setReadOnly(True)
        self.detail.setAccessibleName("What Claude wants to do")
        self.form: QuestionsForm | None = None
        self._forms = QScrollArea()
        self._forms.setWidgetResizable(True)
        self._forms.setFrameShape(QFrame.Shape.NoFrame)
        self.remembers = label(wraps=True)
        self.words = QLineEdit()
        self.words.setAccessibleName("Words for Claude")
        self.words.returnPressed.connect(self.no)
        self.yes_button = button("Yes (&Y)", self.yes, "Allow this once")
        self.session_button = button("For this session (&S)", self.for_session)
        self.no_button = button("No (&N)", self.no, "Deny it; the words are told to Claude")
        self.stop_button = button("No, and stop (&X)", self.stop, "Deny it and end the turn")
        self._guard = QTimer(self)
        self._guard.setSingleShot(True)
        self._guard.setInterval(GUARD)
        self._guard.timeout.connect(self.enable)
        document = self.detail.document()
        lines = None if document is None else document.documentLayout()
        if lines is not None:
            lines.documentSizeChanged.connect(lambda _size: self._fit())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        layout.addWidget(self.title)
        layout.addWidget(self.detail, 1)
        layout.addWidget(self._forms, 1)
        layout.addWidget(self.remembers)
        layout.addWidget(self.said)
        layout.addWidget(self.words)
        layout.addLayout(row(self.yes_button, self.session_button, None, self.no_button, self.stop_button))
        hub.stood.connect(lambda _name: self.enable())
        self.show_row(None)

    # --- deciding ----------------------------------------------------------------------------------------

    def yes(self) -> None:
        """Allow it once; with a form, give the answers."""
        if self.form is not None and self._whole is not None:
            given = with_answers(bytes(self._whole.input), self.form.answers())
            self._decide(Verdict(behavior=Behavior.ALLOW, input=given))
        else:
            self._decide(Verdict(behavior=Behavior.ALLOW))

    def for_session(self) -> None:
        """Allow the like for the rest of the session; of a plan: and let edits pass."""
        if self._is_plan:
            self._decide(Verdict(behavior=Behavior.ALLOW, mode=ACCEPT_EDITS))
        else:
            self._decide(Verdict(behavior=Behavior.ALLOW, for_session=True))

    def no(self) -> None:
        """Deny it, with the words that are there."""
        usual = KEEP_PLANNING if self._is_plan else NO_ANSWER if self.form is not None else ""
        self._decide(Verdict(behavior=Behavior.DENY, message=self.words.text().strip() or usual))

    def stop(self) -> None:
        """Deny it, and end the turn."""
        self._decide(Verdict(behavior=Behavior.DENY, message=self.words.text().strip(), stop=True))

    def press(self, event: QKeyEvent) -> bool:
        """Whether the key was one that decides. A button that is disabled does nothing."""
        buttons = dict(
            zip(_KEYS, (self.yes_button, self.session_button, self.no_button, self.stop_button), strict=True)
        )
        key = key_of(event)
        if key not in buttons or isinstance(self.focusWidget(), QLineEdit):
            return False
        buttons[key].click()
        return True

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """See the class."""
        if event is None or not self.press(event):
            super().keyPressEvent(event)

    # --- showing -----------------------------------------------------------------------------------------

    def show_row(self, found: ApprovalRow | None) -> None:
        """Look at this question; the same one again only refreshes what may be done."""
        before, self.shown = self.shown, found
        if found is None:
            self._whole = None
            say(self.title, "Nothing waits for a decision.")
            self._write([])
            self._furnish()
        elif before is None or before.approval.info.id != found.approval.info.id:
            self._guard.start()
            self.words.clear()
            info = found.approval.info
            say(self.title, self._head(found))
            self._whole = self._known.get(info.id)
            if self._whole is None:
                self._write([*plain(info.summary, "code", mono=True), texts.FETCHING])
                self._fetch(found)
            self._furnish()
        self.enable()

    def learn(self, whole: facts.ApprovalOpened) -> None:
        """The whole of a question, however it was come by."""
        self._known = dict([*self._known.items(), (whole.approval, whole)][-200:])
        if self.shown is not None and self.shown.approval.info.id == whole.approval:
            self._whole = whole
            self._furnish()
            self.enable()

    def enable(self) -> None:
        """What can be decided now: only what is seen whole may be allowed."""
        found, whole = self.shown, self._whole
        may = found is not None and self._hub.may(found.server, Right.APPROVE)
        asks = may and found is not None and found.approval.open and not self._guard.isActive()
        answered = self.form is None or self.form.complete
        remembers = self._is_plan or bool(self._rules)
        self.yes_button.setEnabled(asks and whole is not None and answered)
        self.session_button.setEnabled(asks and whole is not None and remembers)
        for each in (self.no_button, self.stop_button, self.words):
            each.setEnabled(asks)
        self._forms.setEnabled(asks)
        if found is not None and found.approval.open and not may:
            connected = isinstance(self._hub.standings.get(found.server), Connected)
            words = "You have no right to decide there." if connected else f"{found.server} is not connected."
            say(self.said, words)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Other widths, other heights."""
        super().resizeEvent(event)
        self._fit()

    # --- inside ------------------------------------------------------------------------------------------

    @property
    def _is_plan(self) -> bool:
        return self.shown is not None and self.shown.approval.info.tool == "ExitPlanMode"

    @property
    def _rules(self) -> list[str]:
        if self._whole is None or self.shown is None or self.form is not None or self._is_plan:
            return []
        return texts.remembered(self._whole, self.shown.cwd)

    def _head(self, found: ApprovalRow) -> str:
        info = found.approval.info
        wants = {"AskUserQuestion": "asks you", "ExitPlanMode": "has a plan"}
        what = wants.get(info.tool, f"asks to use {info.tool}")
        if self._low:  # it stands in its conversation
            return f"Claude {what}"
        return f"{info.session_name} on {found.server} {what}" + (f", in {found.cwd}" if found.cwd else "")

    def _furnish(self) -> None:
        """The words, the form and the buttons for what is shown."""
        whole = self._whole
        say(self.said, "")
        asked = (
            read_asked(bytes(whole.input)) if whole is not None and whole.tool == "AskUserQuestion" else []
        )
        self.form = QuestionsForm(asked) if asked else None
        self.detail.setVisible(self.form is None)
        self._forms.setVisible(self.form is not None)
        if self.form is not None:
            self.form.changed.connect(self.enable)
            self._forms.setWidget(self.form)
        elif whole is not None:
            self._write(texts.describe(whole))
        rules = self._rules
        say(self.remembers, f"S allows, until the session ends: {'; '.join(rules)}." if rules else "")
        yes = "Answer (&Y)" if self.form is not None else "Begin (&Y)" if self._is_plan else "Yes (&Y)"
        self.yes_button.setText(yes)
        self.session_button.setText("Begin, edits pass (&S)" if self._is_plan else "For this session (&S)")
        self.session_button.setToolTip(
            "" if rules or self._is_plan else "Claude offers nothing to remember here"
        )
        self.session_button.setVisible(self.form is None)
        self.no_button.setText("Keep planning (&N)" if self._is_plan else "No (&N)")
        self.words.setPlaceholderText(
            "What should be different? (Enter: keep planning)"
            if self._is_plan
            else "Words for Claude, with a no (Enter: no)"
        )
        for each in (self.yes_button, self.session_button, self.no_button):
            each.setAccessibleName(each.text().replace("&", ""))
        self._fit()

    def _fetch(self, found: ApprovalRow) -> None:
        info = found.approval.info

        def then(whole: object, error: RemoteError | None) -> None:
            if isinstance(whole, facts.ApprovalOpened):
                self.learn(whole)
            elif self.shown is not None and self.shown.approval.info.id == info.id and error is not None:
                say(self.said, f"Only the summary can be shown: {error.message}")

        self._hub.ask(found.server, lambda client: read_question(client, info), then)

    def _write(self, paragraphs: list[Paragraph]) -> None:
        self.detail.clear()
        Painter().insert(QTextCursor(self.detail.document()), paragraphs, 0)
        self.detail.moveCursor(QTextCursor.MoveOperation.Start)

    def _fit(self) -> None:
        document = self.detail.document()
        if not self._low or document is None:
            return
        height = int(document.size().height()) + 2 * self.detail.frameWidth() + 4
        self.detail.setFixedHeight(max(self._low // 4, min(self._low, height)))
        if self.form is not None:
            self._forms.setFixedHeight(min(self._low, self.form.sizeHint().height() + 4))

    def _decide(self, verdict: Verdict) -> None:
        found = self.shown
        if found is None or not found.approval.open or self._guard.isActive():
            return
        info = found.approval.info
        say(self.said, "Sent …")

        def then(decided: object, error: RemoteError | None) -> None:
            same = self.shown is not None and self.shown.approval.info.id == info.id
            if error is not None:
                say(self.said, f"{info.tool} in {info.session_name}: {error.message}")
            elif same and isinstance(decided, messages.Decided):
                say(self.said, "Recorded; what comes of it stands in the queue.")

        self._hub.ask(found.server, lambda client: client.decide(info.id, verdict), then)
