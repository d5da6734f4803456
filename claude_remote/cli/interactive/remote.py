"""The session on its server: blocking exchanges in threads; what they bring is handed to the UI's loop.

Every callback runs in the loop. Threads are daemons and are told to stop by close(); a process that leaves
waits for none of them.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Protocol, TypeVar

from claude_remote.client.approving import Asked
from claude_remote.client.client import Client, new_id
from claude_remote.client.events import Event, Fact, Finished, Line, Reconnecting, UnknownFact
from claude_remote.client.exchange import FIRST_PAUSE
from claude_remote.client.turn import Exchange, Verdict
from claude_remote.errors import (
    LinkLost,
    QueueFull,
    RemoteError,
    ShuttingDown,
    TooManyConnections,
    Unreachable,
)
from claude_remote.facts import TurnStarted
from claude_remote.messages import Approvals, Cursor, Decided

_MOST_WAITING = 4096  # events that the loop has not taken yet
_AT_A_TIME = 512  # events that the loop takes before it does something else
_MOST_REQUESTS = 16
_LONGEST_PAUSE = 5.0  # seconds between two attempts to reach a server that is away; somebody sits and waits

# With these the server says, or shows, that it is away and may come back.
_AWAY = (LinkLost, Unreachable, ShuttingDown, TooManyConnections)

R = TypeVar("R")


class Listener(Protocol):
    """Who is told."""

    def on_events(self, events: list[Event]) -> None:
        """Of the session's log, in order."""

    def on_prompt_event(self, prompt: str, event: Event) -> None:
        """Of a prompt, while it waits: Accepted, Waiting, Reconnecting, Finished."""

    def on_prompt_failed(self, prompt: str, error: RemoteError) -> None:
        """The server does not take this prompt, or nothing more is heard of it."""

    def on_lost(self, error: RemoteError) -> None:
        """The session cannot be followed any more."""


