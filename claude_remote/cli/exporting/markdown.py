"""A conversation as Markdown: what was said and answered, with the tools folded away.

Items are written in their order, each when nothing about it can change any more.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from claude_remote.client.conversation import Conversation
from claude_remote.client.conversation.items import (
    AnyItem,
    Ended,
    Gone,
    More,
    Note,
    Question,
    Said,
    ToolState,
    ToolUse,
    Words,
)
from claude_remote.client.events import Event
from claude_remote.messages import Behavior, SessionInfo

# Of a tool's input; what is longer is cut, for it may be a whole file.
_LONGEST_INPUT = 20_000
_SIGNS = {
    ToolState.RUNNING: "…",
    ToolState.DONE: "✓",
    ToolState.FAILED: "✗",
    ToolState.DENIED: "⊘",
    ToolState.STOPPED: "■",
}


class MarkdownView:
    """Gets every event once, in order, and None at the end."""

    def __init__(self, write: Callable[[bytes], object], info: SessionInfo) -> None:
        self._write = write
        self._conversation = Conversation()
        self._waiting: dict[int, AnyItem] = {}
        began = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(info.created))
        self._put(f"# {info.name}\n\n{info.host}:{info.cwd} · begun {began} by {info.client} · {info.id}")

    def show(self, event: Event | None) -> None:
        """The next event."""
        if event is None:
            self._flush(everything=True)
            return
        for change in self._conversation.read(event):
            match change:
                case Gone(id=number):
                    self._waiting.pop(number, None)
                case More(id=number, text=text):
                    item = self._waiting.get(number)
                    if isinstance(item, Words):
                        self._waiting[number] = Words(
                            id=number, done=False, kind=item.kind, text=item.text + text
                        )
                case _:
                    self._waiting[change.id] = change
        self._flush()

    def _flush(self, *, everything: bool = False) -> None:
        """What is done, up to the first that is not."""
        for number in sorted(self._waiting):
            item = self._waiting[number]
            if not item.done and not everything:
                return
            del self._waiting[number]
            text = as_markdown(item)
            if text:
                self._put(text)

    def _put(self, text: str) -> None:
        self._write(f"{text}\n\n".encode(errors="replace"))


def as_markdown(item: AnyItem) -> str:
    """One item; empty for what is left out."""
    match item:
        case Said(text=text, client=client):
            quoted = "\n".join(f"> {line}" for line in text.splitlines())
            return f"## {client or 'Prompt'}\n\n{quoted}"
        case Words():
            return _words(item)
        case ToolUse():
            return _tool(item)
        case Question():
            return _question(item)
        case Note(text=text):
            return f"*{text}*"
        case Ended():
            return _ended(item)


def _words(item: Words) -> str:
    if item.kind == "answer":
        return item.text
    if item.kind == "output":
        return _fenced(item.text)
    return _fold("Thinking", item.text) if item.text.strip() else ""


def _tool(item: ToolUse) -> str:
    outcome = f" → {item.outcome}" if item.outcome else ""
    title = f"{_SIGNS[item.state]} {item.tool}: {item.summary}{outcome}"
    return _fold(title, _fenced(_input(item.input), "json"))


def _question(item: Question) -> str:
    told = f"Claude asked for {item.tool}: {item.summary}"
    if item.decision is None:
        return f"*{told}*"
    decided = "allowed" if item.decision is Behavior.ALLOW else "denied"
    why = f" ({item.message})" if item.message else ""
    return f"*{told} · {decided} by {item.by}{why}*"


def _ended(item: Ended) -> str:
    if item.outcome == "done" and not item.error:
        return f"*{item.duration:.1f} s, ${item.cost:.4f}*\n\n---"
    return f"*{item.reason or item.outcome}*\n\n---"


def _input(raw: bytes) -> str:
    text = raw.decode(errors="replace")
    if len(text) > _LONGEST_INPUT:
        return f"{text[:_LONGEST_INPUT]}…"
    return text


def _fold(title: str, text: str) -> str:
    line = " ".join(title.split())
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        line = line.replace(sign, entity)
    return f"<details><summary>{line}</summary>\n\n{text}\n\n</details>"


def _fenced(text: str, language: str = "") -> str:
    """A block of code whose fence is longer than every row of backticks in it."""
    longest = row = 0
    for letter in text:
        row = row + 1 if letter == "`" else 0
        longest = max(longest, row)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
