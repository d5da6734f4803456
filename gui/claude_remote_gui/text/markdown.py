"""Markdown as paragraphs. Links are written out and lead nowhere, pictures are their words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from markdown_it import MarkdownIt
from markdown_it.token import Token

from claude_remote_gui.text.code import highlight
from claude_remote_gui.text.harmless import harmless, lines
from claude_remote_gui.text.paragraphs import Paragraph, Span, Style

# What is longer is shown as it is: nobody waits for the formatting of a megabyte.
LONGEST = 100_000
_PARSER = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])


def render(text: str, *, coloured: bool = True) -> list[Paragraph]:
    """The paragraphs of a piece of Markdown. `coloured`: code is, too; not while it is being written."""
    if len(text) > LONGEST:
        return plain(text)
    return [*_Walk(coloured=coloured).blocks(_PARSER.parse(text))]


def plain(text: str, style: Style = "text", *, mono: bool = False, indent: int = 0) -> list[Paragraph]:
    """The lines of a text, nothing interpreted."""
    return [Paragraph((Span(line, mono=mono),), style, indent) for line in lines(text)]


@dataclass
class _Walk:
    """Where we are in the tree that markdown-it gives as a list."""

    lists: list[int | None] = field(default_factory=list)  # the next number, None for bullets
    marker: str = ""
    quoted: int = 0
    heading: int = 0
    rows: list[list[str]] = field(default_factory=list)
    in_table: bool = False
    coloured: bool = True

    def blocks(self, tokens: Iterable[Token]) -> Iterator[Paragraph]:
        for token in tokens:
            match token.type:
                case "inline" if self.in_table:
                    self.rows[-1].append("".join(span.text for span in _spans(token.children or [])))
                case "inline":
                    yield self._paragraph(_spans(token.children or []))
                case "fence" | "code_block":
                    yield from self._code(token.content, token.info if self.coloured else "")
                case "hr":
                    yield Paragraph((Span("─" * 24, tone="faint"),), "rule")
                case "table_close":
                    yield from self._table()
                case _:
                    self._enter(token)

    def _enter(self, token: Token) -> None:
        match token.type:
            case "heading_open" | "heading_close":
                self.heading = int(token.tag[1:]) if token.nesting > 0 else 0
            case "bullet_list_open":
                self.lists.append(None)
            case "ordered_list_open":
                self.lists.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                self.lists.pop()
            case "list_item_open":
                self.marker = self._next_marker()
            case "blockquote_open" | "blockquote_close":
                self.quoted += token.nesting
            case "table_open":
                self.in_table, self.rows = True, []
            case "tr_open":
                self.rows.append([])

    def _next_marker(self) -> str:
        number = self.lists[-1] if self.lists else None
        if number is None:
            return "• "
        self.lists[-1] = number + 1
        return f"{number}. "

    def _paragraph(self, spans: list[Span]) -> Paragraph:
        marker, self.marker = self.marker, ""
        if marker:
            spans = [Span(marker, tone="faint"), *spans]
        if self.heading:
            return Paragraph(tuple(replace(span, bold=True) for span in spans), "heading")
        indent = len(self.lists) + self.quoted
        if self.lists and not marker:
            indent += 1
        return Paragraph(tuple(spans), "quote" if self.quoted else "text", indent)

    def _code(self, content: str, language: str) -> list[Paragraph]:
        indent = len(self.lists)
        return [Paragraph(line, "code", indent) for line in highlight(content.removesuffix("\n"), language)]

    def _table(self) -> Iterator[Paragraph]:
        self.in_table = False
        columns = max((len(row) for row in self.rows), default=0)
        widths = [max((len(row[i]) for row in self.rows if i < len(row)), default=0) for i in range(columns)]
        for number, row in enumerate(self.rows):
            cells = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
            yield Paragraph((Span(cells.rstrip(), mono=True, bold=number == 0),), "table")


_MARKS = {"strong": "bold", "em": "italic", "s": "struck"}


def _spans(tokens: list[Token]) -> list[Span]:
    spans: list[Span] = []
    now = Span("")
    link = ""
    for token in tokens:
        name, _, side = token.type.rpartition("_")
        if name in _MARKS:
            now = replace(now, **{_MARKS[name]: side == "open"})  # type: ignore[arg-type]
        elif token.type == "link_open":
            link = harmless(str(token.attrGet("href") or ""))
        elif token.type == "link_close":
            if link not in "".join(span.text for span in spans):
                spans.append(Span(f" ({link})", tone="faint"))
        else:
            spans.append(_span(token, now))
    return spans


def _span(token: Token, now: Span) -> Span:
    match token.type:
        case "code_inline":
            return replace(now, text=harmless(token.content), mono=True)
        case "softbreak":
            return replace(now, text=" ")
        case "hardbreak":
            return replace(now, text="\u2028")
        case "image":
            return replace(now, text=harmless(f"[{token.content}] ({token.attrGet('src')})"))
        case _:
            return replace(now, text=harmless(token.content))
