"""A conversation as a few words a line, for assertions that read as transcripts."""

from __future__ import annotations

from collections.abc import Iterable

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


def fold(changes: Iterable[Change]) -> list[AnyItem]:
    """The items after all changes, as any reader puts them together."""
    items: dict[int, AnyItem] = {}
    for change in changes:
        match change:
            case More(id=number, text=text):
                item = items[number]
                assert isinstance(item, Words)
                items[number] = Words(id=number, kind=item.kind, text=item.text + text, done=False)
            case Gone(id=number):
                del items[number]
            case _:
                items[change.id] = change
    return list(items.values())


def transcript(changes: Iterable[Change]) -> list[str]:
    """The items, each in a line."""
    return [_tell(item) for item in fold(changes)]


def _tell(item: AnyItem) -> str:
    open_ = "" if item.done else " …"
    match item:
        case Said():
            told = f"{item.client or '?'}> {item.text}"
        case Words():
            told = f"{item.kind}: {item.text}"
        case ToolUse():
            told = f"{item.tool}({item.summary}) {item.state}" + (f": {item.outcome}" if item.outcome else "")
            told += f" [{item.steps}: {item.step}]" if item.steps else ""
        case Question():
            told = f"? {item.tool}({item.summary})"
            told += f" {item.decision or 'void'} by {item.by or '?'}" if item.done else ""
        case Note():
            told = f"{item.level}: {item.text}"
        case Ended():
            told = f"-- {item.outcome}" + (f": {item.reason}" if item.reason else "")
    return told + open_
