"""The terminal's bell and title: for who has turned away while Claude works.

It rings when Claude asks for an approval, and when a turn that took a while has ended. `claude-remote config
--no-bell` keeps it quiet.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from claude_remote import facts
from claude_remote.cli.terminal import Terminal, escape
from claude_remote.config import ConfigFile
from claude_remote.paths import find_paths

# Whoever waits so long for an answer may be elsewhere.
LONG = 10.0  # seconds

# xterm's: the title is kept on a stack of the terminal's, and another is shown meanwhile (CSI 22 and 23 t).
_KEEP_TITLE, _OLD_TITLE = "\x1b[22;0t", "\x1b[23;0t"


class Ringing:
    """For one session. `write` takes what goes to the terminal as it is."""

    def __init__(self, write: Callable[[str], None], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._write = write
        self._clock = clock
        self._began: float | None = None
        self._kept = False
        self.name = ""

    def fact(self, fact: facts.AnyFact) -> None:
        """Something has happened just now."""
        match fact:
            case facts.TurnStarted():
                self._began = self._clock()
            case facts.ApprovalOpened(tool=tool):
                self._show(f"? {tool}", ring=True)
            case facts.ApprovalDelivered() | facts.ApprovalVoid():
                self._show("", ring=False)
            case facts.TurnFinished(outcome=outcome, error=error):
                took = 0.0 if self._began is None else self._clock() - self._began
                self._began = None
                mark = "done" if outcome == "done" and not error else "failed"
                self._show(mark, ring=took >= LONG and outcome != "interrupted")
            case _:
                pass

    def close(self) -> None:
        """The terminal has its own title again."""
        if self._kept:
            self._kept = False
            self._write(_OLD_TITLE)

    def _show(self, what: str, *, ring: bool) -> None:
        title = escape(" · ".join(part for part in (what, self.name, "claude-remote") if part))[:200]
        keep = "" if self._kept else _KEEP_TITLE
        self._kept = True
        bell = "\a" if ring else ""
        self._write(f"{keep}\x1b]0;{title}\x1b\\{bell}")


def make_ringing(terminal: Terminal) -> Ringing | None:
    """On standard error, if it is a terminal whose user has not switched it off. Raises Misconfigured."""
    if not terminal.shows_errors or not terminal.is_able or not is_wanted():
        return None
    return Ringing(terminal.say_part)


def is_wanted() -> bool:
    """Whether the user has left it on. Raises Misconfigured."""
    return ConfigFile(find_paths().client_config).read().bell
