"""A turn: one prompt, and all that happens until it has ended."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

import msgspec
from msgspec import Struct

from claude_remote import facts, messages
from claude_remote.client.events import (
    Accepted,
    Decided,
    Event,
    Fact,
    Finished,
    Line,
    Reconnecting,
    Reset,
    Tail,
    Waiting,
)
from claude_remote.client.link import Incoming, Link
from claude_remote.client.log import LogReader
from claude_remote.errors import LinkLost, OutOfTurn, RemoteError, Unreachable
from claude_remote.messages import Behavior, Cursor

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 15.0


class Verdict(Struct, frozen=True, kw_only=True):
    """What is to be decided. `message` is told to Claude with a denial, `stop` then ends the turn too.

    `input`: the tool's input as it shall be used, a JSON object; None leaves it as Claude asked.
    """

    behavior: Behavior
    for_session: bool = False
    message: str = ""
    stop: bool = False
    input: bytes | None = None


class Outcome(Struct, frozen=True):
    """How a turn ended: claude's own `result` line, if it gave one, and what the server says."""

    state: messages.PromptState
    reason: str = ""
    result: bytes | None = None


class _Head(Struct):
    type: str = ""


_head = msgspec.json.Decoder(_Head)

# Decides an approval when it opens; None leaves it open, for somebody else or for later.
OnApproval = Callable[[facts.ApprovalOpened], Verdict | None]


class Exchange:
    """A request whose answer is a stream: iterate over it. `ask` opens a link and sends the request.

    When the link breaks the request is made again, after the last event that was seen, for at most `patience`
    seconds of trying (0: LinkLost is raised at once; None: for ever).
    """

    def __init__(
        self,
        ask: Callable[[Cursor | None], Link],
        release: Callable[[Link], None],
        *,
        after: Cursor | None = None,
        patience: float | None = 0.0,
    ) -> None:
        self._ask = ask
        self._release = release
        self._reader = LogReader(after)
        self._patience = patience
        self._link: Link | None = ask(after)
        self._events = self._follow()
        self.done = False

    @property
    def cursor(self) -> Cursor | None:
        """The last event that was given; what comes after it can be asked for again."""
        return self._reader.cursor

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        return next(self._events)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def decide(self, approval: str, verdict: Verdict) -> None:
        """Answer an approval of this session. From any thread; Decided tells what came of it."""
        self._send(
            messages.Decide(
                approval=approval,
                behavior=verdict.behavior,
                for_session=verdict.for_session,
                message=verdict.message,
                stop=verdict.stop,
            ),
            verdict.input or b"",
        )

    def interrupt(self) -> None:
        """End the running turn; a prompt that waits is taken back. Go on iterating until it has ended.

        From any thread or signal handler.
        """
        self._send(messages.Interrupt())

    def cancel(self) -> None:
        """Ask for no more events; go on iterating to the end, which comes soon. The turn goes on."""
        self._send(messages.Cancel())

    def heartbeat(self) -> None:
        """Tell the server that this side lives, if it was silent for long. From any thread."""
        if self._link is not None and not self._link.closed:
            self._link.heartbeat()

    def abort(self) -> None:
        """Make the thread that iterates stop with LinkLost, soon. From any thread. The turn goes on."""
        self._patience = 0.0
        if self._link is not None:
            self._link.abort()

    def close(self) -> None:
        """Stop following. The turn goes on."""
        link, self._link = self._link, None
        if link is not None:
            link.close()
        self.done = True

    detach = close

    # --- inside -----------------------------------------------------------------------------------------

    def _send(self, message: messages.Message, payload: bytes = b"") -> None:
        link = self._link
        if link is None:
            raise OutOfTurn("this exchange is over")
        link.send(message, payload)

    def _follow(self) -> Iterator[Event]:
        while not self.done:
            link = self._link
            if link is None:
                return
            try:
                incoming = link.receive()
                if isinstance(incoming.message, messages.Done):
                    self.done = True
                    self._link = None
                    self._release(link)
                    return
                yield from self._read(incoming)
            except LinkLost as lost:
                link.close()
                if self.done or self._patience == 0:
                    raise
                yield Reconnecting(lost.message)
                self._link = self._reconnect(lost)
            except RemoteError:
                # An error ends the exchange, and says nothing about the link; a new one is cheap.
                self.close()
                raise

    def _read(self, incoming: Incoming) -> Iterator[Event]:
        message, payload = incoming
        match message:
            case messages.Events():
                yield from self._reader.read(message, payload)
            case messages.Reset(cursor=cursor):
                self._reader.reset(cursor)
                yield Reset(cursor)
            case messages.Tail(cursor=cursor):
                yield Tail(cursor)
            case messages.Decided(approval=approval, behavior=behavior, by=by, lost=lost):
                yield Decided(approval, behavior, by, lost)
            case _:
                pass  # a kind that means nothing here; a newer server may say more than we know

    def _reconnect(self, lost: LinkLost) -> Link:
        self._reader.forget_parts()
        gives_up = None if self._patience is None else time.monotonic() + self._patience
        pause = FIRST_PAUSE
        while True:
            # Jitter keeps many clients of a server that restarts from coming back at the same instant.
            time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  not for secrets
            pause = min(pause * 2, LONGEST_PAUSE)
            try:
                return self._ask(self.cursor)
            except (Unreachable, LinkLost) as error:
                if gives_up is not None and time.monotonic() + pause > gives_up:
                    raise LinkLost(f"{lost.message}; and then: {error.message}") from None


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
        super().__init__(ask, release, patience=patience)

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
            case messages.Finished(prompt=prompt, state=state, reason=reason):
                self.outcome = Outcome(state, reason, self._result)
                yield Finished(prompt, state, reason)
            case _:
                for event in super()._read(incoming):
                    self._look(event)
                    yield event

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
    except msgspec.DecodeError:
        return False
