"""The server itself, from afar."""

from __future__ import annotations

import pytest

from claude_remote import connect, messages
from claude_remote.errors import Restarting
from tests.claude_remote.client.scripted import Connection
from tests.claude_remote.serving import Serve

GONE = messages.Error(code="restarting", message="The server is restarting.")


def first_life(server: Connection) -> None:
    server.hello()
    assert server.expect(messages.ServerLogs).lines == 5
    server.send(messages.LogLines(), b"one\n")
    server.send(GONE)


def breaks(server: Connection) -> None:
    server.hello()
    assert server.expect(messages.ServerLogs).lines == 100_000
    server.send(messages.LogLines(), b"two\n")


def last(server: Connection) -> None:
    server.hello()
    assert server.expect(messages.ServerLogs).lines == 0
    server.send(messages.LogLines(), b"three\n")
    server.send(messages.Done())


def test_the_log_is_followed_through_a_restart(serve_locally: Serve) -> None:
    serve_locally(first_life, breaks, last)
    away: list[str] = []
    with connect() as home:
        told = home.server_log(lines=5, follow=True, patience=30, on_away=away.append)
        assert list(told) == [b"one\n", b"two\n", b"three\n"]
    assert away == ["The server is restarting.", "the server on this machine closed the connection"]


def test_what_is_not_followed_is_not_waited_for(serve_locally: Serve) -> None:
    serve_locally(first_life)
    with connect() as home, pytest.raises(Restarting):
        list(home.server_log(lines=5, patience=30))
