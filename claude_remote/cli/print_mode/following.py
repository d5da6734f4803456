"""Following one turn on the command line: output, approvals, Ctrl-C and --timeout, to an exit code."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING

from claude_remote import facts
from claude_remote.cli.print_mode.narrator import Narrator
from claude_remote.cli.print_mode.writers import Writer
from claude_remote.cli.ringing import Ringing
from claude_remote.cli.terminal import Terminal, escape
from claude_remote.client import events
from claude_remote.client.answer import Answer, Piece, Result
from claude_remote.client.turn import Outcome, Turn, Verdict
from claude_remote.errors import (
    ClaudeFailed,
    Exit,
    LinkLost,
    RemoteError,
    RightMissing,
    ShuttingDown,
    TimedOut,
)
from claude_remote.messages import Behavior, PromptState

if TYPE_CHECKING:
    from claude_remote.cli.print_mode.questions import Questions

_NOBODY_TO_ASK = "Permission to use this tool was not given: nobody is there to ask."
# How long a turn that was stopped may take to end.
_GRACE = 10.0


class Following:
    """One turn. `policy`: wait, deny or fail, for what Claude asks. `begin` sends the prompt."""

    def __init__(
        self,
        begin: Callable[[], Turn],
        terminal: Terminal,
        writer: Writer,
        narrator: Narrator,
        *,
        policy: str,
        asks: bool,
        may_decide: bool,
        on_accepted: Callable[[], None],
        ringing: Ringing | None = None,
    ) -> None:
        self._ringing = ringing
        self._begin = begin
        self._turn: Turn | None = None
        self._terminal = terminal
        self._writer = writer
        self._narrator = narrator
        self._policy = policy
        self._may_decide = may_decide
        self._on_accepted = on_accepted
        self._questions: Questions | None = None
        if asks and may_decide and policy == "wait":
            from claude_remote.cli.print_mode.questions import Questions

            self._questions = Questions(terminal, self._decide)
        self._answer = Answer()
        self._result: Result | None = None
        self._held: list[tuple[bytes, list[Piece]]] = []
        self._stopped_by: str | None = None  # "interrupt", "timeout", "approval", "right"

    @property
    def session(self) -> str | None:
        """The id of the session that it ran in; None if the prompt was not accepted."""
        turn = self._turn
        return None if turn is None or turn.session is None else turn.session.id

    def run(self, timeout: float | None) -> int:
        """Follow it to the end; the exit code. Raises RemoteError, BrokenPipeError, KeyboardInterrupt."""
        # From before the prompt is sent: Ctrl-C must not leave a turn behind that nobody knows of.
        with self._interruptible(), self._limited(timeout):
            turn = self._begin()
            try:
                self._turn = turn
                if self._stopped_by is not None:
                    turn.interrupt()
                for event in turn:
                    self._handle(event)
            except RemoteError as error:
                self._release()
                self._writer.finish(None)
                if isinstance(error, LinkLost) and self._stopped_by == "timeout":
                    raise self._timed_out(timeout) from None
                if isinstance(error, LinkLost) and self._stopped_by == "interrupt":
                    return Exit.INTERRUPTED
                raise
            finally:
                if self._questions is not None:
                    self._questions.close()
                turn.close()
                if self._ringing is not None:
                    self._ringing.close()
        self._release()
        self._writer.finish(turn.result)
        if self._stopped_by == "timeout":
            raise self._timed_out(timeout)
        return self._exit_code(turn.outcome)

    # --- events -----------------------------------------------------------------------------------------

    def _handle(self, event: events.Event) -> None:
        if isinstance(event, events.Line):
            pieces = self._answer.read(event.raw)
            self._result = next((piece for piece in pieces if isinstance(piece, Result)), self._result)
            self._held.append((event.raw, pieces))
        if self._questions is None or not self._questions.open or not self._terminal.shows_output:
            self._release()
        match event:
            case events.Accepted(session=session):
                self._on_accepted()
                if self._ringing is not None:
                    self._ringing.name = session.name
                self._narrator.accepted(session)
            case events.Waiting():
                self._narrator.waiting(event)
            case events.Reconnecting():
                self._narrator.reconnecting(event)
            case events.Reconnected():
                self._narrator.reconnected()
            case events.Decided():
                self._withdraw(event.approval, event.lost or f"{event.behavior} by {event.by}")
            case events.Fact(fact=fact):
                self._note(fact)
            case _:
                pass

    def _release(self) -> None:
        """Show what was held back while a question stood on the terminal."""
        held, self._held = self._held, []
        for raw, pieces in held:
            self._writer.write(raw, pieces)
            self._narrator.pieces(pieces)

    def _note(self, fact: facts.AnyFact) -> None:
        if self._ringing is not None:
            self._ringing.fact(fact)
        match fact:
            case facts.ApprovalOpened():
                self._approve(fact)
            case facts.ApprovalDelivered(approval=approval, behavior=behavior, by=by):
                self._withdraw(approval, f"{behavior} by {by}")
            case facts.ApprovalVoid(approval=approval, reason=reason):
                self._withdraw(approval, reason)
            case _:
                self._narrator.fact(fact)

    def _withdraw(self, approval: str, why: str) -> None:
        if self._questions is not None:
            self._questions.withdraw(approval, why)

    def _approve(self, approval: facts.ApprovalOpened) -> None:
        from claude_remote.cli.approving.lines import deny, describe

        match self._policy:
            case "deny" | "fail" if not self._may_decide:
                self._stopped_by = "right"
                self._stop()
            case "deny":
                self._decide(approval.approval, deny(_NOBODY_TO_ASK))
            case "fail":
                self._stopped_by = "approval"
                self._narrator.say(f"Claude asks for {describe(approval)}; failing, as --on-approval says")
                verdict = Verdict(behavior=Behavior.DENY, message=_NOBODY_TO_ASK, stop=True)
                self._decide(approval.approval, verdict)
            case _ if self._questions is not None:
                self._narrator.end_line()
                self._questions.ask(approval)
            case _:
                self._narrator.say(f"waiting for an approval: {describe(approval)}")

    def _decide(self, approval: str, verdict: Verdict) -> None:
        if self._turn is not None:
            self._turn.decide(approval, verdict)

    # --- the end ----------------------------------------------------------------------------------------

    def _exit_code(self, outcome: Outcome | None) -> int:
        if self._stopped_by == "interrupt":
            return Exit.INTERRUPTED
        if self._stopped_by == "right":
            raise RightMissing(
                "Claude asked for an approval, and this client lacks the right `approve`; the turn was ended"
                " (--on-approval wait leaves it to others)",
                right="approve",
            )
        if outcome is None:
            raise ClaudeFailed("the turn ended without an outcome")
        if outcome.cause == "shutdown":
            raise ShuttingDown(self._shut_down())
        if outcome.state is not PromptState.DONE:
            raise ClaudeFailed(outcome.reason or f"the turn was ended: {outcome.state}")
        if self._stopped_by == "approval":
            return Exit.CLAUDE
        if self._result is None or not self._result.error:
            return Exit.OK
        if self._result.subtype != "success":
            # With `success` the text of the answer is the error, and has been printed.
            words = "; ".join(self._result.errors) or self._result.reason or self._result.subtype
            raise ClaudeFailed(outcome.reason or f"Claude stopped: {words}")
        return Exit.CLAUDE

    def _timed_out(self, timeout: float | None) -> TimedOut:
        return TimedOut(f"the turn took longer than {timeout:g} s, so it was interrupted")

    def _shut_down(self) -> str:
        name = None if self._turn is None or self._turn.session is None else self._turn.session.name
        again = f"; when it is back, go on with: claude-remote -r {escape(name)}" if name else ""
        return f"the server is shutting down, and the turn was stopped{again}"

    # --- stopping ---------------------------------------------------------------------------------------

    def _stop(self) -> None:
        if self._turn is not None:  # else it is stopped as soon as it has begun
            self._turn.interrupt()

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Ctrl-C stops the turn, whose end is then waited for; the second one leaves at once."""

        def on_interrupt(_signal: int, _frame: FrameType | None) -> None:
            if self._stopped_by == "interrupt":
                raise KeyboardInterrupt
            self._stopped_by = "interrupt"
            if self._turn is not None:
                # A server that died does not come back because somebody waits for it.
                self._turn.hurry(_GRACE)
            try:
                self._stop()
            except RemoteError:
                raise KeyboardInterrupt from None

        before = signal.signal(signal.SIGINT, on_interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    @contextmanager
    def _limited(self, timeout: float | None) -> Iterator[None]:
        if timeout is None:
            yield
            return
        over = threading.Event()

        def watch() -> None:
            if over.wait(min(timeout, threading.TIMEOUT_MAX)):
                return
            self._stopped_by = "timeout"
            with suppress(RemoteError):
                self._stop()
            if not over.wait(_GRACE) and self._turn is not None:
                self._turn.abort()

        watching = threading.Thread(target=watch, daemon=True)
        watching.start()
        try:
            yield
        finally:
            over.set()
            watching.join()
