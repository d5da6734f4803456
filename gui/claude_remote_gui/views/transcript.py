"""A conversation on the screen: items that come, change and go, as blocks of one document."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from PyQt6.QtCore import QEvent, QMimeData, Qt, pyqtSignal
from PyQt6.QtGui import QMouseEvent, QTextBlock, QTextCursor
from PyQt6.QtWidgets import QTextEdit, QWidget

from claude_remote.client.conversation.items import AnyItem, Change, Gone, Words
from claude_remote_gui.text import items as texts
from claude_remote_gui.text.harmless import harmless
from claude_remote_gui.text.kept import Kept
from claude_remote_gui.views.painting import TOGGLE, Painter

# What of it is laid out: the rest is shown when it is asked for.
SHOWN = 1_000
_SLACK = 200
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
        self._painter = Painter()
        self._items = Kept()
        self._shown: OrderedDict[int, None] = OrderedDict()
        self._unfolded: set[int] = set()
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
        for kept in (self._items, self._shown, self._unfolded):
            kept.clear()
        self.clear()
        self._follows = True
        self.document().setDocumentMargin(10)  # type: ignore[union-attr]
        self.earlier.emit(0)
        self.failed.emit(0)

    def apply(self, changes: Iterable[Change]) -> None:
        """Take changes."""
        dirty: OrderedDict[int, None] = OrderedDict()
        errors = len(self._items.errors)
        for change in changes:
            self._items.take(change)
            if isinstance(change, Gone):
                dirty.pop(change.id, None)
                self._remove(change.id)
            elif change.id in self._items:
                dirty[change.id] = None
        if len(dirty) > SHOWN:
            self._repaint_all(SHOWN)
        else:
            for number in dirty:
                self._show(number)
        self._trim()
        self._follow()
        if len(self._items.errors) != errors:
            self.failed.emit(len(self._items.errors))

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
        errors = [number for number in self._items.errors if number in self._shown]
        if not errors:
            return False
        before = [number for number in errors if number < self._error]
        self._error = before[-1] if before else errors[-1]
        block = self._first_block(self._error)
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
        self._repaint_all(len(self._shown))

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
        if event is not None and event.type() in kinds and hasattr(self, "_painter"):
            self._painter = Painter()
            self._repaint_all(len(self._shown))

    # --- inside ------------------------------------------------------------------------------------------

    def _show(self, number: int) -> None:
        item = self._items.get(number)
        match item:
            case Words(kind="answer", done=False, text=text) if len(text) > _FORMAT_WHILE_WRITTEN:
                if number in self._shown and self._items.added(number):
                    self._append(number)
                    return
        shown = texts.describe(self._items.whole(number), unfolded=number in self._unfolded)
        cursor = self._empty_block(number)
        cursor.beginEditBlock()
        self._painter.insert(cursor, shown, number)
        cursor.endEditBlock()
        self._shown[number] = None

    def _append(self, number: int) -> None:
        """Add to a long text without formatting it; it is formatted when it is whole."""
        more = self._items.added(number)
        last = self._last_block(number)
        self._items.whole(number)
        if last is None:
            return
        cursor = QTextCursor(last)
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock)
        for place, line in enumerate(more.split("\n")):
            if place:
                cursor.insertBlock()
                cursor.block().setUserState(number)
            cursor.insertText(harmless(line))

    def _empty_block(self, number: int) -> QTextCursor:
        """A cursor in the one empty block of an item, where it was or at the end."""
        first = self._first_block(number) if number in self._shown else None
        if first is not None:
            cursor = QTextCursor(first)
            last = self._last_block(number)
            if last is not None:
                end = last.position() + last.length() - 1
                cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()
            return cursor
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        if self._shown:
            cursor.insertBlock()
        return cursor

    def _remove(self, number: int) -> None:
        if number not in self._shown:
            return
        first, last = self._first_block(number), self._last_block(number)
        if first is None or last is None:
            return
        del self._shown[number]
        start, end = first.position(), last.position() + last.length()
        cursor = QTextCursor(self.document())
        stays = last.next() if last.next().isValid() else first.previous()
        mark, look = stays.userState(), stays.blockFormat()
        if last.next().isValid():
            cursor.setPosition(start)
            cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        else:
            cursor.setPosition(max(0, start - 1))
            cursor.setPosition(end - 1, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        # Two blocks have become one, and Qt does not say which of them it looks like.
        cursor.block().setUserState(mark)
        cursor.setBlockFormat(look)

    def _last_block(self, number: int) -> QTextBlock | None:
        """The last block of an item. What changes is near the end."""
        document = self.document()
        block = QTextBlock() if document is None else document.lastBlock()
        while block.isValid():
            if block.userState() == number:
                return block
            block = block.previous()
        return None

    def _first_block(self, number: int) -> QTextBlock | None:
        block = self._last_block(number)
        while block is not None and block.previous().isValid() and block.previous().userState() == number:
            block = block.previous()
        return block

    def _trim(self) -> None:
        self._unfolded.difference_update(self._items.trim())
        if len(self._shown) > SHOWN + _SLACK and self._follows:
            self._repaint_all(SHOWN)
        else:
            self.earlier.emit(max(0, len(self._items) - len(self._shown)))

    def _repaint_all(self, count: int) -> None:
        bar = self.verticalScrollBar()
        follows, place = self._follows, 0 if bar is None else bar.value()
        self.clear()
        self._shown.clear()
        numbers = list(self._items)[-count:] if count else []
        self.setUpdatesEnabled(False)
        for number in numbers:
            self._show(number)
        self.setUpdatesEnabled(True)
        if follows:
            self.go_to_end()
        elif bar is not None:
            bar.setValue(place)
        self.earlier.emit(len(self._items) - len(self._shown))

    def _follow(self) -> None:
        if self._follows:
            self.go_to_end()

    def _scrolled(self, place: int) -> None:
        bar = self.verticalScrollBar()
        self._follows = bar is None or place >= bar.maximum() - 4
