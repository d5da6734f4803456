"""The blocks of a document that belong to numbered items: each item is some blocks beside each other."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from PyQt6.QtGui import QTextBlock, QTextCursor, QTextDocument

from claude_remote_gui.text.harmless import harmless
from claude_remote_gui.text.paragraphs import Paragraph, broken
from claude_remote_gui.views.painting import Painter


class ItemBlocks:
    """`shown`: the items that have blocks, in their order. A block's user state is the item's number."""

    def __init__(self, document: QTextDocument) -> None:
        self._document = document
        self.painter = Painter()
        self.shown: OrderedDict[int, None] = OrderedDict()

    def clear(self) -> None:
        """None at all."""
        self._document.clear()
        self.shown.clear()

    def put(self, number: int, paragraphs: Sequence[Paragraph]) -> None:
        """Write an item: where it was, or at the end."""
        cursor = self._empty_block(number)
        cursor.beginEditBlock()
        self.painter.insert(cursor, broken(paragraphs), number)
        cursor.endEditBlock()
        self.shown[number] = None

    def append(self, number: int, more: str) -> None:
        """Add to an item's text without formatting it."""
        last = self.last(number)
        if last is None:
            return
        cursor = QTextCursor(last)
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock)
        for place, line in enumerate(more.split("\n")):
            if place:
                cursor.insertBlock()
                cursor.block().setUserState(number)
            cursor.insertText(harmless(line))

    def remove(self, number: int) -> None:
        """Take its blocks away."""
        if number not in self.shown:
            return
        first, last = self.first(number), self.last(number)
        if first is None or last is None:
            return
        del self.shown[number]
        start, end = first.position(), last.position() + last.length()
        cursor = QTextCursor(self._document)
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

    def hide_first(self, count: int) -> None:
        """Take the blocks of the first items away."""
        gone = [number for number, _ in zip(self.shown, range(count), strict=False)]
        first = self._first_after(gone[-1])
        for number in gone:
            del self.shown[number]
        if first is None:
            return
        mark, look = first.userState(), first.blockFormat()
        cursor = QTextCursor(self._document)
        cursor.setPosition(first.position(), QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        # Two blocks have become one, and Qt does not say which of them it looks like.
        cursor.block().setUserState(mark)
        cursor.setBlockFormat(look)

    def last(self, number: int) -> QTextBlock | None:
        """The last block of an item. What changes is near the end."""
        block = self._document.lastBlock()
        while block.isValid():
            if block.userState() == number:
                return block
            block = block.previous()
        return None

    def first(self, number: int) -> QTextBlock | None:
        """The first block of an item."""
        block = self.last(number)
        while block is not None and block.previous().isValid() and block.previous().userState() == number:
            block = block.previous()
        return block

    @contextmanager
    def editing(self) -> Iterator[None]:
        """Everything in one edit: the document is laid out once, at its end."""
        cursor = QTextCursor(self._document)
        cursor.beginEditBlock()
        try:
            yield
        finally:
            cursor.endEditBlock()

    # --- inside ------------------------------------------------------------------------------------------

    def _empty_block(self, number: int) -> QTextCursor:
        """A cursor in the one empty block of an item, where it was or at the end."""
        first = self.first(number) if number in self.shown else None
        if first is not None:
            cursor = QTextCursor(first)
            last = self.last(number)
            if last is not None:
                end = last.position() + last.length() - 1
                cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()
            return cursor
        cursor = QTextCursor(self._document)
        cursor.movePosition(QTextCursor.MoveOperation.End)
        if self.shown:
            cursor.insertBlock()
        return cursor

    def _first_after(self, number: int) -> QTextBlock | None:
        block: QTextBlock = self._document.firstBlock()
        found = False
        while block.isValid():
            here = block.userState() == number
            if found and not here:
                return block
            found = found or here
            block = block.next()
        return None
