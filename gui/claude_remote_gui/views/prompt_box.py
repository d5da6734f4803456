"""Where prompts are written: several lines, a history, and files that are dropped in."""

from __future__ import annotations

from PyQt6.QtCore import QMimeData, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QTextCursor
from PyQt6.QtWidgets import QPlainTextEdit, QWidget

from claude_remote_gui.past_prompts import PastPrompts


class PromptBox(QPlainTextEdit):
    """Enter submits (with Ctrl: at once), Shift+Enter begins a new line, Up and Down at the edges go through
    the history.
    """

    submitted = pyqtSignal(str)
    urgent = pyqtSignal(str)  # into the turn that runs
    dropped = pyqtSignal(list)  # paths of files
    pictured = pyqtSignal()  # a picture without a file was pasted

    def __init__(self, past: PastPrompts | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Prompt")
        self.setTabChangesFocus(True)
        self.setPlaceholderText("Prompt Claude …  (Enter sends, Shift+Enter begins a new line)")
        self._past = past or PastPrompts()
        self._history = self._past.texts  # as it was when this one began to look
        self._place = len(self._history)
        self._draft = ""

    def submit(self, *, now: bool = False) -> None:
        """Hand over what is written, if anything is; `now`: it shall not wait for its turn."""
        text = self.toPlainText().strip()
        if not text or not self.isEnabled():
            return
        self._past.add(text)
        self._history = self._past.texts
        self._place = len(self._history)
        self.clear()
        (self.urgent if now else self.submitted).emit(text)

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
            self.submit(now=bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))
        elif event.key() == Qt.Key.Key_Up and plain and self.textCursor().blockNumber() == 0:
            self._go(-1)
        elif event.key() == Qt.Key.Key_Down and plain and self._on_last_line():
            self._go(+1)
        else:
            super().keyPressEvent(event)

    def insertFromMimeData(self, source: QMimeData | None) -> None:
        """Files are told of, everything else is plain text."""
        if source is not None and source.hasUrls() and all(url.isLocalFile() for url in source.urls()):
            self.dropped.emit([url.toLocalFile() for url in source.urls()])
        elif source is not None and source.hasImage() and not source.hasText():
            self.pictured.emit()
        elif source is not None:
            self.insertPlainText(source.text())

    def canInsertFromMimeData(self, source: QMimeData | None) -> bool:
        """Pictures, too: to say what can be done with them."""
        return super().canInsertFromMimeData(source) or (source is not None and source.hasImage())

    # --- inside ------------------------------------------------------------------------------------------

    def _on_last_line(self) -> bool:
        return self.textCursor().blockNumber() == self.blockCount() - 1

    def _go(self, step: int) -> None:
        if self._place == len(self._history):
            self._history = self._past.texts  # what was written in another place, too
            self._place = len(self._history)
        place = self._place + step
        if not 0 <= place <= len(self._history):
            return
        if self._place == len(self._history):
            self._draft = self.toPlainText()
        self._place = place
        self.setPlainText(self._draft if place == len(self._history) else self._history[place])
        self.moveCursor(QTextCursor.MoveOperation.End)
