"""`claude-remote attach`: what a session was, and what it becomes, until Ctrl-C."""

from __future__ import annotations

from claude_remote import facts, messages
from claude_remote.cli.attaching.views import View, make_view
from claude_remote.cli.print_mode.questions import Questions
from claude_remote.cli.reaching import Reach, reach_server
from claude_remote.cli.ringing import Ringing, make_ringing
from claude_remote.cli.terminal import Terminal, escape
from claude_remote.client import events
from claude_remote.client.turn import Exchange, Verdict
from claude_remote.errors import BadOption, Exit
from claude_remote.messages import Cursor
from claude_remote.rights import Right

# While a question stands on the terminal what happens behind it is held back, so much at most.
_MOST_HELD = 10_000
# How long a log that is only read may be interrupted.
_PATIENCE = 120.0


def attach(
    reach: Reach,
    session: str,
    terminal: Terminal,
    *,
    after: str | None = None,
    follow: bool = True,
    output_format: str = "text",
    partial: bool = False,
) -> int:
    """Show a session. `after` is SEQ or GENERATION:SEQ. Raises RemoteError."""
    place = None if after is None else read_place(after)
    with reach_server(reach, terminal) as client:
        info = client.find(session)
        if terminal.shows_errors and output_format == "text":
            terminal.say(terminal.paint(_header(client.name, info), "2"))
        asks = follow and output_format == "text" and terminal.can_ask and Right.APPROVE in client.rights
        view = make_view(terminal, output_format, partial=partial)
        # By its id, for a name may be changed while we look.
        patience = None if follow else _PATIENCE
        with client.attach(info.id, place, follow=follow, patience=patience) as exchange:
            ringing = make_ringing(terminal) if follow and output_format == "text" else None
            if ringing is not None:
                ringing.name = info.name
            return Attached(exchange, terminal, view, place, asks=asks, ringing=ringing).run()


def read_place(after: str) -> Cursor:
    """The cursor that was written. Raises BadOption. Generation 0: that of the server."""
    generation, _, seq = after.rpartition(":")
    if not seq.isdecimal() or not (generation or "0").isdecimal() or len(after) > 30:
        raise BadOption(
            f"--after takes the number of an event, as --output-format json shows it, not {after!r}"
        )
    return Cursor(int(generation or 0), int(seq))


class Attached:
    """One session on one terminal. `asks`: its questions are asked there."""

    def __init__(
        self,
        exchange: Exchange,
        terminal: Terminal,
        view: View,
        place: Cursor | None,
        *,
        asks: bool,
        ringing: Ringing | None = None,
    ) -> None:
        self._ringing = ringing
        self._exchange = exchange
        self._terminal = terminal
        self._view = view
        self._place = place
        self._questions = Questions(terminal, self._decide) if asks else None
        self._open: dict[str, facts.ApprovalOpened] = {}
        self._live = False
        self._held: list[events.Event] = []

    def run(self) -> int:
        """Follow it; the exit code. Raises RemoteError, BrokenPipeError."""
        try:
            for event in self._exchange:
                self._handle(event)
        except KeyboardInterrupt:
            self._release()
            self._view.end_line()
            self._terminal.say("")
            return Exit.INTERRUPTED
        finally:
            if self._questions is not None:
                self._questions.close()
            if self._ringing is not None:
                self._ringing.close()
        self._release()
        self._view.end_line()
        return Exit.OK

    def _handle(self, event: events.Event) -> None:
        match event:
            case events.Reset(cursor=cursor) if self._place is not None and self._place.generation == 0:
                self._begin_at(cursor, self._place)
                self._place = None
                return
            case events.Reconnecting(reason=reason):
                self._say(f"{escape(reason).rstrip('.')}; reconnecting (leaving does not end the session)")
            case events.Reconnected():
                self._say("connected again")
            case events.Tail() if not self._live:
                self._release()
                self._go_live()
            case events.Decided(approval=approval, lost=lost):
                self._settle(approval)
                if lost:
                    self._say(escape(lost))
                return  # what came of it stands in the log, with the reason
            case events.Fact(fact=fact):
                self._look(fact)
            case _:
                pass
        self._held.append(event)
        if self._questions is None or not self._questions.open or len(self._held) > _MOST_HELD:
            self._release()
        if isinstance(event, events.Fact) and isinstance(event.fact, facts.ApprovalOpened) and self._live:
            self._ask(event.fact)

    def _begin_at(self, cursor: Cursor, place: Cursor) -> None:
        """The server says where a number without a generation lies."""
        if cursor.seq < place.seq:
            self._say(f"there are only {cursor.seq} events yet; what follows is new")

    def _look(self, fact: facts.AnyFact) -> None:
        if self._ringing is not None and self._live:
            self._ringing.fact(fact)
        match fact:
            case facts.ApprovalOpened(approval=approval):
                self._open[approval] = fact
            case facts.ApprovalDelivered(approval=approval) | facts.ApprovalVoid(approval=approval):
                self._settle(approval)
            case facts.TurnFinished(outcome="done" | "interrupted"):
                # Those of agents in the background outlive it.
                for approval in [key for key, each in self._open.items() if not each.agent]:
                    self._settle(approval)
            case _:
                pass

    def _settle(self, approval: str) -> None:
        self._open.pop(approval, None)
        if self._questions is not None:
            self._questions.withdraw(approval, "")

    def _go_live(self) -> None:
        """The past has been told. What is still open there is asked now."""
        self._live = True
        if self._questions is not None:
            self._view.will_ask()
            for approval in [*self._open.values()]:
                self._ask(approval)

    def _ask(self, approval: facts.ApprovalOpened) -> None:
        if self._questions is not None:
            self._end_line()
            self._questions.ask(approval)

    def _decide(self, approval: str, verdict: Verdict) -> None:
        self._exchange.decide(approval, verdict)

    def _release(self) -> None:
        held, self._held = self._held, []
        for event in held:
            self._view.show(event)

    def _say(self, text: str) -> None:
        self._end_line()
        self._terminal.say(text)

    def _end_line(self) -> None:
        """What is said beside the text begins a line, where both are on one terminal."""
        if self._terminal.shows_output:
            self._view.end_line()


def _header(server: str, info: messages.SessionInfo) -> str:
    return f"{escape(server)}:{escape(info.cwd)} · session {escape(info.name)} · {info.state}"