class Remote:
    """One session, whose log we may read: it is our own, or we see all."""

    def __init__(self, client: Client, session: str, listener: Listener) -> None:
        self._client = client
        self._session = session
        self._listener = listener
        self._loop: asyncio.AbstractEventLoop | None = None
        self._events: queue.Queue[Event] = queue.Queue(_MOST_WAITING)
        self._scheduled = threading.Event()
        self._exchanges: dict[str, Exchange] = {}
        self._requests = threading.BoundedSemaphore(_MOST_REQUESTS)
        self._closed = threading.Event()

    def start(self, after: Cursor) -> None:
        """Follow the session's log after a cursor. Called in the loop."""
        self._loop = asyncio.get_running_loop()
        self._spawn(lambda: self._follow(after))

    def prompt(self, text: str) -> str:
        """Prompt the session. Returns the prompt's id."""
        identity = new_id()
        self._spawn(lambda: self._prompt(identity, text))
        return identity

    def withdraw(self, prompt: str) -> None:
        """Take a prompt back that still waits."""
        exchange = self._exchanges.get(prompt)
        if exchange is not None:
            with suppress(RemoteError):  # its turn has begun meanwhile, or the link is being made again
                exchange.interrupt()

    def interrupt(self, failed: Callable[[RemoteError], None]) -> None:
        """End the running turn."""
        self.request(lambda: self._client.interrupt(self._session), lambda _: None, failed)

    def decide(
        self,
        approval: str,
        verdict: Verdict,
        done: Callable[[Decided], None],
        failed: Callable[[RemoteError], None],
    ) -> None:
        """Decide an approval."""
        self.request(lambda: self._client.decide(approval, verdict), done, failed)

    def show(
        self, approval: str, done: Callable[[Asked], None], failed: Callable[[RemoteError], None]
    ) -> None:
        """Read the whole of an approval."""
        self.request(lambda: self._client.approval(approval), done, failed)

    def follow_approvals(
        self, told: Callable[[Approvals], None], lost: Callable[[RemoteError], None]
    ) -> None:
        """Follow the approvals of all sessions, until this is closed or the server does not let us."""

        def follow() -> None:
            try:
                for message in self._client.follow_approvals(stopped=self._closed.is_set):
                    self._post(partial(told, message))
            except RemoteError as error:
                self._post(partial(lost, error))

        self._spawn(follow)

    def control(
        self,
        subtype: str,
        done: Callable[[Any], None],
        failed: Callable[[RemoteError], None],
        **arguments: object,
    ) -> None:
        """Ask claude something."""
        self.request(lambda: self._client.control(self._session, subtype, **arguments), done, failed)

    def request(
        self, ask: Callable[[], R], done: Callable[[R], None], failed: Callable[[RemoteError], None]
    ) -> None:
        """Run a blocking request in a thread; one of the callbacks is called in the loop."""
        if not self._requests.acquire(blocking=False):
            failed(QueueFull("Too much is being asked of the server already; wait a moment."))
            return

        def run() -> None:
            try:
                answer = ask()
            except RemoteError as error:
                self._post(partial(failed, error))
            else:
                self._post(partial(done, answer))
            finally:
                self._requests.release()

        self._spawn(run)

    def close(self) -> None:
        """Stop following; turns go on."""
        self._closed.set()
        for exchange in list(self._exchanges.values()):
            exchange.abort()

    # --- in threads -------------------------------------------------------------------------------------

    def _spawn(self, run: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                run()
            except RemoteError as error:
                self._post(partial(self._listener.on_lost, error))

        threading.Thread(target=guarded, daemon=True).start()

    def _follow(self, after: Cursor) -> None:
        def follow() -> None:
            nonlocal after
            with self._client.attach(self._session, after, patience=None) as exchange:
                self._exchanges[""] = exchange
                for event in exchange:
                    if self._closed.is_set():
                        return
                    after = exchange.cursor or after
                    self._hand_over(event)

        self._persist(follow, lambda reason: self._hand_over(Reconnecting(reason)))

    def _prompt(self, identity: str, text: str) -> None:
        """Follow a prompt until its turn begins, for the log tells the rest."""

        def follow() -> None:
            # The same prompt again is the same prompt: it runs once, however often it is sent.
            with self._client.prompt(text, session=self._session, id=identity, patience=None) as turn:
                self._exchanges[identity] = turn
                for event in turn:
                    if self._closed.is_set() or self._is_enough(event, identity):
                        return

        try:
            self._persist(follow, lambda reason: self._is_enough(Reconnecting(reason), identity))
        except RemoteError as error:
            self._post(partial(self._listener.on_prompt_failed, identity, error))
        finally:
            self._exchanges.pop(identity, None)

    def _is_enough(self, event: Event, prompt: str) -> bool:
        """Pass on an event of a prompt. Whether nothing more is wanted of it."""
        if not isinstance(event, (Line, Fact, UnknownFact)):
            self._post(partial(self._listener.on_prompt_event, prompt, event))
            return isinstance(event, Finished)
        return isinstance(event, Fact) and _begins(event, prompt)

    def _persist(self, run: Callable[[], None], away: Callable[[str], object]) -> None:
        """Run it, and again for as long as the server is away, which `away` is told."""
        pause = FIRST_PAUSE
        while not self._closed.is_set():
            began = time.monotonic()
            try:
                run()
            except _AWAY as error:
                if time.monotonic() - began > _LONGEST_PAUSE:
                    pause = FIRST_PAUSE
                away(error.message)
                self._closed.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                return

    def _hand_over(self, event: Event) -> None:
        while not self._closed.is_set():
            try:
                self._events.put(event, timeout=1)
                break
            except queue.Full:
                continue  # the loop is busy; the server keeps what we do not take
        if not self._scheduled.is_set():
            self._scheduled.set()
            self._post(self._drain)

    def _post(self, call: Callable[[], None]) -> None:
        loop = self._loop
        if loop is None or self._closed.is_set():
            return
        try:
            loop.call_soon_threadsafe(call)
        except RuntimeError:
            self._closed.set()  # the loop has ended

    # --- in the loop ------------------------------------------------------------------------------------

    def _drain(self) -> None:
        self._scheduled.clear()
        events: list[Event] = []
        while len(events) < _AT_A_TIME:
            try:
                events.append(self._events.get_nowait())
            except queue.Empty:
                break
        if len(events) == _AT_A_TIME:
            self._scheduled.set()
            self._post(self._drain)
        if events:
            self._listener.on_events(events)


def _begins(event: Fact, prompt: str) -> bool:
    return isinstance(event.fact, TurnStarted) and event.fact.prompt == prompt
