"""The forms of output: text as it is written, the answer alone when it is whole, or claude's own JSON."""

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
    """Claude's words as they come, for a terminal, which is shown control characters in writing."""

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
            self._terminal.write(escape(text, lines=True).encode(errors="replace"))


class AnswerWriter:
    """The last message alone, when the turn has ended: what `claude -p` gives to whoever reads its output.

    A script that takes the output for the answer must not find in it what Claude said before it used a tool.
    A turn without a result, because it was lost or stopped, prints nothing: the exit code and standard error
    say why.
    """

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._result: Result | None = None

    def write(self, raw: bytes, pieces: list[Piece]) -> None:
        """See Writer."""
        del raw
        self._result = next((piece for piece in pieces if isinstance(piece, Result)), self._result)

    def finish(self, result: bytes | None) -> None:
        """See Writer. What claude prints ends with a newline, even when it is empty."""
        del result
        found = self._result
        if found is not None and found.subtype == "success":
            end = "" if found.text.endswith("\n") else "\n"
            self._terminal.write(f"{found.text}{end}".encode(errors="replace"))


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
