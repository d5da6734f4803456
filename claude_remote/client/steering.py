"""Requests about sessions as wholes: to find, wait for, steer, rename and close them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct, structs

from claude_remote import messages
from claude_remote.client.answers import ANSWER_WITHIN, receive_all
from claude_remote.client.asking import ask
from claude_remote.client.link import Link
from claude_remote.client.pool import Pool
from claude_remote.client.prompting import PromptRequest
from claude_remote.errors import (
    BadMessage,
    LinkLost,
    NoSuchSession,
    Restarting,
    ShuttingDown,
    TimedOut,
    Unreachable,
)
from claude_remote.messages import Cursor, Message, PromptState, SessionInfo, Target

# A claude that is told to end is killed after 8 s; its worker is given up after 30.
_CLOSED_WITHIN = 60.0
_AGAIN = 0.5
_BEYOND = 2**53  # the largest number that a message carries; no log is as long


class Sent(Struct, frozen=True, kw_only=True):
    """A prompt that the server has recorded.

    `waits` says what for (turn, worker or start; empty: for nothing), `place` counts the prompts before it.
    `state` is that of a prompt which was sent before and has ended.
    """

    prompt: str
    session: SessionInfo
    waits: str = ""
    place: int = 0
    state: PromptState | None = None


class Steering:
    """The part of Client that deals with whole sessions. Each may be named by id, its beginning, or name."""

    _pool: Pool

    def find(self, session: str) -> SessionInfo:
        """One session. Raises NoSuchSession, Ambiguous."""
        found = self._sessions(messages.ListSessions(session=session))
        # A server that does not know the field lists all of them.
        named = [each for each in found if session.lower() in {each.id, each.name.lower()}] or found
        if len(named) != 1:
            raise NoSuchSession(f"There is no session {session!r}.")
        return named[0]

    def tail(self, session: str) -> Cursor:
        """Where a session's log ends: attaching after it shows what is new alone."""
        request = messages.Attach(session=session, after=Cursor(0, _BEYOND), follow=False)

        def look(link: Link) -> Cursor:
            tail = Cursor(0, 0)
            link.send(request)
            while not isinstance(message := link.receive(ANSWER_WITHIN).message, messages.Done):
                if isinstance(message, messages.Reset):
                    tail = message.cursor
            return tail

        return ask(self._pool, request, look)

    def rename(self, session: str, name: str) -> SessionInfo:
        """Call a session by another name. Raises NameTaken, BadMessage for what cannot be a name."""
        return self._one_session(messages.Rename(session=session, name=name), ANSWER_WITHIN)

    def close_session(self, session: str) -> SessionInfo:
        """End a session: its turn is interrupted, what waits is taken back, its claude ends.

        Returns when its claude is gone. The next prompt opens it again.
        """
        return self._one_session(messages.Close(session=session), _CLOSED_WITHIN)

    def wait(
        self,
        session: str,
        *,
        timeout: float | None = None,
        on_change: Callable[[SessionInfo], None] | None = None,
    ) -> SessionInfo:
        """Wait until nothing runs in a session and no prompt waits there; `outcome` is that of its last turn.

        `on_change` is given the session at first, and whenever its state is another. A link that breaks is
        made again. Raises TimedOut after `timeout` seconds.
        """
        until = None if timeout is None else time.monotonic() + timeout
        known: SessionInfo | None = None
        while True:
            try:
                for info in self._await(known.id if known else session, until):
                    known = info
                    if on_change is not None:
                        on_change(info)
                if known is None:
                    raise BadMessage("the server has not said how the session is")
            except (LinkLost, Restarting, ShuttingDown, Unreachable):
                # Only what was there once is waited for.
                if known is None:
                    raise
                if until is not None and time.monotonic() >= until:
                    raise
                time.sleep(_AGAIN)
            else:
                return known

    def send(
        self,
        text: str,
        *,
        session: str | None = None,
        latest: bool = False,
        fork: bool = False,
        name: str | None = None,
        cwd: str | None = None,
        worktree: str | None = None,
        options: Sequence[str] = (),
        now: bool = False,
        id: str | None = None,  # noqa: A002  it is called so on the wire
        patience: float = 30.0,
    ) -> Sent:
        """Prompt a session, as `prompt` does, and return when the prompt is recorded: it runs by itself.

        `now`: Claude reads it in the midst of the turn that runs in `session`, after the tools that it uses
        just now; if none runs, or it ends before that, the prompt is the next. When the connection breaks, it
        is sent again for `patience` seconds, and runs once; then LinkLost is raised, with the prompt's id in
        its detail: sending it with this `id` again is safe at any time.
        """
        target = Target(
            session=session,
            latest=latest,
            fork=fork,
            name=name,
            cwd=cwd,
            worktree=worktree,
            options=tuple(options),
        )
        request = PromptRequest(text, target, id=id, follow=False, now=now)
        gives_up = time.monotonic() + patience
        lost = False
        while True:
            try:
                return self._send(request)
            except (LinkLost, Restarting, ShuttingDown, Unreachable) as error:
                lost = lost or isinstance(error, LinkLost | Restarting)
                if not lost:
                    raise  # it never reached the server
                if time.monotonic() >= gives_up:
                    raise LinkLost(
                        f"{error.message}; whether the prompt was taken is not known",
                        prompt=request.id,
                    ) from None
                time.sleep(_AGAIN)

    # --- inside -----------------------------------------------------------------------------------------

    def _send(self, request: PromptRequest) -> Sent:
        with self._pool.link() as link:
            request.send(link)
            accepted = link.receive(ANSWER_WITHIN).message
            if not isinstance(accepted, messages.Accepted):
                raise BadMessage(f"the server answered {type(accepted).__name__} where Accepted belongs")
            sent = Sent(prompt=request.id, session=accepted.session)
            while not isinstance(message := link.receive(ANSWER_WITHIN).message, messages.Done):
                if isinstance(message, messages.Waiting):
                    sent = structs.replace(sent, waits=message.why, place=message.place)
                elif isinstance(message, messages.Finished):
                    sent = structs.replace(sent, state=message.state)
                else:
                    # An older server shows the turn, too. The prompt is recorded, and that was wanted.
                    link.close()
                    break
        return sent

    def _await(self, session: str, until: float | None) -> Iterator[SessionInfo]:
        with self._pool.link() as link:
            link.send(messages.Await(session=session))
            while True:
                left = None if until is None else max(0.0, until - time.monotonic())
                try:
                    message = link.receive(left).message
                except TimedOut:
                    raise TimedOut("the session is not idle yet") from None
                if isinstance(message, messages.Done):
                    return
                if not isinstance(message, messages.Sessions):
                    raise BadMessage(f"the server answered {type(message).__name__} where Sessions belongs")
                yield from message.sessions

    def _pages(self, request: Message, timeout: float = ANSWER_WITHIN) -> list[messages.Sessions]:
        def exchange(link: Link) -> list[messages.Sessions]:
            link.send(request)
            return [*receive_all(link, messages.Sessions, timeout)]

        return ask(self._pool, request, exchange)

    def _sessions(self, request: Message, timeout: float = ANSWER_WITHIN) -> list[SessionInfo]:
        return [info for message in self._pages(request, timeout) for info in message.sessions]

    def _one_session(self, request: Message, timeout: float) -> SessionInfo:
        found = self._sessions(request, timeout)
        if len(found) != 1:
            raise BadMessage(f"one session was to be named; the server names {len(found)}")
        return found[0]
