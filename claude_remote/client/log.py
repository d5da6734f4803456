"""Reading a session's log off the wire: lines with their numbers, each once. Sans-IO."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from claude_remote import facts
from claude_remote.client.events import Event, Fact, Line, UnknownFact
from claude_remote.errors import BadMessage, TooLarge
from claude_remote.messages import Cursor, Events, Source

# Claude's longest lines are some tens of MB; a worker refuses what is longer than this.
MAX_LINE = 64 * 1024 * 1024


class LogReader:
    """Turns Events messages into lines. `cursor` is the last line given (None: nothing yet)."""

    def __init__(self, cursor: Cursor | None = None) -> None:
        self.cursor = cursor
        self._begun = True
        self._parts: list[bytes] = []
        self._held = 0

    def reset(self, cursor: Cursor) -> None:
        """The numbering began anew after `cursor`."""
        self.cursor = cursor
        self.forget_parts()

    def begin_after(self, cursor: Cursor) -> None:
        """What concerns this reader comes somewhere after `cursor`: the first event may skip others."""
        self.reset(cursor)
        self._begun = False

    def forget_parts(self) -> None:
        """Drop an unfinished line, for the connection that carried it is gone."""
        self._parts.clear()
        self._held = 0

    def read(self, message: Events, payload: bytes) -> Iterator[Event]:
        """The lines that this message completes and that were not given before.

        Raises BadMessage when the count of lines is not the one announced, or when numbers are missing;
        TooLarge for a line that is longer than MAX_LINE.
        """
        if message.more or self._parts:
            self._held += len(payload)
            if self._held > MAX_LINE:
                raise TooLarge(f"a line of the session is longer than {MAX_LINE} bytes")
            self._parts.append(payload)
            if message.more:
                return
            payload = b"".join(self._parts)
            self.forget_parts()
        lines = payload.split(b"\n")
        if lines.pop() or len(lines) != message.count:
            raise BadMessage(f"{len(lines)} lines came where {message.count} were announced")
        yield from self._number(message, lines)

    def _number(self, message: Events, lines: list[bytes]) -> Iterator[Event]:
        known = 0
        if self.cursor is not None and self.cursor.generation == message.generation:
            known = self.cursor.seq
            if message.first > known + 1 and self._begun:
                raise BadMessage(f"events {known + 1} to {message.first - 1} of the session are missing")
        self._begun = True
        for seq, line in enumerate(lines, message.first):
            if seq <= known:
                continue
            self.cursor = Cursor(message.generation, seq)
            yield _event(message, line, self.cursor)


def _event(message: Events, line: bytes, cursor: Cursor) -> Event:
    if message.source is Source.CLAUDE:
        return Line(line, cursor, message.at)
    try:
        return Fact(facts.decode(line), cursor, message.at)
    except msgspec.ValidationError:
        return UnknownFact(line, cursor, message.at)
    except msgspec.DecodeError as error:
        raise BadMessage(f"a fact of the session is not JSON: {error}") from None
