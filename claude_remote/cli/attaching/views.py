"""The three forms in which a session is shown: text, its events as JSON, claude's own lines."""

from __future__ import annotations

from typing import Protocol

from claude_remote.cli.attaching.teller import Teller
from claude_remote.cli.terminal import Terminal
from claude_remote.client.conversation import Conversation
from claude_remote.client.events import Event, Fact, Line, UnknownFact
from claude_remote.output_filter import OutputFilter


class View(Protocol):
    """Gets every event once, in order."""

    def show(self, event: Event) -> None:
        """The next one."""

    def end_line(self) -> None:
        """Something else is about to be written to the terminal."""

    def will_ask(self) -> None:
        """From now on open questions are asked on the terminal."""


class TextView:
    """For people."""

    def __init__(self, terminal: Terminal) -> None:
        self._conversation = Conversation()
        self._teller = Teller(terminal)

    def show(self, event: Event) -> None:
        """See View."""
        for change in self._conversation.read(event):
            self._teller.take(change)
        if isinstance(event, Fact):
            self._teller.receipt(event.fact)

    def end_line(self) -> None:
        """See View."""
        self._teller.end_line()

    def will_ask(self) -> None:
        """See View."""
        self._teller.asks = True


class _Lines:
    """What the two forms for programs have in common: nothing stands open, nothing is asked."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def end_line(self) -> None:
        """See View."""

    def will_ask(self) -> None:
        """See View."""


class JsonView(_Lines):
    """Every event with its number, one to a line: claude's line or the server's fact is its `event`."""

    def show(self, event: Event) -> None:
        """See View."""
        line = in_json(event)
        if line is not None:
            self._terminal.write(line)


def in_json(event: Event) -> bytes | None:
    """An event of the log with its number, one line; None for what is not in the log."""
    match event:
        case Line(raw=raw, cursor=cursor, at=at):
            source = "claude"
        case UnknownFact(raw=raw, cursor=cursor, at=at):
            source = "fact"
        case Fact(fact=fact, cursor=cursor, at=at):
            import msgspec

            source, raw = "fact", msgspec.json.encode(fact)
        case _:
            return None
    head = f'{{"generation":{cursor.generation},"seq":{cursor.seq},"at":{at!r},"source":"{source}","event":'
    return head.encode() + raw + b"}\n"


class StreamJsonView(_Lines):
    """Claude's own lines, unedited, with the prompts among them (as --replay-user-messages gives them)."""

    def __init__(self, terminal: Terminal, *, partial: bool) -> None:
        super().__init__(terminal)
        self._filter = OutputFilter(partial=partial, replay=True)

    def show(self, event: Event) -> None:
        """See View."""
        if isinstance(event, Line) and self._filter.shows(event.raw):
            self._terminal.write(event.raw + b"\n")


def make_view(terminal: Terminal, output_format: str, *, partial: bool) -> View:
    """The view that was asked for."""
    match output_format:
        case "json":
            return JsonView(terminal)
        case "stream-json":
            return StreamJsonView(terminal, partial=partial)
        case _:
            return TextView(terminal)
