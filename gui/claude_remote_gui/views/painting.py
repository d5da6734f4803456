"""Paragraphs written into a QTextDocument, letter by letter: nothing is ever read as rich text."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontDatabase,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
)
from PyQt6.QtWidgets import QApplication

from claude_remote_gui import colours
from claude_remote_gui.text.paragraphs import Paragraph, Span

TOGGLE = "toggle"
_STEP = 18  # pixels of an indent
_BACKGROUNDS = {"code": "code", "added": "added", "removed": "removed", "output": "code", "prompt": "code"}
_TONES = {
    "thinking": "faint",
    "output": "",
    "info": "faint",
    "warning": "warning",
    "error": "bad",
    "quote": "faint",
}


def _piece(style: str) -> str:
    """Paragraphs of one piece stand close together."""
    if style in {"code", "added", "removed"}:
        return "code"
    return style if style in {"output", "prompt", "table", "thinking"} else "text" if style else ""


class Painter:
    """Knows how paragraphs look with the present palette and font."""

    def __init__(self) -> None:
        self.colours = colours.now()
        self._mono = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        self._mono.setPointSizeF(QApplication.font().pointSizeF())
        self._mono.setStyleHint(QFont.StyleHint.Monospace)
        self._blocks: dict[tuple[object, ...], QTextBlockFormat] = {}
        self._letters: dict[tuple[object, ...], QTextCharFormat] = {}

    def insert(
        self,
        cursor: QTextCursor,
        paragraphs: Sequence[Paragraph],
        mark: int,
        *,
        before: str = "",
        after: str = "",
    ) -> None:
        """Write at the cursor, whose block is empty; each block carries `mark` as its user state.

        `before`, `after`: the styles of what stands around it, when it is a part of something.
        """
        last = after
        for number, paragraph in enumerate(paragraphs):
            if number:
                cursor.insertBlock()
            after = paragraphs[number + 1].style if number + 1 < len(paragraphs) else last
            cursor.setBlockFormat(self._block(paragraph, before, after))
            before = paragraph.style
            cursor.setBlockCharFormat(QTextCharFormat())
            cursor.block().setUserState(mark)
            for span in paragraph.spans:
                if span.text:
                    cursor.insertText(span.text, self._letter(span, paragraph.style))

    def _block(self, paragraph: Paragraph, before: str, after: str) -> QTextBlockFormat:
        """Lines of one piece of code touch each other, other paragraphs do not."""
        first = paragraph.first
        begins = _piece(paragraph.style) != _piece(before)
        ends = _piece(paragraph.style) != _piece(after)
        key = (paragraph.style, paragraph.indent, first, begins, ends)
        if key not in self._blocks:
            block = QTextBlockFormat()
            block.setLeftMargin(_STEP * paragraph.indent + 4)
            heading = paragraph.style == "heading"
            block.setTopMargin(12 if first or heading else 5 if begins else 0)
            block.setBottomMargin(5 if ends or _piece(paragraph.style) == "text" else 0)
            if paragraph.style in _BACKGROUNDS:
                block.setBackground(QBrush(getattr(self.colours, _BACKGROUNDS[paragraph.style])))
            self._blocks[key] = block
        return self._blocks[key]

    def _letter(self, span: Span, style: str) -> QTextCharFormat:
        key = (span.bold, span.italic, span.mono, span.struck, span.toggles, span.tone, style)
        if key not in self._letters:
            self._letters[key] = self._new_letter(span, style)
        return self._letters[key]

    def _new_letter(self, span: Span, style: str) -> QTextCharFormat:
        letter = QTextCharFormat()
        if span.mono:
            letter.setFont(self._mono)
        if span.bold or style in {"heading", "prompt"}:
            letter.setFontWeight(QFont.Weight.DemiBold)
        if style == "heading":
            letter.setFontPointSize(QApplication.font().pointSizeF() * 1.15)
        letter.setFontItalic(span.italic)
        letter.setFontStrikeOut(span.struck)
        tone = span.tone or _TONES.get(style, "")
        if tone:
            colour: QColor = getattr(self.colours, tone)
            letter.setForeground(QBrush(colour))
        if span.mono and style in {"text", "quote"}:
            letter.setBackground(QBrush(self.colours.code))
        if span.toggles:
            letter.setAnchor(True)
            letter.setAnchorHref(TOGGLE)
        return letter
