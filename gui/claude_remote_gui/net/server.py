"""One server: a thread that keeps the connection and follows the feed, and requests beside it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from claude_remote import errors
from claude_remote.client.client import Client
from claude_remote.client.connecting import find_road
from claude_remote.client.introduction import Introduction, Pending
from claude_remote.client.roads import LocalRoad, Road
from claude_remote.client.watching import FeedMessage
from claude_remote.client.witness import WitnessFile, look
from claude_remote.errors import RemoteError
from claude_remote.messages import Door
from claude_remote.paths import Paths
from claude_remote_gui.feed.reducer import State, distrust, reduce
from claude_remote_gui.net import standing as st
from claude_remote_gui.net.following import Follower
from claude_remote_gui.net.posts import Answered, Moved, Send, Stood
from claude_remote_gui.net.reading import Reader

THIS_MACHINE = "this machine"
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 15.0
_CONNECT_WITHIN = 10.0
AT_THE_BELL = 20.0  # then it rings again, which costs nothing
_MOST_REQUESTS = 32


class Server:
    """`which`: a name or an address; None for the server of this machine. Nothing happens before `start`."""

    def __init__(self, which: str | None, paths: Paths, post: Send) -> None:
        self.name = which or THIS_MACHINE
        self._which = which
        self._paths = paths
        self._post = post
        self._state = State()
        self.shown = 0  # the number of the last item that the window has shown; written by the window
        self._client: Client | None = None
        self._follower: Follower | None = None
        self._stopping = False
        self._again = threading.Event()
        self._fingerprint: str | None = None
        self._connected: st.Connected | None = None
        self._requests = threading.BoundedSemaphore(_MOST_REQUESTS)
        self._thread = threading.Thread(target=self._run, name=f"follows {self.name}", daemon=True)

    def start(self) -> None:
        """Connect, and stay connected."""
        self._thread.start()

    def stop(self) -> None:
        """Hang up. `join` waits for the end of it."""
        self._stopping = True
        self._again.set()
        if self._follower is not None:
            self._follower.stop()
        if self._client is not None:
            self._client.close()

    def join(self, timeout: float) -> None:
        """Wait until nothing more is posted; not for an attempt to connect that hangs."""
        if self._thread.is_alive():
            self._thread.join(timeout)

    def retry(self) -> None:
        """Try to connect now."""
        self._again.set()

    def trust(self, fingerprint: str) -> None:
        """The user says that the unknown server with this fingerprint is the right one."""
        self._fingerprint = fingerprint
        self._again.set()

    def ask(self, request: Callable[[Client], Any], then: Callable[[Any, RemoteError | None], None]) -> None:
        """Run a request in a thread; `then` gets its result or its error, in the window's thread."""
        client = self._client
        if client is None:
            self._post(Answered(then, error=errors.Unreachable(f"{self.name} is not connected")))
        elif not self._requests.acquire(blocking=False):
            self._post(Answered(then, error=errors.QueueFull("too many requests wait for their answer")))
        else:
            threading.Thread(target=self._ask, args=(client, request, then), daemon=True).start()

    def read(self, session: str, reading: int) -> Reader | None:
        """Read a session's conversation; None while there is no connection."""
        return None if self._client is None else Reader(self._client, session, reading, self._post)

    # --- the threads -------------------------------------------------------------------------------------

    def _ask(
        self,
        client: Client,
        request: Callable[[Client], Any],
        then: Callable[[Any, RemoteError | None], None],
    ) -> None:
        try:
            answer = Answered(then, request(client))
        except RemoteError as error:
            answer = Answered(then, error=error)
        finally:
            self._requests.release()
        self._post(answer)

    def _run(self) -> None:
        pause = FIRST_PAUSE
        self._stand(st.Connecting())
        while not self._stopping:
            began = time.monotonic()
            self._again.clear()
            try:
                with Client(self._road()) as self._client:
                    self._follow(self._client)
            except RemoteError as error:
                if time.monotonic() - began > LONGEST_PAUSE:
                    pause = FIRST_PAUSE
                self._connected = None
                self._doubt(error.message)
                self._wait_after(error, pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            finally:
                self._client = None

    def _road(self) -> Road:
        if self._which is None:
            return LocalRoad(self._paths.control_socket, _CONNECT_WITHIN)
        introduction = Introduction(
            fingerprint=self._fingerprint, wait=AT_THE_BELL, on_pending=self._waits_at_the_bell
        )
        return find_road(self._which, introduction, timeout=_CONNECT_WITHIN, paths=self._paths)

    def _waits_at_the_bell(self, pending: Pending) -> None:
        self._stand(st.NotApproved(tuple(pending.words)))

    def _follow(self, client: Client) -> None:
        hello = client.hello
        local = hello.way is Door.LOCAL
        self._connected = st.Connected(
            hello.host,
            hello.client,
            frozenset(hello.rights),
            local,
            time.monotonic(),
            look(client, WitnessFile(self._paths.witness)),
        )
        self._stand(self._connected)
        self.shown = 0
        self._follower = Follower(self._take, self._heard, lambda: self.shown)
        if self._stopping:
            return
        feed_socket = self._paths.feed_socket
        if local and feed_socket.exists():
            self._follower.by_socket(client, feed_socket)
        else:
            self._follower.by_door(client)

    def _take(self, message: FeedMessage) -> bool:
        result = reduce(self._state, message, time.time())
        self._state = result.state
        self._post(Moved(self.name, result.state, result.news))
        return bool(result.state.stale)

    def _heard(self) -> None:
        """Told at most once a second: it is for people."""
        now = time.monotonic()
        if self._connected is not None and now - self._connected.heard >= 1.0:
            self._connected = replace(self._connected, heard=now)
            self._stand(self._connected)

    def _doubt(self, why: str) -> None:
        if not self._stopping:
            self._state = distrust(self._state, why)
            self._post(Moved(self.name, self._state))

    def _stand(self, standing: st.Standing) -> None:
        if not self._stopping:
            self._post(Stood(self.name, standing))

    def _wait_after(self, error: RemoteError, pause: float) -> None:
        """Say why it is not connected, and wait as long as that makes sense."""
        match error:
            case errors.NotApproved():
                return  # it has rung for a while, and rings again
            case errors.IdentityUnknown(detail={"address": address, "found": found}):
                standing: st.Standing = st.Unknown(address, found)
            case errors.IdentityChanged():
                standing = st.Impostor(error.message)
            case errors.Refused() | errors.Revoked() | errors.RightMissing():
                standing = st.Denied(error.message)
            case errors.Misconfigured() | errors.BadOption() | errors.NoCommonVersion():
                standing = st.Failed(error.message)
            case _:
                self._stand(st.Reconnecting(error.message, time.monotonic() + pause))
                self._again.wait(pause)
                return
        self._stand(standing)
        self._again.wait()


def local_server_exists(paths: Paths) -> bool:
    """Whether this machine's own server may be there."""
    return Path(paths.control_socket).exists()
