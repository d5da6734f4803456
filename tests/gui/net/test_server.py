"""A server's threads: the feed of this machine by its PUB socket, of others by the door; honest standings."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import zmq

from claude_remote import codec, messages
from claude_remote.client.witness import Seen, WitnessFile
from claude_remote.errors import Revoked
from claude_remote.feed import Published, SessionUpdated, Snapshot
from claude_remote.messages import Door
from claude_remote.paths import Paths
from claude_remote_gui.net import following
from claude_remote_gui.net import server as module
from claude_remote_gui.net import standing as st
from claude_remote_gui.net.posts import Answered, Moved, Post, Stood
from claude_remote_gui.net.server import Server
from tests.claude_remote.client.scripted import Connection
from tests.claude_remote.serving import Serve
from tests.gui import values

PATIENCE = 30.0


class Desk:
    """Where posts arrive; `wait` until one of them, or what they add up to, is as it should be."""

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self._more = threading.Condition()

    def post(self, post: Post) -> None:
        with self._more:
            self.posts.append(post)
            self._more.notify_all()

    def wait(self, true: Callable[[Desk], bool]) -> None:
        with self._more:
            assert self._more.wait_for(lambda: true(self), PATIENCE), self.posts[-5:]

    @property
    def standing(self) -> st.Standing | None:
        return next((post.standing for post in reversed(self.posts) if isinstance(post, Stood)), None)

    @property
    def moved(self) -> Moved | None:
        return next((post for post in reversed(self.posts) if isinstance(post, Moved)), None)

    def names(self) -> list[str]:
        moved = self.moved
        return [] if moved is None else [each.name for each in moved.state.picture.sessions.values()]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def start(desk: Desk, paths: Paths) -> Iterator[Callable[[str | None], Server]]:
    running: list[Server] = []

    def start(which: str | None = None) -> Server:
        server = Server(which, paths, desk.post)
        running.append(server)
        server.start()
        return server

    yield start
    for server in running:
        server.stop()
        server.join(PATIENCE)


def tell(connection: Connection, message: Snapshot | Published) -> None:
    connection.send(messages.Feed(), codec.pack(message))


class Truth:
    """What the scripted server of this machine says when it is asked for a snapshot."""

    def __init__(self) -> None:
        self.now = values.snapshot(seq=1, sessions=(values.session(1, name="one"),))
        self.given = 0

    def script(self, connection: Connection) -> None:
        connection.hello(way=Door.LOCAL)
        while True:
            message, _ = connection.receive()
            if isinstance(message, messages.Watch):
                tell(connection, self.now)
                self.given += 1
                connection.expect(messages.Cancel)
            connection.send(messages.Done())


@pytest.fixture
def pub(paths: Paths) -> Iterator[zmq.Socket[bytes]]:
    paths.run.mkdir(parents=True, exist_ok=True)
    with zmq.Context() as context, context.socket(zmq.XPUB) as pub:
        pub.setsockopt(zmq.LINGER, 0)
        pub.bind(f"ipc://{paths.feed_socket}")
        yield pub


def test_this_machine_by_its_pub_socket(
    desk: Desk, serve_locally: Serve, pub: zmq.Socket[bytes], start: Callable[..., Server]
) -> None:
    truth = Truth()
    serve_locally(truth.script)
    start()
    assert pub.recv() == b"\x01"  # subscribed
    desk.wait(lambda desk: desk.names() == ["one"])
    assert isinstance(desk.standing, st.Connected)
    assert desk.standing.local

    two = SessionUpdated(session=values.session(1, name="two"))
    pub.send(codec.pack(values.published(2, two)))
    desk.wait(lambda desk: desk.names() == ["two"])

    # 3 is lost; the snapshot has it.
    truth.now = values.snapshot(seq=4, sessions=(values.session(1, name="four"),))
    pub.send(codec.pack(values.published(4, two)))
    desk.wait(lambda desk: desk.names() == ["four"])
    said = [post.state.stale for post in desk.posts if isinstance(post, Moved) and post.state.stale]
    assert said == ["1 event missed"]


def test_what_pub_dropped_at_the_end_is_found_when_it_falls_silent(
    desk: Desk, serve_locally: Serve, pub: zmq.Socket[bytes], start: Callable[..., Server]
) -> None:
    truth = Truth()
    serve_locally(truth.script)
    start()
    desk.wait(lambda desk: desk.names() == ["one"])
    truth.now = values.snapshot(seq=2, sessions=(values.session(1, name="unsaid"),))
    desk.wait(lambda desk: desk.names() == ["unsaid"])


def test_what_comes_while_it_waits_for_a_snapshot_does_not_pile_up(
    desk: Desk,
    serve_locally: Serve,
    pub: zmq.Socket[bytes],
    start: Callable[..., Server],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(following, "FIRST_PAUSE", 1.5)
    truth = Truth()
    serve_locally(truth.script)
    start()
    assert pub.recv() == b"\x01"
    desk.wait(lambda desk: desk.names() == ["one"])
    desk.wait(lambda desk: truth.given == 2)  # it looks twice at the beginning
    more = SessionUpdated(session=values.session(1, name="more"))
    truth.now = values.snapshot(seq=304, sessions=(values.session(1, name="all"),))
    pub.send(codec.pack(values.published(4, more)))
    desk.wait(lambda desk: desk.moved is not None and bool(desk.moved.state.stale))
    before = len(desk.posts)
    for seq in range(5, 305):
        pub.send(codec.pack(values.published(seq, more)))
    desk.wait(lambda desk: desk.names() == ["all"])
    pub.send(codec.pack(values.published(305, SessionUpdated(session=values.session(1, name="next")))))
    desk.wait(lambda desk: desk.names() == ["next"])
    moved = [post for post in desk.posts[before:] if isinstance(post, Moved)]
    assert len(moved) < 100  # of 300 that were older than the snapshot


def test_elsewhere_by_the_door_and_again_after_a_break(
    desk: Desk, serve_locally: Serve, start: Callable[..., Server]
) -> None:
    broken = threading.Event()

    def first(connection: Connection) -> None:
        connection.hello(way=Door.DOOR)
        connection.expect(messages.Watch)
        tell(connection, values.snapshot(seq=5, sessions=(values.session(1, name="first"),)))
        broken.wait(PATIENCE)

    def second(connection: Connection) -> None:
        connection.hello(way=Door.DOOR)
        connection.expect(messages.Watch)
        # Set up anew meanwhile: it numbers from the beginning.
        tell(connection, values.snapshot(seq=1, sessions=(values.session(1, name="second"),)))
        with pytest.raises(EOFError):
            connection.receive()

    serve_locally(first, second)
    start()
    desk.wait(lambda desk: desk.names() == ["first"])
    broken.set()
    desk.wait(lambda desk: isinstance(desk.standing, st.Reconnecting))
    desk.wait(lambda desk: desk.names() == ["second"])


def test_a_lag_ends_in_watching_anew(desk: Desk, serve_locally: Serve, start: Callable[..., Server]) -> None:
    def slow(connection: Connection) -> None:
        connection.hello(way=Door.DOOR)
        connection.expect(messages.Watch)
        now = time.time()
        tell(connection, values.snapshot(seq=1, at=now))
        late = SessionUpdated(session=values.session(1, name="late"))
        tell(connection, values.published(2, late, at=now - 5))
        with pytest.raises(EOFError):
            connection.receive()

    def prompt(connection: Connection) -> None:
        connection.hello(way=Door.DOOR)
        connection.expect(messages.Watch)
        tell(connection, values.snapshot(seq=9, sessions=(values.session(1, name="now"),), at=time.time()))
        with pytest.raises(EOFError):
            connection.receive()

    serve_locally(slow, prompt)
    start()
    desk.wait(lambda desk: desk.names() == ["now"])


def test_revoked_is_said_and_not_tried_again_by_itself(
    desk: Desk, serve_locally: Serve, start: Callable[..., Server]
) -> None:
    def revoked(connection: Connection) -> None:
        connection.hello(way=Door.DOOR)
        connection.expect(messages.Watch)
        connection.send(messages.Error(code=Revoked.code, message="You are revoked."))

    def friendly(connection: Connection) -> None:
        connection.hello(way=Door.DOOR)
        connection.expect(messages.Watch)
        tell(connection, values.snapshot())
        with pytest.raises(EOFError):
            connection.receive()

    serve_locally(revoked, friendly)
    server = start()
    desk.wait(lambda desk: desk.standing == st.Denied("You are revoked."))
    server.retry()
    desk.wait(lambda desk: isinstance(desk.standing, st.Connected))


def test_an_unknown_server_is_trusted_by_the_user_alone(
    desk: Desk, serve_tls: Serve, start: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_THE_BELL", 1.0)

    def script(connection: Connection) -> None:
        connection.hello(way=Door.BELL)
        connection.expect(messages.Ring)
        connection.send(messages.Standing(state=messages.ClientState.PENDING))
        with pytest.raises(EOFError):
            connection.receive()

    address = serve_tls(script).address
    server = start(address)
    desk.wait(lambda desk: isinstance(desk.standing, st.Unknown))
    assert isinstance(desk.standing, st.Unknown)
    server.trust(desk.standing.fingerprint)
    desk.wait(lambda desk: isinstance(desk.standing, st.NotApproved))
    assert isinstance(desk.standing, st.NotApproved)
    assert len(desk.standing.words) == 6


def test_requests_are_answered_in_their_own_time(
    desk: Desk, serve_locally: Serve, start: Callable[..., Server]
) -> None:
    server = start()  # nobody is there
    server.ask(lambda client: client.ping(), lambda _result, _error: None)
    desk.wait(lambda desk: any(isinstance(post, Answered) and post.error for post in desk.posts))
    serve_locally(Truth().script)
    server.retry()
    desk.wait(lambda desk: isinstance(desk.standing, st.Connected))
    server.ask(lambda client: client.ping(), lambda _result, _error: None)
    desk.wait(lambda desk: any(isinstance(post, Answered) and post.result for post in desk.posts))


def test_an_audit_that_was_cut_is_told(
    desk: Desk, serve_locally: Serve, start: Callable[..., Server], paths: Paths
) -> None:
    seen = Seen(seq=9, hash="a" * 64, at=1.0)
    WitnessFile(paths.witness).remember("f" * 64, seen)

    def script(connection: Connection) -> None:
        connection.hello(fingerprint="f" * 64, audit=messages.AuditHead(seq=3, hash="b" * 64))
        connection.receive()

    serve_locally(script)
    start()
    told = "WARNING: its audit is not the one that was seen here"
    desk.wait(
        lambda desk: any(
            told in st.describe(post.standing, 0.0) for post in desk.posts if isinstance(post, Stood)
        )
    )


def test_what_is_said_of_a_standing() -> None:
    connected = st.Connected("home", "me", frozenset(), local=True, heard=100.0)
    assert st.describe(connected, 101.0) == "connected to home (this machine)"
    assert st.describe(connected, 112.0) == "connected, but not heard for 12 s"
    assert st.describe(st.Reconnecting("gone", 110.0), 107.0) == "not connected: gone (again in 3 s)"
    assert "able baker" in st.describe(st.NotApproved(("able", "baker")), 0.0)
