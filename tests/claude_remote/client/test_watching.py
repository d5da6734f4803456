"""Watching: whole messages out of their parts, ended in an orderly way, and a server that is gone."""

from __future__ import annotations

import pytest

from claude_remote import codec, connect, feed, messages
from claude_remote.errors import BadMessage, LinkLost
from tests.claude_remote.client.scripted import Connection
from tests.claude_remote.serving import Serve

SNAPSHOT = feed.Snapshot(
    generation=2, seq=7, at=1.0, host="home", version="1", clients=(), sessions=(), approvals=(), workers=()
)
SAID = feed.Published(generation=2, seq=8, at=2.0, items=(feed.Said(session="s", text="Hello."),))


def tell(connection: Connection, message: feed.Snapshot | feed.Published, parts: int = 1) -> None:
    packed = codec.pack(message)
    size = -(-len(packed) // parts)
    for start in range(0, len(packed), size):
        more = start + size < len(packed)
        connection.send(messages.Feed(more=more), packed[start : start + size])


def test_a_snapshot_in_parts_and_what_follows(serve_locally: Serve) -> None:
    def script(connection: Connection) -> None:
        connection.hello()
        connection.expect(messages.Watch)
        tell(connection, SNAPSHOT, parts=3)
        tell(connection, SAID)
        with pytest.raises(EOFError):
            connection.receive()

    serve_locally(script)
    with connect() as client, client.watch() as watching:
        assert watching.receive(20) == SNAPSHOT
        assert watching.receive(20) == SAID
        assert watching.receive(0.01) is None


def test_a_snapshot_alone_leaves_the_link_for_the_next_request(serve_locally: Serve) -> None:
    def script(connection: Connection) -> None:
        connection.hello()
        connection.expect(messages.Watch)
        tell(connection, SNAPSHOT)
        tell(connection, SAID)
        connection.expect(messages.Cancel)
        connection.send(messages.Done())
        connection.expect(messages.Ping)
        connection.send(messages.Done())

    server = serve_locally(script)
    with connect() as client:
        assert client.snapshot() == SNAPSHOT
        client.ping()
    assert server.connections == 1


def test_the_server_is_gone(serve_locally: Serve) -> None:
    def script(connection: Connection) -> None:
        connection.hello()
        connection.expect(messages.Watch)
        tell(connection, SNAPSHOT)

    serve_locally(script)
    with connect() as client, client.watch() as watching:
        assert watching.receive(20) == SNAPSHOT
        with pytest.raises(LinkLost):
            watching.receive(20)


def test_another_thread_ends_it(serve_locally: Serve) -> None:
    def script(connection: Connection) -> None:
        connection.hello()
        connection.expect(messages.Watch)
        with pytest.raises(EOFError):
            connection.receive()

    serve_locally(script)
    with connect() as client, client.watch() as watching:
        watching.abort()
        with pytest.raises(LinkLost):
            watching.receive(20)


def test_something_else_in_its_place(serve_locally: Serve) -> None:
    def script(connection: Connection) -> None:
        connection.hello()
        connection.expect(messages.Watch)
        connection.send(messages.Sessions(sessions=()))

    serve_locally(script)
    with connect() as client, client.watch() as watching, pytest.raises(BadMessage):
        watching.receive(20)
