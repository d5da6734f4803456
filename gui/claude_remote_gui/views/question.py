"""The words of a question: written letter by letter, a long one in bites, so that nothing stands still."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QTimer, pyqtSignal
from PyQt6.QtGui import QTextCursor
from PyQt6.QtWidgets import QTextEdit

from claude_remote_gui.text.paragraphs import Paragraph, broken
from claude_remote_gui.views.painting import Painter

BITE = 300  # paragraphs that are written at once
_LETTERS = 60_000  # and their letters


class QuestionText(QTextEdit):
    """`complete`: everything is there; `completed` is given when it is, after `write` has returned."""

    completed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setAccessibleName("What Claude wants to do")
        self._paragraphs: Sequence[Paragraph] = ()
        self._written = 0
        self._painter = Painter()
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._go_on)

    @property
    def complete(self) -> bool:
        """See the class."""
        return self._written == len(self._paragraphs)

    def write(self, paragraphs: Sequence[Paragraph]) -> None:
        """Show these, from their beginning, and nothing else."""
        self._timer.stop()
        self.clear()
        self._painter = Painter()
        self._paragraphs, self._written = broken(paragraphs), 0
        self._bite()
        self.moveCursor(QTextCursor.MoveOperation.Start)
        if not self.complete:
            self._timer.start()

    def _go_on(self) -> None:
        self._bite()
        if self.complete:
            self._timer.stop()
            self.completed.emit()

    def _bite(self) -> None:
        start = end = self._written
        letters = 0
        while end < len(self._paragraphs) and end - start < BITE and letters < _LETTERS:
            letters += len(self._paragraphs[end].text)
            end += 1
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.beginEditBlock()
        if start:
            cursor.insertBlock()
        self._painter.insert(
            cursor,
            self._paragraphs[start:end],
            0,
            before=self._paragraphs[start - 1].style if start else "",
            after=self._paragraphs[end].style if end < len(self._paragraphs) else "",
        )
        cursor.endEditBlock()
        self._written = end
