"""The PUB side against real watchers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import zmq

from claude_remote import codec, feed
from claude_remote_broker.feed_socket import HIGH_WATER, FeedSocket


def published(seq: int, text: str = "") -> feed.Published:
    said = feed.Said(session="s", text=text)
    return feed.Published(generation=1, seq=seq, at=0.0, items=(said,))


@contextmanager
def feed_and_watcher(path: Path, high_water: int = 1_000) -> Iterator[tuple[FeedSocket, zmq.Socket[bytes]]]:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    socket = FeedSocket(context, path)
    watcher = context.socket(zmq.SUB)
    watcher.setsockopt(zmq.LINGER, 0)
    watcher.setsockopt(zmq.RCVHWM, high_water)
    watcher.setsockopt(zmq.RCVTIMEO, 5000)
    try:
        yield socket, watcher
    finally:
        watcher.close()
        socket.close()
        context.term()


def watch(socket: FeedSocket, watcher: zmq.Socket[bytes], path: Path) -> None:
    """Subscribe, and publish until the first arrives: joining takes as long as it takes."""
    watcher.subscribe(b"")
    watcher.connect(f"ipc://{path}")
    for _ in range(1000):
        socket.publish(published(0))
        if watcher.poll(5):
            return
    raise AssertionError("the watcher never heard anything")


def test_a_watcher_reads_what_is_published(tmp_path: Path) -> None:
    path = tmp_path / "feed.sock"
    with feed_and_watcher(path) as (socket, watcher):
        watch(socket, watcher, path)
        socket.publish(published(1, "hello"))
        while (item := codec.unpack(watcher.recv(), feed.Published)).seq == 0:
            pass
        assert item == published(1, "hello")


def test_nobody_listens(tmp_path: Path) -> None:
    with feed_and_watcher(tmp_path / "feed.sock") as (socket, _):
        for seq in range(10):
            socket.publish(published(seq))


def test_a_watcher_that_does_not_read_never_blocks(tmp_path: Path) -> None:
    path = tmp_path / "feed.sock"
    with feed_and_watcher(path, high_water=1) as (socket, watcher):
        watch(socket, watcher, path)
        count = 5 * HIGH_WATER
        for seq in range(1, count + 1):
            socket.publish(published(seq, "x" * 2_000))
        seen = 0
        while watcher.poll(200):
            watcher.recv()
            seen += 1
        assert seen < count
