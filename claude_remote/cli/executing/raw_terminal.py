"""The local terminal while the command has one of its own: every key goes there, Ctrl-C too."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from claude_remote.errors import BadOption
from claude_remote.messages import Size

_FALLBACK = Size(rows=24, columns=80)


@contextmanager
def raw_terminal(descriptor: int) -> Iterator[None]:
    """Raw inside, as it was outside, whatever happens. Nothing changes when it is no terminal."""
    if not os.isatty(descriptor):
        yield
        return
    import termios
    import tty

    before = termios.tcgetattr(descriptor)
    try:
        tty.setraw(descriptor, termios.TCSADRAIN)
        yield
    finally:
        with suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def find_size() -> Size:
    """Of the terminal that this program is on; a usual one if it is on none."""
    for descriptor in (1, 0, 2):
        with suppress(OSError, ValueError):
            found = os.get_terminal_size(descriptor)
            return Size(rows=found.lines, columns=found.columns)
    return _FALLBACK


def check_system() -> None:
    """Raises BadOption where there are no such terminals."""
    if sys.platform == "win32":
        raise BadOption("-t needs a Unix terminal; without it the command runs on Windows, too")
