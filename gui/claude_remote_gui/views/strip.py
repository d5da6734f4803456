"""A question of the window's own, in a line where it belongs: nothing else is kept from anybody meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QFrame, QLineEdit, QWidget

from claude_remote_gui.views.parts import button, label, row, say


class Strip(QFrame):
    """Hidden while nothing is asked. Escape is the second button."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.words = label(wraps=True, bold=True)
        self.field = QLineEdit()
        self.field.setMinimumWidth(180)
        self.field.setMaximumWidth(280)
        self.field.setAccessibleName("Answer")
        self.field.returnPressed.connect(self._does)
        self.really = button("Yes", self._does)
        self.keep = button("No", self.close_again)
        self._then: Callable[[str], object] = lambda _text: None
        layout = row(self.words, self.field, self.really, self.keep)
        layout.setStretch(0, 1)  # or the words would stand in a narrow column
        layout.setContentsMargins(6, 4, 6, 4)
        self.setLayout(layout)
        self.hide()

    def sure(self, words: str, yes: str, no: str, then: Callable[[], object]) -> None:
        """Ask whether something shall be done that cannot be undone."""
        self._open(words, yes, no, lambda _text: then())
        self.field.hide()
        self.keep.setFocus()

    def write(self, words: str, yes: str, text: str, then: Callable[[str], object]) -> None:
        """Ask for a few words, beginning with some."""
        self._open(words, yes, "Cancel", then)
        self.field.setText(text)
        self.field.setAccessibleName(words)
        self.field.show()
        self.field.selectAll()
        self.field.setFocus()

    def close_again(self) -> None:
        """It is not done."""
        self.hide()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """See the class."""
        if event is not None and event.key() == Qt.Key.Key_Escape:
            self.close_again()
        else:
            super().keyPressEvent(event)

    def _open(self, words: str, yes: str, no: str, then: Callable[[str], object]) -> None:
        self._then = then
        say(self.words, words)
        for each, title in ((self.really, yes), (self.keep, no)):
            each.setText(title)
            each.setAccessibleName(title)
        self.show()

    def _does(self) -> None:
        words = self.field.text().strip()
        if words or self.field.isHidden():
            self.hide()
            self._then(words)
