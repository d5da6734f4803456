"""The retries of a request to the model: one note for all of them, for the last one is what is true."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import structs

from claude_remote import facts
from claude_remote.client.conversation.items import Change, Note


class Retries:
    """Of one request at a time. `number` numbers a new item."""

    def __init__(self, number: Callable[[], int]) -> None:
        self._number = number
        self._note: Note | None = None
        self._retrying = False

    def begin(self) -> None:
        """Claude tries again: the next notice tells of it."""
        self._retrying = True

    def notice(self, fact: facts.Notice) -> Note | None:
        """The note, if this notice tells of a retry."""
        if not self._retrying:
            return None
        self._retrying = False
        number = self._number() if self._note is None else self._note.id
        self._note = Note(id=number, level=fact.level, text=fact.text, done=False)
        return self._note

    def end(self) -> list[Change]:
        """Claude goes on, or the turn has ended."""
        note, self._note = self._note, None
        self._retrying = False
        return [] if note is None else [structs.replace(note, done=True)]
