"""The library's requests about a server and who may use it, against a scripted server."""

from __future__ import annotations

from claude_remote import messages
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
