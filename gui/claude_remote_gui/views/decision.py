"""One question of Claude's with everything needed to decide it, and the buttons that do."""

from __future__ import annotations

from PyQt6.QtCore import QTimer, pyqtSignal
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from claude_remote.client.conversation.asked import (
    ACCEPT_EDITS,
    KEEP_PLANNING,
    NO_ANSWER,
    read_asked,
    with_answers,
)
from claude_remote.client.turn import Verdict
from claude_remote.errors import LinkLost, RemoteError, Restarting, ShuttingDown, TimedOut, Unreachable
from claude_remote.messages import ApprovalInfo, Behavior
from claude_remote.rights import Right
from claude_remote_gui.hub import Hub
from claude_remote_gui.models.tables import ApprovalRow
from claude_remote_gui.net import deciding
from claude_remote_gui.net.asking import read_question
from claude_remote_gui.net.standing import Connected
from claude_remote_gui.rule_words import Wish, passes, where
from claude_remote_gui.text import questions as texts
from claude_remote_gui.text.markdown import plain
from claude_remote_gui.text.questions import Shown
from claude_remote_gui.views.choices import Choices, Kind
from claude_remote_gui.views.forms import QuestionsForm
from claude_remote_gui.views.parts import label, say
from claude_remote_gui.views.question_pane import QuestionPane
from claude_remote_gui.views.rule_form import RuleForm, why_no_rule

# When another question takes the place of the one that is looked at, keys that are on their way must not
# decide it: so long it is quiet before.
GUARD = 500  # ms
_AWAY = (Unreachable, LinkLost, ShuttingDown, Restarting, TimedOut)
_CHANGED = "The file has changed since it was shown, and nothing was decided: this is how it is now."


