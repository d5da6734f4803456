"""The texts that Claude is writing.

Claude sends a text twice: in pieces while it is written, and whole when a block is finished. The whole one is
what counts; the pieces may break off (the connection to the model breaks, and Claude begins anew with another
message), or be missing altogether.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from claude_remote.client.conversation.items import Change, Gone, More, Words

Kind = Literal["answer", "thinking"]


@dataclass
class _Writing:
    id: int
    kind: Kind
    pieces: list[str] = field(default_factory=list)


class Texts:
    """The unfinished texts of one message. `number` numbers a new item."""

    def __init__(self, number: Callable[[], int]) -> None:
        self._number = number
        self._message = ""
        self._writing: dict[int, _Writing] = {}  # by the place of the block in its message
        self.last = ""  # the last answer that was finished since it was last emptied

    def begin(self, message: str) -> list[Change]:
        """Another message begins: what is unfinished does not hold."""
        gone: list[Change] = [Gone(each.id) for each in self._writing.values()]
        self._writing.clear()
        self._message = message
        return gone

    def belong_to(self, message: str) -> list[Change]:
        """A finished block of this message comes."""
        return [] if message == self._message else self.begin(message)

    def more(self, place: int, kind: Kind, text: str) -> Change:
        """A piece of the block at this place."""
        writing = self._writing.get(place)
        if writing is None or writing.kind != kind:
            writing = self._writing[place] = _Writing(self._number(), kind)
            writing.pieces.append(text)
            return Words(id=writing.id, kind=kind, text=text, done=False)
        writing.pieces.append(text)
        return More(writing.id, text)

    def finish(self, kind: Kind, text: str, *, output: bool = False) -> list[Change]:
        """A block is whole. Its pieces, if they were seen, keep their number."""
        place = next((place for place, each in self._writing.items() if each.kind == kind), None)
        number = None if place is None else self._writing.pop(place).id
        if not text.strip():
            return [] if number is None else [Gone(number)]
        if kind == "answer":
            self.last = text
        return [
            Words(
                id=self._number() if number is None else number, kind="output" if output else kind, text=text
            )
        ]

    def close(self) -> list[Change]:
        """The turn has ended: what is unfinished stays as it is."""
        changes: list[Change] = [
            Words(id=each.id, kind=each.kind, text="".join(each.pieces)) for each in self._writing.values()
        ]
        self._writing.clear()
        self._message = ""
        return changes
