"""The streams of the command line, and whether people sit at them. Nothing else reaches for sys.stdout.

Text that comes from a peer passes `escape` before it reaches a terminal: an escape sequence in a session's
name or in Claude's answer must not repaint an approval.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from contextlib import suppress
from typing import BinaryIO, TextIO

from claude_remote.errors import Misconfigured, RemoteError

_CONSOLE_IN = "CONIN$" if os.name == "nt" else "/dev/tty"


class Terminal:
    """Standard streams as bytes out, text to the user, and questions to whoever sits there."""

    def __init__(self) -> None:
        self._out: BinaryIO = sys.stdout.buffer
        self._err: TextIO = sys.stderr
        self.shows_output = _is_terminal(sys.stdout)
        self.shows_errors = _is_terminal(sys.stderr)
        self.types_input = _is_terminal(sys.stdin)
        wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self.is_able = os.environ.get("TERM", "dumb" if os.name == "posix" else "") != "dumb"
        """Whether it understands more than lines of text."""
        self.colour = self.shows_errors and wanted
        self.colours_output = self.shows_output and wanted

    @property
    def can_ask(self) -> bool:
        """Whether somebody is there to answer: questions go where errors go."""
        if not self.shows_errors:
            return False
        try:
            descriptor = os.open(_CONSOLE_IN, os.O_RDWR)
        except OSError:
            return False
        os.close(descriptor)
        return True

    def write(self, data: bytes) -> None:
        """Bytes to standard output, at once.

        Raises BrokenPipeError when nobody reads any more, RemoteError when it takes no more.
        """
        try:
            self._out.write(data)
            self._out.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            self.drop_output()
            raise cannot_write("standard output", error) from None

    def print(self, text: str) -> None:
        """A line to standard output."""
        self.write(f"{text}\n".encode(errors="replace"))

    def say(self, text: str) -> None:
        """A line to standard error, for people."""
        self.say_part(f"{text}\n")

    def say_part(self, text: str) -> None:
        """A piece of a line to standard error."""
        with suppress(OSError, ValueError):  # nobody reads the errors any more
            self._err.write(text)
            self._err.flush()

    def fail(self, message: str) -> None:
        """Say what went wrong, in the manner of all commands."""
        self.say(f"{self.paint('claude-remote:', '31')} {message}")

    def paint(self, text: str, code: str) -> str:
        """`text` in a colour (SGR code) if standard error shows colours."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text

    def tint(self, text: str, code: str) -> str:
        """`text` in a colour (SGR code) if standard output shows colours."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colours_output and text else text

    def ask(self, question: str) -> str:
        """Ask on the terminal, whatever standard input is. An empty answer at the end of the input."""
        self.say_part(question)
        with open(_CONSOLE_IN, encoding="utf-8", errors="replace") as console:  # noqa: PTH123  not a file
            return console.readline().strip()

    def confirm(self, question: str) -> bool:
        """A question for yes or no; anything but yes is no."""
        return self.ask(f"{question} [y/N] ").lower() in {"y", "yes"}

    def drop_output(self) -> None:
        """Nobody reads standard output any more: let what is buffered go nowhere, without a traceback."""
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)


def cannot_write(what: str, error: OSError) -> RemoteError:
    """The error that is told of a stream that takes no more, such as a file on a full disk."""
    return Misconfigured(f"cannot write {what}: {error.strerror or error}")


def escape(text: str, *, lines: bool = False) -> str:
    """Make control characters visible; with `lines`, newlines and tabs stay as they are.

    Controls (C0, C1, DEL), and the invisible characters that reorder or hide text (Unicode Cf, such as
    bidirectional overrides), except the joiners of emoji and of several scripts.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(letter, lines=lines) for letter in text)


def _visible(letter: str, *, lines: bool) -> str:
    if letter.isprintable() or letter in "\u200c\u200d" or (lines and letter in "\n\t"):
        return letter
    if unicodedata.category(letter) in {"Zs", "Co", "Cn"}:
        return letter
    return letter.encode("unicode_escape").decode()


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False
