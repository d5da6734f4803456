"""The form for what Claude asks people: each question with its answers, and room for words of one's own."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import QButtonGroup, QCheckBox, QLineEdit, QRadioButton, QVBoxLayout, QWidget

from claude_remote.client.conversation.asked import Asked, joined
from claude_remote_gui.text.harmless import harmless
from claude_remote_gui.views.parts import label


class _One(QWidget):
    """One question."""

    changed = pyqtSignal()

    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self.asked = asked
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 6)
        layout.setSpacing(2)
        layout.addWidget(label(asked.text, wraps=True, bold=True))
        self._group = QButtonGroup(self)
        self._group.setExclusive(not asked.several)
        self.choices: list[QCheckBox | QRadioButton] = []
        for option in asked.options:
            words = harmless(option.label).replace("&", "&&")
            choice = QCheckBox(words) if asked.several else QRadioButton(words)
            choice.setAccessibleDescription(harmless(option.description))
            choice.toggled.connect(lambda _on: self.changed.emit())
            self._group.addButton(choice)
            self.choices.append(choice)
            layout.addWidget(choice)
            if option.description:
                about = label(option.description, wraps=True)
                about.setIndent(24)
                about.setForegroundRole(QPalette.ColorRole.PlaceholderText)
                layout.addWidget(about)
        self.other = QLineEdit()
        self.other.setPlaceholderText("Other, in your own words")
        self.other.setAccessibleName(f"Other answer: {harmless(asked.text)}")
        self.other.textChanged.connect(self._written)
        layout.addWidget(self.other)

    def answer(self) -> str:
        """What is chosen and written; empty when nothing is."""
        chosen = [
            option.label
            for option, choice in zip(self.asked.options, self.choices, strict=True)
            if choice.isChecked()
        ]
        words = self.other.text().strip()
        return joined([*chosen, words] if words else chosen)

    def _written(self, words: str) -> None:
        """Own words stand in the place of the one choice."""
        if words.strip() and not self.asked.several:
            self._group.setExclusive(False)
            for choice in self.choices:
                choice.setChecked(False)
            self._group.setExclusive(True)
        self.changed.emit()


class QuestionsForm(QWidget):
    """All questions of one AskUserQuestion."""

    changed = pyqtSignal()

    def __init__(self, asked: Sequence[Asked]) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        self.questions = [_One(each) for each in asked]
        for question in self.questions:
            question.changed.connect(self.changed)
            layout.addWidget(question)
        layout.addStretch(1)

    def answers(self) -> dict[str, str]:
        """By the text of the question; of those that are answered."""
        return {each.asked.text: answer for each in self.questions if (answer := each.answer())}

    @property
    def complete(self) -> bool:
        """Whether each has an answer."""
        return len(self.answers()) == len(self.questions)
