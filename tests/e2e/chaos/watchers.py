"""What a window shows: its own follower and reducer, though the server dies and connections break."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from claude_remote.client import Client
from claude_remote.client.watching import FeedMessage
from claude_remote.errors import RemoteError
from claude_remote.messages import SessionInfo
from claude_remote_gui.feed.reducer import State, distrust, reduce
from claude_remote_gui.net.following import Follower
from tests.e2e.chaos.prompters import PATIENCE

_AGAIN = 0.3


class Watcher:
    """Follows the feed as a window does, from its beginning to `stop`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._state = State()
        self._seen = 0
        self._over = threading.Event()
        self._follower: Follower | None = None
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def wrong(self) -> Iterator[str]:
        """Wait until it shows what the server lists, and tell what differs for long."""
        deadline = time.monotonic() + PATIENCE / 2
        while differing := [*self._compare()]:
            if time.monotonic() > deadline:
                yield from differing
                return
            time.sleep(_AGAIN)

    def stop(self) -> None:
        """Watch no more."""
        self._over.set()
        while self._thread.is_alive():
            if self._follower is not None:
                self._follower.stop()
            self._thread.join(_AGAIN)

    def _follow(self) -> None:
        while not self._over.is_set():
            self._follower = Follower(self._take, lambda: None, lambda: self._seen)
            try:
                self._follower.by_door(self._client)
            except RemoteError as error:
                self._state = distrust(self._state, error.message)
                self._over.wait(_AGAIN)

    def _take(self, message: FeedMessage) -> bool:
        self._state = reduce(self._state, message, time.time()).state
        self._seen = self._state.picture.seq
        return bool(self._state.stale)

    def _compare(self) -> Iterator[str]:
        if not self._thread.is_alive():
            yield "a watcher has died"
        state = self._state
        if state.stale:
            yield f"a watcher knows nothing: {state.stale}"
            return
        for session in self._client.sessions():
            shown = state.picture.sessions.get(session.id)
            if shown is None or _telling(shown) != _telling(session):
                yield f"a watcher shows {shown}, listed is {session}"
        opened = [approval.info for approval in state.picture.approvals.values() if approval.open]
        if opened:
            yield f"a watcher shows open questions: {opened}"


def _telling(info: SessionInfo) -> tuple[object, ...]:
    return info.name, info.state, info.prompting, info.queued, info.approvals, info.turns, info.outcome
