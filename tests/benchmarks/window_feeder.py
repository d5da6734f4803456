"""A server that only tells: python -m tests.benchmarks.window_feeder HOME EVENTS_PER_SECOND

It answers on the control socket what a window asks, and publishes on the PUB socket 20 times a second, for
SESSIONS sessions in turn.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
import uuid

import zmq

from claude_remote import codec, feed, messages
from claude_remote.files import make_private_folder
from claude_remote.messages import PromptState, SessionInfo, SessionState
from claude_remote.paths import find_paths
from tests.claude_remote.client.scripted import Connection, Server, session_info

SESSIONS = 200
_EVERY = 0.05
_GENERATION = 1


class Feeder:
    """`seq` is the number of the last item."""

    def __init__(self) -> None:
        self.seq = 0
        self.lock = threading.Lock()
        self.sessions = [
            session_info(id=str(uuid.UUID(int=number, version=4)), name=f"session-{number}")
            for number in range(SESSIONS)
        ]

    def serve(self, connection: Connection) -> None:
        """What a window asks."""
        connection.hello(way=messages.Door.LOCAL)
        connection.stream.settimeout(None)
        while True:
            message, _ = connection.receive()
            match message:
                case messages.Watch():
                    connection.send(messages.Feed(), codec.pack(self.snapshot()))
                case messages.Attach():
                    cursor = messages.Cursor(_GENERATION, 0)
                    connection.send(messages.Tail(cursor=cursor))
                case _:
                    connection.send(messages.Done())

    def snapshot(self) -> feed.Snapshot:
        """Everything."""
        with self.lock:
            return feed.Snapshot(
                generation=_GENERATION,
                seq=self.seq,
                at=time.time(),
                host="home",
                version="1",
                clients=(),
                sessions=tuple(self.sessions),
                approvals=(),
                workers=(),
            )

    def next(self, count: int) -> feed.Published:
        """The next items: prompts that move on, answers, and sessions that change."""
        with self.lock:
            first = self.seq + 1
            self.seq += count
            items = tuple(self._item(number) for number in range(first, first + count))
        return feed.Published(generation=_GENERATION, seq=first, at=time.time(), items=items)

    def _item(self, number: int) -> feed.AnyItem:
        session: SessionInfo = self.sessions[number % SESSIONS]
        match number % 3:
            case 0:
                return feed.Said(session=session.id, text=f"Answer {number}: it is done, and it works.")
            case 1:
                return feed.PromptUpdated(
                    prompt=str(number),
                    session=session.id,
                    client="me",
                    state=PromptState.RUNNING,
                    text="Go on with it.",
                )
            case _:
                state = SessionState.WORKING if number % 2 else SessionState.IDLE
                changed = session_info(id=session.id, name=session.name, state=state, turns=number)
                self.sessions[number % SESSIONS] = changed
                return feed.SessionUpdated(session=changed)


def main() -> None:
    """Until standard input ends."""
    paths, rate = find_paths({"CLAUDE_REMOTE_HOME": sys.argv[1]}), int(sys.argv[2])
    make_private_folder(paths.run)
    feeder = Feeder()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(paths.control_socket))
    listener.listen()
    Server(listener, [feeder.serve])
    pub: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PUB)
    pub.setsockopt(zmq.LINGER, 0)
    pub.bind(f"ipc://{paths.feed_socket}")
    print("ready", flush=True)
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    began, sent = time.monotonic(), 0
    while not ended.wait(_EVERY):
        due = int((time.monotonic() - began) * rate) - sent
        sent += due
        for start in range(0, due, 100):
            pub.send(codec.pack(feeder.next(min(100, due - start))))


if __name__ == "__main__":
    main()
