"""The conversation on a terminal: what is printed for good, in order, and below it what still changes.

Of an answer that is being written the finished blocks are printed, so the terminal's own scrollback is right;
only the block at its end is drawn again and again. An item that is finished waits for those before it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from rich.console import RenderableType
from rich.text import Text

from claude_remote.cli.interactive import drawing
from claude_remote.cli.interactive.blocks import Blocks, open_fence
from claude_remote.cli.interactive.painter import Painter
from claude_remote.cli.terminal import escape
from claude_remote.client.conversation.items import (
    AnyItem,
    Change,
    Ended,
    Gone,
    More,
    Note,
    Question,
    Said,
    ToolUse,
    Words,
)

_MOST_LIVE_TOOLS = 5
_MOST_LIVE_SOURCE = 200  # lines of an unfinished block that are worth drawing

_Kind = Literal["", "said", "words", "tool", "remark", "ended"]
# Kinds that stand close together; between others is a blank line.
_CLOSE: dict[_Kind, tuple[_Kind, ...]] = {
    "said": ("ended",),
    "words": ("ended",),
    "tool": ("tool", "remark", "ended"),
    "remark": ("tool", "remark", "ended"),
    "ended": ("ended",),
}


@dataclass
class _Text:
    """An answer that is being written."""

    blocks: Blocks = field(default_factory=Blocks)
    fed: list[str] = field(default_factory=list)
    ready: list[str] = field(default_factory=list)  # finished and not printed
    printed: bool = False

    def feed(self, text: str) -> None:
        self.fed.append(text)
        self.ready += self.blocks.feed(text)


@dataclass
class _Entry:
    item: AnyItem
    text: _Text | None = None


class Scroll:
    """Give it every change; print what `take_printed` gives; draw `live` below."""

    def __init__(self, painter: Painter, is_mine: Callable[[str], bool], name: str) -> None:
        self._painter = painter
        self._is_mine = is_mine  # whether a prompt, or the decision of an approval, was given here
        self._name = name  # by which the server knows us
        self._entries: dict[int, _Entry] = {}
        self._out: list[str] = []
        self._last: _Kind = ""
        self._asked: set[str] = set()  # tools whose question stands on the screen

    def take(self, change: Change) -> None:
        """A change of the conversation."""
        match change:
            case More(id=number, text=text):
                entry = self._entries.get(number)
                if entry is not None and entry.text is not None:
                    entry.text.feed(_clean(text))
                elif entry is not None and isinstance(entry.item, Words):
                    self._entries[number] = _Entry(_longer(entry.item, text))
            case Gone(id=number):
                gone = self._entries.pop(number, None)
                if gone is not None and gone.text is not None and gone.text.printed:
                    self.remark("What Claude wrote broke off here; it begins anew.")
            case Question():
                if not change.done:
                    self._asked.add(change.tool_use)
                else:
                    self._asked.discard(change.tool_use)
                    self._put("remark", drawing.decision(change, mine=self._is_mine(change.approval)))
            case Words(kind="answer"):
                self._answer(change)
            case _:
                self._entries[change.id] = _Entry(change)
        self._advance()

    def say(self, item: Said) -> None:
        """Print a prompt that was given here."""
        self._put("said", drawing.said(item))

    def show(self, drawn: RenderableType) -> None:
        """Print something of our own, apart from what is around it."""
        self._put("said", drawn)

    def remark(self, text: str) -> None:
        """Print a remark of our own."""
        self._put("remark", drawing.note(Note(id=0, level="info", text=text)))

    def warn(self, text: str) -> None:
        """Print what went wrong here."""
        self._put("remark", drawing.note(Note(id=0, level="error", text=text)))

    def take_printed(self) -> str:
        """What is to be printed now, lines and all; empty if nothing is."""
        out, self._out = self._out, []
        return "".join(out)

    def live(self, rows: int, spinner: str) -> list[str]:
        """What still changes, in at most `rows` lines."""
        lines: list[str] = []
        tools = [
            each.item
            for each in self._entries.values()
            if isinstance(each.item, ToolUse) and each.item.tool_use not in self._asked
        ]
        for entry in self._entries.values():
            if entry.text is not None:
                lines += self._draw_rest(entry.text.blocks.rest, rows)
            elif isinstance(entry.item, Words) and entry.item.kind == "thinking":
                lines.append(self._painter.paint(drawing.thinking(entry.item)))
            elif isinstance(entry.item, Note):
                lines += self._painter.paint(drawing.note(entry.item)).split("\n")
        for tool in tools[-_MOST_LIVE_TOOLS:]:
            lines.append(self._painter.paint(drawing.tool(tool, "" if tool.done else spinner)))
        return lines[-rows:] if rows > 0 else []

    # --- inside -----------------------------------------------------------------------------------------

    def _answer(self, item: Words) -> None:
        entry = self._entries.get(item.id)
        if entry is None or entry.text is None:
            entry = self._entries[item.id] = _Entry(item, _Text())
        entry.item = item
        text = entry.text
        if text is None:
            return
        whole, shown = _clean(item.text), "".join(text.fed)
        if whole.startswith(shown):
            text.feed(whole[len(shown) :])
        else:
            if text.printed:
                self.remark("Claude has written this anew:")
            entry.text = text = _Text()
            text.feed(whole)
        if item.done:
            text.ready += text.blocks.flush()

    def _advance(self) -> None:
        """Print what can be printed, from the oldest on."""
        for number, entry in list(self._entries.items()):
            text = entry.text
            if text is not None:
                for block in text.ready:
                    if block.strip():
                        self._put("words", drawing.answer(block))
                        text.printed = True
                text.ready.clear()
            elif entry.item.done:
                self._draw(entry.item)
            if not entry.item.done:
                return
            del self._entries[number]

    def _draw(self, item: AnyItem) -> None:
        match item:
            case Said() if item.prompt is None or not self._is_mine(item.prompt):
                self._put("said", drawing.said(item, mine=item.client == self._name))
            case Words(kind="thinking"):
                self._put("tool", drawing.thought(item))
            case Words():
                self._put("words", drawing.output(item))
            case ToolUse():
                self._put("tool", drawing.tool(item))
            case Note():
                self._put("remark", drawing.note(item))
            case Ended():
                self._put("ended", drawing.ended(item))

    def _put(self, kind: _Kind, drawn: RenderableType | None) -> None:
        if drawn is None:
            return
        painted = self._painter.paint(drawn)
        if not painted:
            return
        gap = "\n" if self._last and kind not in _CLOSE.get(self._last, ()) else ""
        self._out.append(f"{gap}{painted}\n")
        self._last = kind

    def _draw_rest(self, rest: str, rows: int) -> list[str]:
        if not rest.strip():
            return []
        lines = rest.split("\n")
        if len(lines) > _MOST_LIVE_SOURCE:
            fence = open_fence(rest)
            lines = lines[-_MOST_LIVE_SOURCE:]
            rest = "\n".join([fence, *lines] if fence else lines)
        painted = self._painter.paint(drawing.answer(rest) if len(rest) < 64 * 1024 else Text(rest[-4096:]))
        gap = [""] if self._last else []
        return [*gap, *painted.split("\n")][-rows:]


def _clean(text: str) -> str:
    return escape(text.replace("\r", ""), lines=True)


def _longer(item: Words, text: str) -> Words:
    # Of what Claude thinks, only the last words are shown while it does.
    return Words(id=item.id, done=item.done, kind=item.kind, text=(item.text + text)[-2000:])
