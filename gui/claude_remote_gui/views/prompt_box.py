"""Where prompts are written: several lines, a history, and files that are dropped in as their paths."""

from __future__ import annotations

from PyQt6.QtCore import QMimeData, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QTextCursor
from PyQt6.QtWidgets import QPlainTextEdit, QWidget

MOST_HISTORY = 200


class PromptBox(QPlainTextEdit):
    """Enter submits, Shift+Enter begins a new line, Up and Down at the edges go through the history."""

    submitted = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Prompt")
        self.setTabChangesFocus(True)
        self.setPlaceholderText("Prompt Claude …  (Enter sends, Shift+Enter begins a new line)")
        self._history: list[str] = []
        self._place = 0
        self._draft = ""

    def submit(self) -> None:
        """Hand over what is written, if anything is."""
        text = self.toPlainText().strip()
        if not text or not self.isEnabled():
            return
        if self._history[-1:] != [text]:
            self._history = [*self._history, text][-MOST_HISTORY:]
        self._place = len(self._history)
        self.clear()
        self.submitted.emit(text)

    def give_back(self, text: str) -> None:
        """What could not be sent: it is not lost."""
        if not self.toPlainText().strip():
            self.setPlainText(text)
            self.moveCursor(QTextCursor.MoveOperation.End)

    # --- of QPlainTextEdit -------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        """Three lines."""
        return QSize(400, 3 * self.fontMetrics().lineSpacing() + 16)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """See the class."""
        if event is None:
            return
        plain = not event.modifiers() & (Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.AltModifier)
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and plain:
            self.submit()
        elif event.key() == Qt.Key.Key_Up and plain and self.textCursor().blockNumber() == 0:
            self._go(-1)
        elif event.key() == Qt.Key.Key_Down and plain and self._on_last_line():
            self._go(+1)
        else:
            super().keyPressEvent(event)

    def insertFromMimeData(self, source: QMimeData | None) -> None:
        """Files become their paths, everything else plain text."""
        if source is not None and source.hasUrls() and all(url.isLocalFile() for url in source.urls()):
            self.insertPlainText(" ".join(f"@{url.toLocalFile()}" for url in source.urls()))
        elif source is not None:
            self.insertPlainText(source.text())

    # --- inside ------------------------------------------------------------------------------------------

    def _on_last_line(self) -> bool:
        return self.textCursor().blockNumber() == self.blockCount() - 1

    def _go(self, step: int) -> None:
        place = self._place + step
        if not 0 <= place <= len(self._history):
            return
        if self._place == len(self._history):
            self._draft = self.toPlainText()
        self._place = place
        self.setPlainText(self._draft if place == len(self._history) else self._history[place])
        self.moveCursor(QTextCursor.MoveOperation.End)
