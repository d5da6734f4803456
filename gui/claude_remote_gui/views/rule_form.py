"""Allowing by a standing rule: what it says, where it holds, how long, and in words what that lets pass."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QComboBox, QFormLayout, QFrame, QLineEdit, QVBoxLayout, QWidget

from claude_remote import rules
from claude_remote.errors import RemoteError
from claude_remote.facts import ApprovalOpened
from claude_remote.messages import Scope
from claude_remote.uses import use_of
from claude_remote_gui.models.tables import ApprovalRow
from claude_remote_gui.rule_words import UNLIMITED, Wish, describe, doubt, offers, read_wish
from claude_remote_gui.views.parts import button, label, row, say

_SCOPES = (
    ("this session", Scope.SESSION),
    ("sessions below a folder", Scope.FOLDER),
    ("what I prompt from here", Scope.CLIENT),
    ("every session of the server", Scope.EVERYWHERE),
)
_LASTS = ("1h", "8h", "7d", UNLIMITED)
_USUALLY = "8h"


def why_no_rule(fact: ApprovalOpened, found: ApprovalRow) -> str:
    """Why no rule would answer such a question; empty: one may."""
    if found.mode == "plan":
        return "Claude plans: until it has begun, no rule answers."
    why = rules.why_never(use_of(fact, found.cwd))
    return f"No rule answers this: {why}." if why else ""


class RuleForm(QFrame):
    """Hidden until `open`. Enter makes the rule, Escape does not."""

    wanted = pyqtSignal(object)  # Wish
    left = pyqtSignal()  # nothing is wanted

    def __init__(self) -> None:
        super().__init__()
        self._fact: ApprovalOpened | None = None
        self._row: ApprovalRow | None = None
        self._wish: Wish | None = None
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAccessibleName("Allow by a rule")
        self.rule = _written("Rule", "Bash(pytest *), Edit(src/**), mcp__server__tool")
        self.scope = QComboBox()
        self.scope.setAccessibleName("Where the rule holds")
        for title, _ in _SCOPES:
            self.scope.addItem(title)
        self.folder = QLineEdit()
        self.folder.setAccessibleName("Folder of the server below which the rule holds")
        self.lasts = _written("How long the rule holds", "30min, 8h, 7d")
        self.lasts.addItems(_LASTS)
        self.about = label(wraps=True)
        self.make = button("Allow, and make the &rule", self._make)
        self.cancel = button("Cancel", self.left.emit)
        for box in (self.rule, self.lasts):
            box.editTextChanged.connect(lambda _text: self._check())
            line = box.lineEdit()
            if line is not None:
                line.returnPressed.connect(self._make)
        self.folder.textChanged.connect(lambda _text: self._check())
        self.folder.returnPressed.connect(self._make)
        self.scope.currentIndexChanged.connect(lambda _place: self._check())
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Rule", self.rule)
        form.addRow("Holds in", _beside(self.scope, self.folder))
        form.addRow("For", _beside(self.lasts))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addLayout(form)
        layout.addWidget(self.about)
        layout.addLayout(row(None, self.cancel, self.make))
        self.hide()

    def open(self, fact: ApprovalOpened, found: ApprovalRow) -> None:
        """For this question: beginning with what Claude proposes, in this session."""
        self._fact, self._row = fact, found
        offered = offers(fact, found.cwd)
        self.rule.clear()
        self.rule.addItems(offered)
        self.rule.setEditText(offered[0] if offered else "")
        self.scope.setCurrentIndex(0)
        self.folder.setText(found.cwd)
        self.lasts.setEditText(_USUALLY)
        self._check()
        self.show()
        self.rule.setFocus()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """See the class."""
        if event is not None and event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def _check(self) -> None:
        """Say what would pass, or what is wrong."""
        fact, found = self._fact, self._row
        scope = _SCOPES[self.scope.currentIndex()][1]
        self.folder.setVisible(scope is Scope.FOLDER)
        self._wish = None
        if fact is not None and found is not None:
            try:
                self._wish = read_wish(
                    self.rule.currentText(), scope, self.folder.text(), self.lasts.currentText()
                )
            except RemoteError as error:
                say(self.about, error.message)
            else:
                told = describe(self._wish, found.approval.info.session_name, found.server)
                say(self.about, "\n".join(filter(None, [told, doubt(self._wish, fact, found.cwd)])))
        self.make.setEnabled(self._wish is not None)

    def _make(self) -> None:
        if self._wish is not None and not self.isHidden():
            self.wanted.emit(self._wish)


def _written(name: str, example: str) -> QComboBox:
    """A line with some proposals."""
    box = QComboBox()
    box.setEditable(True)
    box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    box.setCompleter(None)
    box.setAccessibleName(name)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(18)
    line = box.lineEdit()
    if line is not None:
        line.setAccessibleName(name)
        line.setPlaceholderText(example)
    return box


def _beside(*widgets: QWidget) -> QWidget:
    made = QWidget()
    made.setLayout(row(*widgets, None))
    return made