class Decision(QWidget):
    """Keys, while it has the focus: Y yes, S for the session, R by a rule, N no, X no and stop the turn.

    `low`: it takes as little height as its question needs, and at most some of it.
    """

    told = pyqtSignal(str)  # what should be read though another question is looked at by now

    def __init__(self, hub: Hub, *, low: int = 0) -> None:
        super().__init__()
        self._hub = hub
        self._low = low
        self.shown: ApprovalRow | None = None
        self._whole: Shown | None = None
        self._sent: set[str] = set()  # decisions that are on their way
        self._fetching = self._lost = False  # the question is being fetched; it was, and the link was lost
        self.pane = QuestionPane(low=low)
        self.pane.changed.connect(self.enable)
        self.detail = self.pane.detail
        self.said = label(wraps=True)
        self.choices = Choices(self.yes, self.for_session, self.by_rule, self.no, self.stop)
        self.words = self.choices.words
        self.rule = RuleForm()
        self.rule.wanted.connect(lambda wish: self._decide(Verdict(behavior=Behavior.ALLOW), wish))
        self.rule.left.connect(self._leave_rule)
        self._guard = QTimer(self)
        self._guard.setSingleShot(True)
        self._guard.setInterval(GUARD)
        self._guard.timeout.connect(self.enable)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        layout.addWidget(self.pane, 1)
        for each in (self.said, self.rule, self.choices):
            layout.addWidget(each)
        hub.stood.connect(self._stood)
        self.show_row(None)

    @property
    def form(self) -> QuestionsForm | None:
        """The form of what Claude asks people."""
        return self.pane.form

    # --- deciding ----------------------------------------------------------------------------------------

    def yes(self) -> None:
        """Allow it once; with a form, give the answers."""
        if self.form is not None and self._whole is not None:
            given = with_answers(bytes(self._whole.fact.input), self.form.answers())
            self._decide(Verdict(behavior=Behavior.ALLOW, input=given))
        else:
            self._decide(Verdict(behavior=Behavior.ALLOW))

    def for_session(self) -> None:
        """Allow the like for the rest of the session; of a plan: and let edits pass."""
        if self._is_plan:
            self._decide(Verdict(behavior=Behavior.ALLOW, mode=ACCEPT_EDITS))
        else:
            self._decide(Verdict(behavior=Behavior.ALLOW, for_session=True))

    def by_rule(self) -> None:
        """Ask for a rule that answers this and the like of it from now on; or say why none does."""
        if self._whole is None or self.shown is None:
            return
        if why := why_no_rule(self._whole.fact, self.shown):
            say(self.said, why)
        else:
            say(self.said, "")
            for each in (self.choices, self.pane.remembers):
                each.hide()
            self.rule.open(self._whole.fact, self.shown)

    def no(self) -> None:
        """Deny it, with the words that are there."""
        usual = KEEP_PLANNING if self._is_plan else NO_ANSWER if self.form is not None else ""
        self._decide(Verdict(behavior=Behavior.DENY, message=self.words.text().strip() or usual))

    def stop(self) -> None:
        """Deny it, and end the turn."""
        self._decide(Verdict(behavior=Behavior.DENY, message=self.words.text().strip(), stop=True))

    def press(self, event: QKeyEvent) -> bool:
        """Whether the key was one that decides. Who types on while the question changes decides nothing."""
        if self._guard.isActive():
            self._guard.start()
        return not isinstance(self.focusWidget(), QLineEdit) and self.choices.press(event)

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
            say(self.pane.title, "Nothing waits for a decision.")
            self.pane.write([])
            self._furnish()
        elif before is None or before.approval.info.id != found.approval.info.id:
            self._guard.start()
            self.words.clear()
            info = found.approval.info
            say(self.pane.title, self._head(found))
            self._whole = None
            self.pane.write([*plain(info.summary, "code", mono=True), texts.FETCHING])
            self._fetch(found)
            self._furnish()
        elif not found.approval.open:
            self._shut_rule()
        self.enable()

    def learn(self, whole: Shown) -> None:
        """The whole of a question, however it was come by."""
        if self.shown is not None and self.shown.approval.info.id == whole.fact.approval:
            self._whole = whole
            self._furnish()
            self.enable()

    def enable(self) -> None:
        """What can be decided now: only what is seen whole may be allowed."""
        found, whole = self.shown, self._whole
        may = found is not None and self._hub.may(found.server, Right.APPROVE)
        open_ = found is not None and found.approval.open
        asks = may and open_ and not self._guard.isActive() and found.approval.info.id not in self._sent  # type: ignore[union-attr]
        seen = asks and whole is not None and not whole.left_out and self.detail.complete
        if not asks:
            self._keep_focus()
        self.choices.enable(
            yes=seen and self.pane.whole,
            session=seen and (self._is_plan or bool(self._remembered)),
            rule=seen,  # where no rule answers, that is said when it is asked for
            no=asks,
        )
        self.pane.enable(asks=asks)
        if found is not None and open_ and not may:
            say(self.said, self._why_not(found.server))
        elif open_ and whole is not None and whole.left_out:
            say(self.said, whole.left_out)

    # --- inside ------------------------------------------------------------------------------------------

    def _stood(self, server: str) -> None:
        """A question that could not be fetched is fetched when its server is there again."""
        found = self.shown
        back = isinstance(self._hub.standings.get(server), Connected)
        if found is not None and found.server == server and back and self._lost and not self._fetching:
            self._fetch(found)
        self.enable()

    def _why_not(self, server: str) -> str:
        connected = isinstance(self._hub.standings.get(server), Connected)
        return "You have no right to decide there." if connected else f"{server} is not connected."

    def _head(self, found: ApprovalRow) -> str:
        told = texts.title(found.approval.info)
        if self._low:  # it stands in its conversation
            return f"Claude {told}"
        where = f", in {found.cwd}" if found.cwd else ""
        return f"{found.approval.info.session_name} on {found.server} {told}{where}"

    @property
    def _is_plan(self) -> bool:
        return self.shown is not None and self.shown.approval.info.tool == "ExitPlanMode"

    @property
    def _remembered(self) -> list[str]:
        if self._whole is None or self.shown is None or self.form is not None or self._is_plan:
            return []
        return texts.remembered(self._whole.fact, self.shown.cwd)

    def _furnish(self) -> None:
        """The words, the form and the buttons for what is shown."""
        whole = self._whole
        say(self.said, "")
        self._shut_rule()
        fact = None if whole is None else whole.fact
        asked = read_asked(bytes(fact.input)) if fact is not None and fact.tool == "AskUserQuestion" else []
        if whole is not None and not asked:
            self.pane.write(whole.paragraphs)
        self.pane.furnish(asked, self._remembered)
        kind: Kind = "form" if asked else "plan" if self._is_plan else "tool"
        self.choices.name(kind, remembers=bool(self._remembered))

    def _fetch(self, found: ApprovalRow) -> None:
        info, open_ = found.approval.info, found.approval.open
        self._fetching, self._lost = True, False

        def then(whole: object, error: RemoteError | None) -> None:
            if isinstance(whole, Shown):
                self.learn(whole)
            if self.shown is not None and self.shown.approval.info.id == info.id:
                self._fetching = False
                if error is not None:
                    self._lost = isinstance(error, _AWAY)
                    say(self.said, f"Only the summary can be shown: {error.message}")

        self._hub.ask(found.server, lambda client: read_question(client, info, open_=open_), then)

    def _leave_rule(self) -> None:
        self._shut_rule()
        self.choices.rule.setFocus()

    def _shut_rule(self) -> None:
        self.rule.hide()
        self.choices.show()
        self.pane.remembers.setVisible(bool(self.pane.remembers.text()))

    def _keep_focus(self) -> None:
        """What has the focus here is about to be disabled or hidden: the next key is for the next question,
        and not for what Qt would choose.
        """
        now = self.window().focusWidget()  # type: ignore[union-attr]
        if now is not None and any(each.isAncestorOf(now) for each in (self.choices, self.rule)):
            self.setFocus()

    def _decide(self, verdict: Verdict, wish: Wish | None = None) -> None:
        found = self.shown
        if found is None or not found.approval.open or self._guard.isActive():
            return
        info = found.approval.info
        seen = self._whole if verdict.behavior is Behavior.ALLOW else None
        self._sent.add(info.id)
        self.enable()
        self._shut_rule()
        say(self.said, "Sent …")

        def then(outcome: object, error: RemoteError | None) -> None:
            self._sent.discard(info.id)
            if isinstance(outcome, deciding.Outcome):
                self._tell(info, outcome)
            elif error is not None:
                say(self.said, f"{info.tool} in {info.session_name}: {error.message}")
            self.enable()

        self._hub.ask(found.server, lambda client: deciding.decide(client, info, verdict, seen, wish), then)

    def _tell(self, info: ApprovalInfo, outcome: deciding.Outcome) -> None:
        """What came of a decision, if its question is still looked at; what went wrong in any case."""
        same = self.shown is not None and self.shown.approval.info.id == info.id
        which = "" if same else f"{info.tool} in {info.session_name}: "
        made = ""
        if outcome.rule is not None:
            made = f"From now on passes, {where(outcome.rule)}: {passes(outcome.rule.rule)}. "
            self.told.emit(made)
        if outcome.changed is not None:
            self._guard.start()
            self.learn(outcome.changed)
            say(self.said, which + _CHANGED)
        elif outcome.error is not None:
            say(self.said, f"{which}{made}But this question: {outcome.error.message}")
        elif same:
            say(self.said, f"{made}Recorded; what comes of it stands in the queue.")
