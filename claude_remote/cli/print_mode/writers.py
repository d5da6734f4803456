"""The three forms of output: text as it is written, claude's result, or claude's own lines."""

from __future__ import annotations

from typing import Protocol

from claude_remote.cli.terminal import Terminal, escape
from claude_remote.client.answer import NewText, Piece, Result, Rewritten, Text
from claude_remote.output_filter import OutputFilter, as_json_output


class Writer(Protocol):
    """Gets every line of a turn with what it means, then the end."""

    def write(self, raw: bytes, pieces: list[Piece]) -> None:
        """One line of claude's, without its newline."""

    def finish(self, result: bytes | None) -> None:
        """The turn has ended, with claude's `result` line if there was one."""


class TextWriter:
    """Claude's words as they come. A terminal is shown control characters in writing; a pipe gets all."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._last = ""

    @property
    def in_line(self) -> bool:
        """Whether the cursor stands within a line."""
        return bool(self._last) and self._last != "\n"

    def write(self, raw: bytes, pieces: list[Piece]) -> None:
        """See Writer."""
        del raw
        for piece in pieces:
            if isinstance(piece, Text):
                self._put(piece.text)
            elif isinstance(piece, (NewText, Rewritten)):
                self.end_line()

    def finish(self, result: bytes | None) -> None:
        """See Writer. What claude prints ends with a newline, even when it is empty."""
        if self.in_line or (not self._last and result is not None):
            self._put("\n")

    def end_line(self) -> None:
        """Begin a new line unless one has begun."""
        if self.in_line:
            self._put("\n")

    def _put(self, text: str) -> None:
        if text:
            self._last = text[-1]
            shown = escape(text, lines=True) if self._terminal.shows_output else text
            self._terminal.write(shown.encode(errors="replace"))


class JsonWriter:
    """Claude's `result` line; with --verbose an array of all that a stream would have, as claude does it."""

    def __init__(self, terminal: Terminal, *, verbose: bool) -> None:
        self._terminal = terminal
        self._filter = OutputFilter() if verbose else None
        self._lines: list[bytes] = []

    def write(self, raw: bytes, pieces: list[Piece]) -> None:
        """See Writer."""
        if self._filter is not None and self._filter.shows(raw):
            is_result = any(isinstance(piece, Result) for piece in pieces)
            self._lines.append(as_json_output(raw) if is_result else raw)

    def finish(self, result: bytes | None) -> None:
        """See Writer."""
        if result is None:
            return
        said = as_json_output(result) if self._filter is None else b"[%b]" % b",".join(self._lines)
        self._terminal.write(said + b"\n")


class StreamJsonWriter:
    """Claude's own lines, unedited: those that it would have printed under the same flags."""

    def __init__(self, terminal: Terminal, *, partial: bool, replay: bool) -> None:
        self._terminal = terminal
        self._filter = OutputFilter(partial=partial, replay=replay)

    def write(self, raw: bytes, pieces: list[Piece]) -> None:
        """See Writer."""
        del pieces
        if self._filter.shows(raw):
            self._terminal.write(raw + b"\n")

    def finish(self, result: bytes | None) -> None:
        """See Writer. The result was one of the lines."""
