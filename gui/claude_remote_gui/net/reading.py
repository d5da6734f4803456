"""Reading one session's conversation, from its beginning and on."""

from __future__ import annotations

import threading
from contextlib import suppress

from claude_remote.client import events
from claude_remote.client.client import Client
from claude_remote.client.conversation import Conversation
from claude_remote.client.conversation.items import Change
from claude_remote.client.turn import Exchange
from claude_remote.errors import RemoteError
from claude_remote_gui.net.posts import Read, Send

_CHUNK = 200  # changes handed over at once while the past is read


class Reader:
    """Reads in a thread of its own until it is stopped; `reading` names it in what it posts."""

    def __init__(self, client: Client, session: str, reading: int, post: Send) -> None:
        self._client = client
        self._session = session
        self._reading = reading
        self._post = post
        self._stopped = False
        self._exchange: Exchange | None = None
        self._thread = threading.Thread(target=self._run, name=f"reads {session[:8]}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Read no more. What is under way may still be posted."""
        self._stopped = True
        if self._exchange is not None:
            with suppress(OSError, RemoteError):
                self._exchange.abort()

    def join(self, timeout: float) -> None:
        """Wait for its end."""
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            with self._client.attach(self._session, follow=True, patience=None) as exchange:
                self._exchange = exchange
                self._follow(exchange)
        except RemoteError as error:
            self._tell((), trouble=error.message)

    def _follow(self, exchange: Exchange) -> None:
        conversation = Conversation()
        caught_up = False
        waiting: list[Change] = []
        for event in exchange:
            if self._stopped:
                return
            waiting += conversation.read(event)
            if isinstance(event, events.Tail):
                caught_up = True
            elif not caught_up and len(waiting) < _CHUNK:
                continue
            trouble = event.reason if isinstance(event, events.Reconnecting) else ""
            self._tell(tuple(waiting), conversation, caught_up=caught_up, trouble=trouble)
            waiting = []

    def _tell(
        self,
        changes: tuple[Change, ...],
        conversation: Conversation | None = None,
        *,
        caught_up: bool = False,
        trouble: str = "",
    ) -> None:
        if self._stopped:
            return
        if conversation is None:
            self._post(Read(self._reading, changes, caught_up=caught_up, trouble=trouble))
            return
        self._post(
            Read(
                self._reading,
                changes,
                doing=conversation.doing,
                detail=conversation.detail,
                mode=conversation.mode,
                model=conversation.model,
                caught_up=caught_up,
                trouble=trouble,
            )
        )
