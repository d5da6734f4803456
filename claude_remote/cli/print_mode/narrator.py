"""What is said beside the answer, on standard error: where it runs, why it waits, what it does and costs."""

from __future__ import annotations

from collections.abc import Callable

from claude_remote import facts, messages
from claude_remote.cli.terminal import Terminal, escape
from claude_remote.client import events
from claude_remote.client.answer import Info, Piece, Result, Retry, ToolResult, ToolUse

_WHY = {
    "turn": "another turn runs in this session",
    "worker": "every worker is in use",
    "start": "claude is starting",
}
_WIDTH = 160


class Narrator:
    """Says it in lines. `before` is called before each, to end a line of the answer that stands open."""

    def __init__(
        self,
        terminal: Terminal,
        *,
        verbose: bool,
        server: str,
        folder: str | None,
        before: Callable[[], None],
    ) -> None:
        self._terminal = terminal
        self._verbose = verbose
        self._server = server
        self._folder = folder
        self._before = before
        self._cost = 0.0
        self._mode = ""  # the permission mode, once it is known

    def accepted(self, session: messages.SessionInfo) -> None:
        """Which session it is: a header, when somebody looks."""
        self._cost = session.cost
        self._mode = session.mode if session.turns else ""
        if self._terminal.shows_errors or self._verbose:
            place = f"{self._server}:{self._folder or session.cwd}"
            self._say(self._terminal.paint(f"{escape(place)} · session {escape(session.name)}", "2"))

    def waiting(self, event: events.Waiting) -> None:
        """Why the prompt does not run yet."""
        if event.why == "start" and not self._verbose:
            return
        before = f", {event.place} before this one" if event.place else ""
        self._say(f"waiting: {_WHY.get(event.why, escape(event.why))}{before}")

    def reconnecting(self, event: events.Reconnecting) -> None:
        """The link broke."""
        self._say(f"{escape(event.reason).rstrip('.')}; reconnecting (the turn goes on)")

    def reconnected(self) -> None:
        """It is there again."""
        self._say("connected again")

    def fact(self, fact: facts.AnyFact) -> None:
        """What the server adds to the log, as far as it matters here."""
        match fact:
            case facts.Notice(level=level, text=text):
                self._say(f"{'' if level == 'info' else f'{level}: '}{escape(text)}")
            case facts.SessionChanged(mode=str(mode)) if mode:
                if self._mode not in {"", mode}:
                    self._say(f"permission mode: {escape(mode)}")
                self._mode = mode
            case facts.ClaudeExited(expected=False, refused=False, reason=reason):
                self._say(escape(reason))
            case _:
                pass

    def pieces(self, pieces: list[Piece]) -> None:
        """Tools, cost and timing when asked for; what delays the answer always."""
        for piece in pieces:
            match piece:
                case Retry():
                    status = f" ({piece.status})" if piece.status else ""
                    self._say(
                        f"the model does not answer: {escape(piece.error)}{status}; attempt {piece.attempt}"
                        f" of {piece.of}, again in {piece.delay:.0f} s"
                    )
                case Info(text=text):
                    self._say(escape(text))
                case ToolUse() if self._verbose:
                    self._say(self._terminal.paint(f"{indent(piece.parent)}{describe(piece)}", "2"))
                case ToolResult(error=True) if self._verbose:
                    self._say(self._terminal.paint(f"{indent(piece.parent)}  ✗ {_short(piece.text)}", "2"))
                case Result() if self._verbose:
                    cost = max(0.0, piece.cost - self._cost)
                    self._say(f"{piece.turns} steps, {piece.duration:.1f} s, ${cost:.4f}")
                case _:
                    pass

    def say(self, text: str) -> None:
        """Any other line."""
        self._say(text)

    def end_line(self) -> None:
        """Something else is about to be written to the terminal."""
        self._before()

    def _say(self, text: str) -> None:
        self._before()
        self._terminal.say(text)


def describe(use: ToolUse) -> str:
    """A tool's use in one line: its name, and what of its input says most."""
    for key in ("command", "file_path", "path", "pattern", "url", "query", "description", "prompt"):
        value = use.input.get(key)
        if isinstance(value, str) and value:
            return f"{escape(use.tool)}: {_short(value)}"
    return escape(use.tool)


def indent(parent: str | None) -> str:
    """What a subagent does stands further right."""
    return "  " if parent else ""


def _short(text: str) -> str:
    line = escape(text.strip())
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"
