"""An exchange whose answer is a stream, made again when its link breaks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from msgspec import Struct

from claude_remote import facts, messages
from claude_remote.client.events import (
    Decided,
    Event,
    Fact,
    Reconnected,
    Reconnecting,
    Reset,
    Tail,
)
from claude_remote.client.link import Incoming, Link
from claude_remote.client.log import LogReader
from claude_remote.errors import (
    LinkLost,
    OutOfTurn,
    RemoteError,
    Restarting,
    ShuttingDown,
    TooManyConnections,
    Unreachable,
)
from claude_remote.messages import Behavior, Cursor

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 15.0
# What a server says that is about to be there again.
_PASSING = (Restarting, ShuttingDown, TooManyConnections)


class Verdict(Struct, frozen=True, kw_only=True):
    """What is to be decided. `message` is told to Claude with a denial, `stop` then ends the turn too.

    `input`: the tool's input as it shall be used, a JSON object; None leaves it as Claude asked. `mode`: with
    an allow, the session's permission mode from here on.
    """

    behavior: Behavior
    for_session: bool = False
    message: str = ""
    stop: bool = False
    input: bytes | None = None
    mode: str = ""

    def request(self, approval: str, *, receipt: bool = False) -> messages.Decide:
        """As it is sent; the input is the payload."""
        return messages.Decide(
            approval=approval,
            behavior=self.behavior,
            for_session=self.for_session,
            message=self.message,
            stop=self.stop,
            mode=self.mode,
            receipt=receipt,
        )


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
        self._begun = False  # the server has answered
        self._gives_up: float | None = None  # when a link that is broken is given up, whatever `patience`
        self._deciding: dict[str, tuple[messages.Decide, bytes]] = {}  # not answered yet
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
        """Answer an approval of this session. From any thread; Decided tells what came of it.

        When the connection breaks before that, it is sent again by the next one.
        """
        decide = verdict.request(approval)
        # Kept before it is sent: whoever connects anew looks here after the new link is in its place.
        self._deciding[approval] = decide, verdict.input or b""
        self._send_sometime(decide, verdict.input or b"")

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

    def hurry(self, seconds: float) -> None:
        """Give a link that breaks, or is broken, no more than so many seconds from now. From any thread."""
        self._gives_up = time.monotonic() + seconds

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

    def _send_sometime(self, message: messages.Message, payload: bytes = b"") -> None:
        """Now, or after the reconnection that is under way."""
        try:
            self._send(message, payload)
        except LinkLost:
            if self._patience == 0:
                raise

    def _send_again(self) -> None:
        """What the link before this one may not have carried."""
        for decide, payload in [*self._deciding.values()]:
            self._send(decide, payload)

    def _follow(self) -> Iterator[Event]:
        while not self.done:
            link = self._link
            if link is None:
                return
            try:
                incoming = link.receive()
                self._begun = True
                if isinstance(incoming.message, messages.Done):
                    self.done = True
                    self._link = None
                    self._release(link)
                    return
                yield from self._read(incoming)
            except RemoteError as error:
                link.close()
                if not self._may_pass(error):
                    # An error ends the exchange, and says nothing about the link; a new one is cheap.
                    self.close()
                    raise
                yield Reconnecting(error.message)
                self._link = self._reconnect(error)
                yield Reconnected()
                self._send_again()

    def _may_pass(self, error: RemoteError) -> bool:
        """Whether asking again is worth while."""
        if self.done or self._patience == 0:
            return False
        return isinstance(error, LinkLost | Restarting) or (self._begun and isinstance(error, _PASSING))

    def _read(self, incoming: Incoming) -> Iterator[Event]:
        message, payload = incoming
        match message:
            case messages.Events():
                for event in self._reader.read(message, payload):
                    if self._deciding and isinstance(event, Fact):
                        self._settle(event.fact)
                    yield event
            case messages.Reset(cursor=cursor):
                self._reader.reset(cursor)
                yield Reset(cursor)
            case messages.Tail(cursor=cursor):
                yield Tail(cursor)
            case messages.Decided(approval=approval, behavior=behavior, by=by, lost=lost):
                self._deciding.pop(approval, None)
                yield Decided(approval, behavior, by, lost)
            case _:
                pass  # a kind that means nothing here; a newer server may say more than we know

    def _settle(self, fact: facts.AnyFact) -> None:
        if isinstance(fact, facts.ApprovalDelivered | facts.ApprovalVoid):
            self._deciding.pop(fact.approval, None)

    def _reconnect(self, lost: RemoteError) -> Link:
        from random import uniform

        self._reader.forget_parts()
        gives_up = None if self._patience is None else time.monotonic() + self._patience
        pause = FIRST_PAUSE
        while True:
            # Jitter keeps many clients of a server that restarts from coming back at the same instant.
            self._pause(pause * uniform(0.5, 1.0))  # noqa: S311  not for secrets
            pause = min(pause * 2, LONGEST_PAUSE)
            if self._patience == 0 or self._is_late():  # aborted, or hurried, meanwhile
                raise lost
            try:
                return self._ask(self.cursor)
            except (Unreachable, LinkLost, *_PASSING) as error:
                if gives_up is not None and time.monotonic() + pause > gives_up:
                    raise LinkLost(f"{lost.message}; and then: {error.message}") from None

    def _pause(self, seconds: float) -> None:
        """In short pieces: a signal handler or another thread may have decided that it was long enough."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and self._patience != 0 and not self._is_late():
            time.sleep(min(left, FIRST_PAUSE))

    def _is_late(self) -> bool:
        return self._gives_up is not None and time.monotonic() > self._gives_up
