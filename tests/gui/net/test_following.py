"""Following the feed of this machine: that its server has gone is known at once."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, cast

import pytest
import zmq

from claude_remote.client.client import Client
from claude_remote.errors import LinkLost, RemoteError
from claude_remote.feed import Snapshot
from claude_remote_gui.net import following
from claude_remote_gui.net.following import Follower

SNAPSHOT = Snapshot(
    generation=1, seq=0, at=0.0, host="home", version="1", clients=(), sessions=(), approvals=(), workers=()
)


class There:
    """A server's requests. `alive`: whether a ping is answered."""

    def __init__(self) -> None:
        self.alive = True
        self.asked = threading.Event()
        self.pinged = threading.Event()

    def snapshot(self) -> Snapshot:
        self.asked.set()
        return SNAPSHOT

    def ping(self) -> None:
        self.pinged.set()
        if not self.alive:
            raise LinkLost("the server closed the connection")


class Following:
    """A follower in a thread."""

    def __init__(self, there: There, path: Path) -> None:
        self.error: RemoteError | None = None
        self.heard = threading.Event()
        self._follower = Follower(lambda _message: False, self.heard.set)
        self._there, self._path = there, path
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._follower.by_socket(cast("Client", self._there), self._path)
        except RemoteError as error:
            self.error = error

    def ended(self) -> bool:
        self._thread.join(30)
        return not self._thread.is_alive()

    def stop(self) -> None:
        self._follower.stop()
        assert self.ended()


def publisher(context: zmq.Context[Any], path: Path) -> zmq.Socket[bytes]:
    socket: zmq.Socket[bytes] = context.socket(zmq.XPUB)
    socket.bind(f"ipc://{path}")
    return socket


@pytest.mark.parametrize("comes_back", [False, True])
def test_a_server_that_goes_is_asked_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, comes_back: bool
) -> None:
    monkeypatch.setattr(following, "HEARTBEAT_EVERY", 1e9)  # nothing else would tell
    there, path = There(), tmp_path / "feed"
    with zmq.Context() as context:
        feed = publisher(context, path)
        followed = Following(there, path)
        assert feed.poll(30_000)
        assert feed.recv() == b"\1"  # it has subscribed
        assert there.asked.wait(30)
        there.alive = comes_back
        feed.close(linger=0)
        assert there.pinged.wait(30)
        if comes_back:
            feed = publisher(context, path)
            assert feed.poll(30_000)  # and goes on with it
            followed.stop()
            feed.close(linger=0)
            assert followed.error is None
        else:
            assert followed.ended()
            assert isinstance(followed.error, LinkLost)
