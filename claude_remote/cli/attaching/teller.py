"""A conversation as plain text, told as it happens: prompts, answers, tools, approvals, ends of turns.

What is told stays told: the text is right in a pipe, in a file and on a terminal that scrolls.
"""

from __future__ import annotations

from typing import Literal

from claude_remote import facts
from claude_remote.cli.table import duration
from claude_remote.cli.terminal import Terminal, escape
from claude_remote.client.conversation.items import (
    Change,
    Ended,
    Gone,
    More,
    Note,
    Question,
    Said,
    ToolState,
    ToolUse,
    Words,
)
from claude_remote.client.conversation.summaries import count, one_line
from claude_remote.messages import Behavior

_Kind = Literal["", "said", "words", "tool", "note", "ended"]
# Kinds that stand close together; between others is a blank line.
_CLOSE: dict[_Kind, tuple[_Kind, ...]] = {
    "tool": ("tool", "note"),
    "note": ("tool", "note", "ended"),
    "ended": ("words", "tool", "note", "said"),
}
_OUTCOMES = {
    ToolState.DONE: ("✓", "32", ""),
    ToolState.FAILED: ("✗", "31", ""),
    ToolState.DENIED: ("⊘", "33", "denied"),
    ToolState.STOPPED: ("■", "2", "stopped"),
}
_LEVELS = {"info": ("·", "2"), "warning": ("▲", "33"), "error": ("✗", "31")}
PROMPT = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} "
DIM, BOLD, GREEN, YELLOW, RED = "2", "1", "32", "33", "31"


