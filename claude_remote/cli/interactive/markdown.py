"""Markdown as rich draws it, with headings on the left and code without a background."""

from __future__ import annotations

from typing import ClassVar

from rich import box, markdown
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table

from claude_remote.cli.interactive.blocks import PARSER

# The 16 colours of the terminal's own palette: they are readable on a light and on a dark background.
CODE_THEME = "ansi_dark"


class _Heading(markdown.Heading):
    LEVEL_ALIGN: ClassVar = dict.fromkeys(markdown.Heading.LEVEL_ALIGN, "left")


class _Code(markdown.CodeBlock):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Padding(draw_code(str(self.text), self.lexer_name), (0, 0, 0, 2))


class _Table(markdown.TableElement):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for table in super().__rich_console__(console, options):
            if isinstance(table, Table):
                table.box = box.SIMPLE_HEAD
                table.show_edge = False
                table.pad_edge = True
            yield table


class Markdown(markdown.Markdown):
    """A piece of Markdown. What looks like HTML in it is text; links are written out, never escape codes."""

    elements: ClassVar = {
        **markdown.Markdown.elements,
        "heading_open": _Heading,
        "fence": _Code,
        "code_block": _Code,
        "table_open": _Table,
    }

    def __init__(self, text: str) -> None:
        super().__init__("", code_theme=CODE_THEME, hyperlinks=False)
        self.parsed = PARSER.parse(text)


def draw_code(code: str, language: str) -> Syntax:
    """A piece of code."""
    return Syntax(code.rstrip("\n"), language, theme=CODE_THEME, word_wrap=True, background_color="default")
