"""The library's requests about a server and who may use it, against a scripted server."""

from __future__ import annotations

import pytest

from claude_remote import connect, messages
from claude_remote.errors import Restarting
from claude_remote.rights import Right
from tests.claude_remote.client.scripted import Connection
from tests.claude_remote.client.test_client import client
from tests.claude_remote.serving import Serve


def test_clients_are_approved_refused_and_revoked(serve_locally: Serve) -> None:
    info = messages.ClientInfo(
        name="laptop",
        state=messages.ClientState.APPROVED,
        fingerprint="SHA256:" + "A" * 43,
        words="a b c d e f",
        address="1.2.3.4",
        rights=(Right.VIEW,),
        first_seen=1.0,
        last_seen=2.0,
    )

    def answer(kind: type[messages.Message]) -> object:
        def exchange(server: Connection) -> None:
            server.expect(kind)
            server.send(messages.Clients(clients=(info,)))

        return exchange

    kinds = (messages.ListClients, messages.Approve, messages.Refuse, messages.Revoke)
    with client(serve_locally, *[answer(kind) for kind in kinds]) as home:
        assert home.clients() == [info]
        assert home.approve("laptop", rights=[Right.VIEW]) == info
        assert home.refuse("laptop") == info
        assert home.revoke("laptop") == info


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
