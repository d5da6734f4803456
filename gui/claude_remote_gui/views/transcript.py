"""A conversation on the screen: items that come, change and go, as blocks of one document."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from PyQt6.QtCore import QEvent, QMimeData, Qt, pyqtSignal
from PyQt6.QtGui import QMouseEvent, QTextCursor, QTextDocument
from PyQt6.QtWidgets import QTextEdit, QWidget

from claude_remote.client.conversation.items import AnyItem, Change, Gone, Words
from claude_remote_gui.text import items as texts
from claude_remote_gui.text.kept import Kept
from claude_remote_gui.views.blocks import ItemBlocks
from claude_remote_gui.views.painting import TOGGLE, Painter

# What of it is laid out: the rest is shown when it is asked for.
SHOWN = 400
_SLACK = 150
# A text that is written is formatted anew with each batch while it is short.
_FORMAT_WHILE_WRITTEN = 12_000


class Transcript(QTextEdit):
    """Read-only. `earlier`: how many items are kept but not shown, when that changes."""

    earlier = pyqtSignal(int)
    failed = pyqtSignal(int)  # how many things went wrong

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setAcceptRichText(False)
        self.setAccessibleName("Conversation")
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setMouseTracking(True)
        self._blocks = ItemBlocks(self.document() or QTextDocument(self))
        self._items = Kept()
        self._unfolded: set[int] = set()
        self._unseen = False  # more is kept than was shown
        self._failures = 0
        self._error = -1
        # Whoever looks at the end goes on looking at the end, also when the layout finds its height later.
        self._follows = True
        bar = self.verticalScrollBar()
        if bar is not None:
            bar.rangeChanged.connect(lambda _least, _most: self._follow())
            bar.valueChanged.connect(self._scrolled)

    # --- what is shown -----------------------------------------------------------------------------------

    def reset(self) -> None:
        """Show another conversation, from nothing."""
        for kept in (self._blocks, self._items, self._unfolded):
            kept.clear()
        self._unseen = False
        self._failures = 0
        self._follows = True
        self.document().setDocumentMargin(10)  # type: ignore[union-attr]
        self.earlier.emit(0)
        self.failed.emit(0)

    def keep(self, changes: Iterable[Change]) -> int:
        """Take changes without showing them, and say how many items there are: `apply` then shows the end."""
        for change in changes:
            self._items.take(change)
            self._unseen = True
        self._unfolded.difference_update(self._items.trim())
        return len(self._items)

    def apply(self, changes: Iterable[Change]) -> None:
        """Take changes, and show them."""
        dirty: OrderedDict[int, None] = OrderedDict()
        errors = self._failures
        with self._blocks.editing():
            for change in changes:
                self._items.take(change)
                if isinstance(change, Gone):
                    dirty.pop(change.id, None)
                    self._blocks.remove(change.id)
                elif change.id in self._items:
                    dirty[change.id] = None
            if self._unseen or len(dirty) > SHOWN:
                self._unseen = False
                self._repaint_all(SHOWN)
            else:
                for number in dirty:
                    self._show(number)
            self._trim()
        self._follow()
        self._failures = len(self._items.errors)
        if self._failures != errors:
            self.failed.emit(self._failures)

    def items(self) -> list[AnyItem]:
        """Everything that is kept."""
        return [self._items.whole(number) for number in self._items]

    def show_earlier(self) -> None:
        """Lay out everything that is kept: it may take a moment."""
        self._repaint_all(len(self._items))

    def go_to_end(self) -> None:
        """Look at what is newest."""
        self._follows = True
        bar = self.verticalScrollBar()
        if bar is not None:
            bar.setValue(bar.maximum())

    def go_to_error(self) -> bool:
        """Look at the last thing that went wrong; again: at the one before it. False if there is none."""
        errors = [number for number in self._items.errors if number in self._blocks.shown]
        if not errors:
            return False
        before = [number for number in errors if number < self._error]
        self._error = before[-1] if before else errors[-1]
        block = self._blocks.first(self._error)
        if block is not None:
            self.setTextCursor(QTextCursor(block))
            self.ensureCursorVisible()
        return True

    def toggle(self, number: int) -> None:
        """Fold or unfold an item."""
        if number in self._items and texts.can_fold(self._items.get(number)):
            self._unfolded ^= {number}
            self._show(number)

    def unfold_all(self, unfolded: bool) -> None:  # noqa: FBT001  a slot of a button that is down or up
        """Fold or unfold every item that can be."""
        self._unfolded = (
            {number for number in self._items if texts.can_fold(self._items.get(number))}
            if unfolded
            else set()
        )
        self._repaint_all(len(self._blocks.shown))

    # --- of QTextEdit ------------------------------------------------------------------------------------

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """A click on the head of an item folds it."""
        super().mouseReleaseEvent(event)
        if (
            event is None
            or event.button() is not Qt.MouseButton.LeftButton
            or self.textCursor().hasSelection()
        ):
            return
        if self.anchorAt(event.pos()) == TOGGLE:
            self.toggle(self.cursorForPosition(event.pos()).block().userState())

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """A hand over what can be clicked."""
        super().mouseMoveEvent(event)
        viewport = self.viewport()
        if event is not None and viewport is not None:
            over = self.anchorAt(event.pos()) == TOGGLE
            viewport.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.IBeamCursor)

    def createMimeDataFromSelection(self) -> QMimeData:
        """What is copied is plain text."""
        data = QMimeData()
        data.setText(self.textCursor().selectedText().replace("\u2029", "\n").replace("\u2028", "\n"))
        return data

    def changeEvent(self, event: QEvent | None) -> None:
        """Another palette or font: paint anew."""
        super().changeEvent(event)
        kinds = {QEvent.Type.PaletteChange, QEvent.Type.FontChange}
        if event is not None and event.type() in kinds and hasattr(self, "_blocks"):
            self._blocks.painter = Painter()
            self._repaint_all(len(self._blocks.shown))

    # --- inside ------------------------------------------------------------------------------------------

    def _show(self, number: int) -> None:
        item = self._items.get(number)
        match item:
            case Words(kind="answer", done=False, text=text) if len(text) > _FORMAT_WHILE_WRITTEN:
                if number in self._blocks.shown and self._items.added(number):
                    more = self._items.added(number)
                    self._items.whole(number)
                    self._blocks.append(number, more)  # it is formatted when it is whole
                    return
        shown = texts.describe(self._items.whole(number), unfolded=number in self._unfolded)
        self._blocks.put(number, shown)

    def _trim(self) -> None:
        self._unfolded.difference_update(self._items.trim())
        if len(self._blocks.shown) > SHOWN + _SLACK and self._follows:
            self._blocks.hide_first(len(self._blocks.shown) - SHOWN)
        self.earlier.emit(max(0, len(self._items) - len(self._blocks.shown)))

    def _repaint_all(self, count: int) -> None:
        bar = self.verticalScrollBar()
        follows, place = self._follows, 0 if bar is None else bar.value()
        self._blocks.clear()
        numbers = list(self._items)[-count:] if count else []
        with self._blocks.editing():
            for number in numbers:
                self._show(number)
        if follows:
            self.go_to_end()
        elif bar is not None:
            bar.setValue(place)
        self.earlier.emit(len(self._items) - len(self._blocks.shown))

    def _follow(self) -> None:
        if self._follows:
            self.go_to_end()

    def _scrolled(self, place: int) -> None:
        bar = self.verticalScrollBar()
        self._follows = bar is None or place >= bar.maximum() - 4
