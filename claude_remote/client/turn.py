"""A turn: one prompt, and all that happens until it has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
from msgspec import Struct

from claude_remote import facts, messages
from claude_remote.client.events import Accepted, Event, Fact, Finished, Line, Waiting
from claude_remote.client.exchange import Exchange, Verdict
from claude_remote.client.link import Incoming, Link
from claude_remote.errors import OutOfTurn
from claude_remote.messages import Cursor

__all__ = ["Exchange", "OnApproval", "Outcome", "Turn", "Verdict"]


class Outcome(Struct, frozen=True):
    """How a turn ended: claude's own `result` line, if it gave one, and what the server says.

    `cause`: `shutdown` when it was stopped because the server is shutting down.
    """

    state: messages.PromptState
    reason: str = ""
    result: bytes | None = None
    cause: str = ""


class _Head(Struct):
    type: str = ""


_head = msgspec.json.Decoder(_Head)

# Decides an approval when it opens; None leaves it open, for somebody else or for later.
OnApproval = Callable[[facts.ApprovalOpened], Verdict | None]


class Turn(Exchange):
    """One prompt and its events. Iterate over it to the end, then look at `outcome`."""

    def __init__(
        self,
        prompt: str,
        ask: Callable[[Cursor | None], Link],
        release: Callable[[Link], None],
        *,
        on_approval: OnApproval | None = None,
        patience: float | None = 0.0,
    ) -> None:
        self.prompt = prompt
        self.session: messages.SessionInfo | None = None
        self.outcome: Outcome | None = None
        self._on_approval = on_approval
        self._result: bytes | None = None
        self._stopping = False
        super().__init__(ask, release, patience=patience)

    def interrupt(self) -> None:
        """See Exchange. When the connection breaks, it is sent again by the next one."""
        self._stopping = True
        self._send_sometime(messages.Interrupt())

    @property
    def result(self) -> bytes | None:
        """Claude's own `result` line of this turn, JSON; None before the end, or if there was none."""
        return self._result

    def wait(self) -> Outcome:
        """Follow the turn to its end. Raises what iterating raises."""
        for _ in self:
            pass
        if self.outcome is None:
            raise OutOfTurn("the turn was detached from before it ended")
        return self.outcome

    def _read(self, incoming: Incoming) -> Iterator[Event]:
        match incoming.message:
            case messages.Accepted(prompt=prompt, session=session, cursor=cursor):
                if self._reader.cursor is None:
                    self._reader.begin_after(cursor)
                if self.session is None:
                    yield Accepted(prompt, session)
                self.session = session
            case messages.Waiting(why=why, place=place):
                yield Waiting(why, place)
            case messages.Finished(prompt=prompt, state=state, reason=reason, cause=cause):
                self.outcome = Outcome(state, reason, self._result, cause)
                yield Finished(prompt, state, reason)
            case _:
                for event in super()._read(incoming):
                    self._look(event)
                    yield event

    def _send_again(self) -> None:
        super()._send_again()
        if self._stopping:
            self._send(messages.Interrupt())

    def _look(self, event: Event) -> None:
        if isinstance(event, Line) and b'"result"' in event.raw and _is_result(event.raw):
            self._result = event.raw
        elif isinstance(event, Fact):
            self._note(event.fact)

    def _note(self, fact: facts.AnyFact) -> None:
        if isinstance(fact, facts.ApprovalOpened) and self._on_approval is not None:
            verdict = self._on_approval(fact)
            if verdict is not None:
                self.decide(fact.approval, verdict)


def _is_result(line: bytes) -> bool:
    try:
        return _head.decode(line).type == "result"
    except (msgspec.DecodeError, RecursionError):
        return False
