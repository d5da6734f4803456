"""A terminal, as far as prompt_toolkit and our output use one: what stands on it, scrollback included.

Anything it does not know raises, so that nothing unexpected is written to terminals.
"""

from __future__ import annotations

import re
import threading

from prompt_toolkit.utils import get_cwidth

_TOKEN = re.compile(
    r"\x1b\[([?>]?)([0-9;]*)( ?[A-Za-z])|\x1b([=>78])|\x1b\]0;([^\x1b\x00-\x1f]*)\x1b\\|([\r\n\x07\x08])"
    r"|([^\x1b\x00-\x1f]+)|(.)",
    re.DOTALL,
)
# Cursor shape and visibility, wrapping, bracketed paste, synchronised updates, colours, blinking.
_IGNORED = frozenset({"m", "h", "l", " q", "q"})


class Emulator:
    """Give it what a program writes."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self._lines: list[list[str]] = [[]]  # from the first that was written on, one string for each cell
        self._row = self._column = 0
        self.title = ""
        self.bells = 0
        self._guard = threading.Lock()

    def feed(self, text: str) -> None:
        with self._guard:
            for token in _TOKEN.finditer(text):
                private, numbers, final, _, title, control, words, unknown = token.groups()
                if unknown:
                    raise ValueError(f"a terminal was sent {unknown!r} in {text!r}")
                if final:
                    self._command(final, [int(number) for number in numbers.split(";") if number], private)
                elif title is not None:
                    self.title = title
                elif control:
                    self._control(control)
                elif words:
                    for letter in words:
                        self._put(letter)

    @property
    def text(self) -> str:
        """All that was shown and not erased."""
        with self._guard:
            return "\n".join("".join(line).rstrip() for line in self._lines)

    @property
    def screen(self) -> list[str]:
        """The rows that are visible."""
        return self.text.split("\n")[-self.rows :]

    def _command(self, final: str, numbers: list[int], private: str) -> None:
        count = (numbers or [1])[0]
        match final:
            case "A":
                self._row = max(self._row - count, len(self._lines) - self.rows, 0)
            case "B":
                self._down(count)
            case "C":
                self._column = min(self._column + count, self.columns - 1)
            case "D":
                self._column = max(self._column - count, 0)
            case "J" if not numbers or numbers == [0]:
                del self._lines[self._row + 1 :]
                del self._lines[self._row][self._column :]
            case "K" if not numbers or numbers == [0]:
                del self._lines[self._row][self._column :]
            case "t" if numbers in ([22, 0], [23, 0]):  # keep the title, and have it back
                self.title = ""
            case _ if final not in _IGNORED:
                raise ValueError(f"a terminal was sent {private}{numbers}{final}")

    def _control(self, control: str) -> None:
        match control:
            case "\r":
                self._column = 0
            case "\n":
                self._down(1)
            case "\a":
                self.bells += 1
            case _:
                self._column = max(self._column - 1, 0)

    def _down(self, count: int) -> None:
        self._row += count
        while len(self._lines) <= self._row:
            self._lines.append([])

    def _put(self, letter: str) -> None:
        width = get_cwidth(letter)
        if self._column + width > self.columns:
            self._column = 0
            self._down(1)
        line = self._lines[self._row]
        line += [" "] * (self._column + max(width, 1) - len(line))
        if width == 0:
            line[self._column - 1] += letter
            return
        line[self._column : self._column + width] = [letter, *[""] * (width - 1)]
        self._column += width
