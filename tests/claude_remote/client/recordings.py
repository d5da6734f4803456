"""What record.py has recorded, as the events that a client gets."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from claude_remote import facts
from claude_remote.client.conversation import Conversation
from claude_remote.client.conversation.items import Change
from claude_remote.client.events import Event, Fact, Line
from claude_remote.messages import Cursor

_FOLDER = Path(__file__).parent / "recorded"
NAMES = sorted(path.stem for path in _FOLDER.glob("*.jsonl"))


def lines(name: str) -> list[bytes]:
    """A recorded log."""
    return (_FOLDER / f"{name}.jsonl").read_bytes().splitlines()


def event(line: bytes, seq: int = 1) -> Event:
    """A line of a log as an event."""
    if b'"type":"claude_remote"' in line:
        return Fact(facts.decode(line), Cursor(1, seq))
    return Line(line, Cursor(1, seq))


def events(log: Iterable[bytes]) -> list[Event]:
    """A log as events."""
    return [event(line, seq) for seq, line in enumerate(log, start=1)]


def changes(log: Iterable[bytes]) -> list[Change]:
    """What a log changes, from its beginning to its end."""
    conversation = Conversation()
    return [change for each in events(log) for change in conversation.read(each)]
