"""What a question says: its head, its words or its form, and what a yes for the session would remember."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from claude_remote.client.conversation.asked import Asked
from claude_remote_gui.text.paragraphs import Paragraph
from claude_remote_gui.views.forms import QuestionsForm
from claude_remote_gui.views.parts import label, say
from claude_remote_gui.views.question import QuestionText

_LOWEST = 60  # pixels of a question


class QuestionPane(QWidget):
    """`low`: as much height as the words need, and at most so many pixels; 0: all there is.

    `changed`: more of it is there, or something else is answered in the form.
    """

    changed = pyqtSignal()

    def __init__(self, *, low: int) -> None:
        super().__init__()
        self._low = low
        self.title = label(wraps=True, bold=True)
        self.detail = QuestionText()
        self.detail.completed.connect(self.changed)
        self.form: QuestionsForm | None = None
        self._forms = QScrollArea()
        self._forms.setWidgetResizable(True)
        self._forms.setFrameShape(QFrame.Shape.NoFrame)
        self.remembers = label(wraps=True)
        document = self.detail.document()
        lines = None if document is None else document.documentLayout()
        if lines is not None:
            lines.documentSizeChanged.connect(lambda _size: self._fit())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.title)
        layout.addWidget(self.detail, 1)
        layout.addWidget(self._forms, 1)
        layout.addWidget(self.remembers)

    @property
    def whole(self) -> bool:
        """All of it is there, and answered if it has a form."""
        return self.detail.complete and (self.form is None or self.form.complete)

    def write(self, paragraphs: Sequence[Paragraph]) -> None:
        """These words."""
        self.detail.write(paragraphs)

    def furnish(self, asked: Sequence[Asked], remembered: Sequence[str]) -> None:
        """A form for these questions, if there are any; and what S remembers."""
        self.form = QuestionsForm(asked) if asked else None
        self.detail.setVisible(self.form is None)
        self._forms.setVisible(self.form is not None)
        if self.form is not None:
            self.form.changed.connect(self.changed)
            self._forms.setWidget(self.form)
        say(
            self.remembers,
            f"S allows, until the session ends: {'; '.join(remembered)}." if remembered else "",
        )
        self._fit()

    def enable(self, *, asks: bool) -> None:
        """Whether the form can be filled in."""
        self._forms.setEnabled(asks)

    def take(self, most: int) -> None:
        """Take at most so much height, in pixels, if it is a low one."""
        if self._low and most != self._low:
            self._low = most
            self._fit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Other widths, other heights."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        document = self.detail.document()
        if not self._low or document is None:
            return
        height = int(document.size().height()) + 2 * self.detail.frameWidth() + 4
        self.detail.setFixedHeight(max(_LOWEST, min(self._low, height)))
        if self.form is not None:
            self._forms.setFixedHeight(min(self._low, self.form.sizeHint().height() + 4))