class Teller:
    """Gives every change of a conversation to the terminal's standard output.

    `asks`: open questions are asked on the terminal by somebody else, and so not told here.
    """

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self.asks = False
        self._mode = ""  # the permission mode, once it is known
        self._last: _Kind = ""
        self._begun = False  # anything was told
        self._in_line = False
        self._writing: dict[int, str] = {}  # what was told of texts that are not whole
        self._line_of: int | None = None  # which of them the open line belongs to
        self._tool_told: str | None = None  # the tool whose line was the last thing told

    def take(self, change: Change) -> None:
        """A change."""
        match change:
            case Said():
                self._said(change)
            case Words():
                self._words(change)
            case More(id=number, text=text):
                self._more(number, text)
            case Gone(id=number):
                if self._writing.pop(number, ""):
                    self._line("note", self._terminal.tint("· Claude begins anew.", DIM))
            case ToolUse():
                self._tool(change)
            case Question():
                self._question(change)
            case Note(done=True):
                sign, code = _LEVELS[change.level]
                self._line("note", f"{self._terminal.tint(sign, code)} {escape(change.text, lines=True)}")
            case Ended():
                self._ended(change)
            case _:
                pass  # a remark that may still change

    def receipt(self, fact: facts.AnyFact) -> None:
        """How far a decision has come, and when Claude asks, beyond what the conversation tells."""
        if isinstance(fact, facts.SessionChanged) and fact.mode:
            if self._mode not in {"", fact.mode}:
                self.say(f"permission mode: {escape(fact.mode)}")
            self._mode = fact.mode
        if isinstance(fact, facts.ApprovalTaken):
            told = self._tool_told
            self._line("tool", self._terminal.tint("  ✓ taken by Claude", DIM))
            self._tool_told = told

    def say(self, text: str) -> None:
        """A remark of our own."""
        self._line("note", self._terminal.tint(f"· {text}", DIM))

    def end_line(self) -> None:
        """Something else is about to be written to the terminal."""
        if self._in_line:
            self._put("\n")
            self._line_of = None

    # --- inside -----------------------------------------------------------------------------------------

    def _said(self, item: Said) -> None:
        first, *more = escape(item.text, lines=True).split("\n")
        who = f"{escape(item.client)} {PROMPT}" if item.client else PROMPT
        lines = [self._terminal.tint(line, BOLD) for line in (who + first, *(f"  {line}" for line in more))]
        self._line("said", "\n".join(lines))

    def _words(self, item: Words) -> None:
        if item.kind == "thinking":
            return
        told = self._writing.pop(item.id, None)
        if told is None:
            self._open("words")
            self._write(item.id, item.text)
        elif item.text.startswith(told):
            self._resume(item.id, item.text[len(told) :])
        else:
            self._open("words")
            self._write(item.id, item.text)
        if item.done:
            self.end_line()
        else:
            self._writing[item.id] = item.text

    def _more(self, number: int, text: str) -> None:
        if number in self._writing:
            self._writing[number] += text
            self._resume(number, text)

    def _resume(self, number: int, text: str) -> None:
        if text:
            if self._line_of != number and not (self._last == "words" and self._in_line):
                self._open("words")
            self._write(number, text)

    def _write(self, number: int, text: str) -> None:
        self._put(self._clean(text))
        self._line_of = number

    def _tool(self, item: ToolUse) -> None:
        sign = self._terminal.tint("●", "36")
        name = f"{escape(item.tool)} {escape(item.summary)}".strip()
        if not item.done:
            if item.state is ToolState.RUNNING and not item.steps and self._tool_told != item.tool_use:
                self._line("tool", f"{sign} {name}")
                self._tool_told = item.tool_use
            return
        mark, code, word = _OUTCOMES[item.state]
        steps = count(item.steps, "step") if item.steps else ""
        # Right below its own line a tool need not be named again.
        named = "" if self._tool_told == item.tool_use else name
        parts = [part for part in (named, steps, word, escape(item.outcome)) if part]
        self._line("tool", f"  {self._terminal.tint(mark, code)} {' · '.join(parts) or 'done'}")

    def _question(self, item: Question) -> None:
        if not item.done:
            if not self.asks:
                # The tool's own line says what it is about, unless others came between.
                named = f"{escape(item.tool)} {escape(item.summary)} · "
                named = "" if self._tool_told == item.tool_use else named
                self._line("tool", self._terminal.tint(f"  ? {named}waits for an approval", YELLOW))
                self._tool_told = item.tool_use
            return
        by = f" by {escape(item.by)}" if item.by else ""
        if item.decision is None:
            told, code = f"  ○ no longer asked: {escape(item.message)}", DIM
        elif item.decision is Behavior.ALLOW:
            how = " for the session" if item.for_session else ""
            told, code = f"  ✓ allowed{how}{by}", GREEN
        else:
            why = f": {escape(one_line(item.message))}" if item.message else ""
            told, code = f"  ⊘ denied{by}{why}", YELLOW
        self._line("tool", self._terminal.tint(told, code))
        self._tool_told = item.tool_use

    def _ended(self, item: Ended) -> None:
        cost = f" · ${item.cost:.2f}" if item.cost >= 0.005 else ""
        took = f"{duration(item.duration)}{cost}"
        if item.error:
            words = escape(item.reason or "The turn ended with an error.", lines=True)
            told = f"{self._terminal.tint('✗', RED)} {words} {self._terminal.tint(took, DIM)}"
        elif item.outcome == "done":
            told = self._terminal.tint(f"  {took}", DIM)
        else:
            stopped = "The turn was stopped." if item.outcome == "interrupted" else "It did not run."
            told = self._terminal.tint(f"■ {escape(item.reason or stopped)} {took}", YELLOW)
        self._line("ended", told)

    def _line(self, kind: _Kind, text: str) -> None:
        self._open(kind)
        self._put(f"{text}\n")

    def _open(self, kind: _Kind) -> None:
        """Begin a new line, after a blank one where something else begins."""
        self.end_line()
        if self._begun and self._last not in _CLOSE.get(kind, ()):
            self._put("\n")
        self._last = kind
        self._tool_told = None

    def _put(self, text: str) -> None:
        self._terminal.write(text.encode(errors="replace"))
        self._begun = True
        if text:
            self._in_line = not text.endswith("\n")

    def _clean(self, text: str) -> str:
        """A terminal is shown control characters in writing; a pipe gets what Claude wrote."""
        return escape(text, lines=True) if self._terminal.shows_output else text
