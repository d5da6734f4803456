"""What can be answered to a question: the words for Claude and the buttons, each with its key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from claude_remote_gui.views.parts import button, key_of, row

Kind: TypeAlias = Literal["tool", "form", "plan"]


class Choices(QWidget):
    """Y yes, S for the session, R by a rule, N no, X no and stop the turn."""

    def __init__(
        self,
        yes: Callable[[], None],
        for_session: Callable[[], None],
        by_rule: Callable[[], None],
        no: Callable[[], None],
        stop: Callable[[], None],
    ) -> None:
        super().__init__()
        self.words = QLineEdit()
        self.words.setAccessibleName("Words for Claude")
        self.words.returnPressed.connect(no)
        self.yes = button("Yes (&Y)", yes, "Allow this once")
        self.session = button("For this session (&S)", for_session)
        self.rule = button("By a rule (&R) …", by_rule, "Allow this, and from now on what is like it")
        self.no = button("No (&N)", no, "Deny it; the words are told to Claude")
        self.stop = button("No, and stop (&X)", stop, "Deny it and end the turn")
        self._keys = {"Y": self.yes, "S": self.session, "R": self.rule, "N": self.no, "X": self.stop}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.words)
        layout.addLayout(row(self.yes, self.session, self.rule, None, self.no, self.stop))
        self.name("plan", remembers=True)
        self.widest = self.minimumSizeHint().width()  # with its longest names

    def name(self, kind: Kind, *, remembers: bool) -> None:
        """Call them by what they do there; `remembers`: there is something to remember for the session."""
        self.yes.setText({"tool": "Yes (&Y)", "form": "Answer (&Y)", "plan": "Begin (&Y)"}[kind])
        self.session.setText("Begin, edits pass (&S)" if kind == "plan" else "For this session (&S)")
        self.session.setToolTip(
            "" if remembers or kind == "plan" else "Claude offers nothing to remember here"
        )
        self.session.setVisible(kind != "form")
        self.no.setText("Keep planning (&N)" if kind == "plan" else "No (&N)")
        self.words.setPlaceholderText(
            "What should be different? (Enter: keep planning)"
            if kind == "plan"
            else "Words for Claude, with a no (Enter: no)"
        )
        for each in (self.yes, self.session, self.no):
            each.setAccessibleName(each.text().replace("&", ""))

    def enable(self, *, yes: bool, session: bool, rule: bool, no: bool) -> None:
        """Which of them can be chosen now."""
        self.yes.setEnabled(yes)
        self.session.setEnabled(session)
        self.rule.setEnabled(rule)
        for each in (self.no, self.stop, self.words):
            each.setEnabled(no)

    def press(self, event: QKeyEvent) -> bool:
        """Whether the key was one that decides. A button that is disabled does nothing."""
        found = self._keys.get(key_of(event))
        if found is None or self.isHidden() or self.words.hasFocus():
            return False
        found.click()
        return True
