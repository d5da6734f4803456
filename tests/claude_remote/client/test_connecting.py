"""Reaching a server: first contact, the pin, the door, the bell, and this machine's own server."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

import pytest

from claude_remote import connect, messages
from claude_remote.client.introduction import NewServer, Pending
from claude_remote.errors import (
    BadOption,
    IdentityChanged,
    IdentityUnknown,
    NotApproved,
    Refused,
    Revoked,
    Unreachable,
)
from claude_remote.identity import Identity, load_or_create
from claude_remote.known_servers import KnownServers
from claude_remote.messages import ClientState, Door
from claude_remote.pairing import pairing_words
from claude_remote.paths import Paths
from tests.claude_remote.client.scripted import Connection, Script
from tests.claude_remote.serving import Serve


def answer_pings(server: Connection) -> None:
    server.hello()
    while True:
        server.expect(messages.Ping)
        server.send(messages.Done())


def look_away(server: Connection) -> None:
    """First contact: the client looks at the certificate and leaves."""
    server.receive()


def bell(*states: ClientState) -> Script:
    def answer(server: Connection) -> None:
        server.hello(way=Door.BELL)
        server.expect(messages.Ring)
        for state in states:
            server.send(messages.Standing(state=state))
        server.receive()

    return answer


@pytest.fixture
def ours(paths: Paths) -> Identity:
    return load_or_create(paths.client_key, paths.client_certificate)


def test_the_control_socket_needs_no_ceremony(serve_locally: Serve, paths: Paths) -> None:
    serve_locally(answer_pings)
    with connect(paths=paths) as client:
        timing = client.ping()
        assert timing.connect > 0
        assert timing.request > 0
        assert client.ping().connect == 0
        assert client.host == "home"


def test_an_unknown_server_without_a_terminal(serve_tls: Serve, server_identity: Identity) -> None:
    server = serve_tls(look_away)
    with pytest.raises(IdentityUnknown, match="--accept-new") as caught:
        connect(server.address)
    assert caught.value.detail["found"] == server_identity.fingerprint


def test_an_unknown_server_is_shown_and_may_be_declined(
    serve_tls: Serve, server_identity: Identity, paths: Paths
) -> None:
    server = serve_tls(look_away)
    shown: list[NewServer] = []

    def decline(new: NewServer) -> bool:
        shown.append(new)
        return False

    with pytest.raises(IdentityUnknown, match="was not trusted"):
        connect(server.address, confirm=decline)
    assert shown == [NewServer(server.address, server_identity.fingerprint)]
    assert KnownServers(paths.known_servers).all() == ()


def test_the_expected_fingerprint_is_trusted_and_pinned(
    serve_tls: Serve, server_identity: Identity, ours: Identity, paths: Paths
) -> None:
    server = serve_tls(look_away, answer_pings, approved=(ours.der,))
    with connect(server.address, fingerprint=server_identity.fingerprint) as client:
        client.ping()
    pinned = KnownServers(paths.known_servers).get(server.address)
    assert pinned is not None
    assert pinned.certificate == server_identity.der
    assert not pinned.provisional


def test_another_fingerprint_than_expected(serve_tls: Serve, ours: Identity, paths: Paths) -> None:
    server = serve_tls(look_away)
    with pytest.raises(IdentityChanged, match="is not the server you mean"):
        connect(server.address, fingerprint=ours.fingerprint)
    assert KnownServers(paths.known_servers).all() == ()


def test_words_that_are_no_fingerprint(serve_tls: Serve) -> None:
    server = serve_tls(look_away)
    with pytest.raises(BadOption, match="is not a fingerprint"):
        connect(server.address, fingerprint="SHA256:short")


def test_a_changed_certificate_is_refused_naming_both(
    serve_tls: Serve, ours: Identity, server_identity: Identity, paths: Paths
) -> None:
    first = serve_tls(look_away, answer_pings, approved=(ours.der,))
    connect(first.address, accept_new=True).close()
    pinned = KnownServers(paths.known_servers).get(first.address)
    assert pinned is not None
    impostor = serve_tls(look_away)
    other = load_or_create(paths.config / "other.key", paths.config / "other.crt")
    from msgspec import structs

    KnownServers(paths.known_servers).put(
        structs.replace(
            pinned,
            name=impostor.address,
            address=impostor.address,
            certificate=other.der,
            fingerprint=other.fingerprint,
        )
    )

    with pytest.raises(IdentityChanged) as caught:
        connect(impostor.address, accept_new=True)
    assert caught.value.detail == {"trusted": other.fingerprint, "found": server_identity.fingerprint}
    assert other.fingerprint in caught.value.message
    assert server_identity.fingerprint in caught.value.message


def test_an_unapproved_client_rings_and_is_told_the_words(
    serve_tls: Serve, server_identity: Identity, ours: Identity, paths: Paths
) -> None:
    pending: list[Pending] = []
    server = serve_tls(look_away, answer_pings, bell(ClientState.PENDING))
    with pytest.raises(NotApproved) as caught:
        connect(server.address, accept_new=True, on_pending=pending.append)
    words = pairing_words(server_identity.fingerprint, ours.fingerprint)
    assert [each.words for each in pending] == [words]
    assert caught.value.detail["words"] == " ".join(words)
    pinned = KnownServers(paths.known_servers).get(server.address)
    assert pinned is not None
    assert pinned.provisional


def test_approval_that_comes_while_waiting_opens_the_door(
    serve_tls: Serve, ours: Identity, paths: Paths
) -> None:
    server = serve_tls(look_away, look_away, bell(ClientState.PENDING, ClientState.APPROVED), answer_pings)

    def approve(_: Pending) -> None:
        from claude_remote.tls import add_anchor

        assert server.context is not None
        add_anchor(server.context, ours.der)

    with connect(server.address, accept_new=True, wait=10, on_pending=approve) as client:
        client.ping()
    pinned = KnownServers(paths.known_servers).get(server.address)
    assert pinned is not None
    assert not pinned.provisional


@pytest.mark.parametrize(("state", "error"), [(ClientState.REFUSED, Refused), (ClientState.REVOKED, Revoked)])
def test_the_owner_says_no(serve_tls: Serve, state: ClientState, error: type[Exception]) -> None:
    server = serve_tls(look_away, answer_pings, bell(state))
    with pytest.raises(error):
        connect(server.address, accept_new=True)


def test_the_own_server_vouches_and_approves(
    serve_tls: Serve, serve_locally: Serve, server_identity: Identity, ours: Identity
) -> None:
    door = serve_tls(look_away, look_away, bell(ClientState.PENDING), answer_pings)

    def owner(server: Connection) -> None:
        server.hello(way=Door.LOCAL, fingerprint=server_identity.fingerprint)
        request = server.expect(messages.Approve)
        assert request.which == ours.fingerprint
        from claude_remote.tls import add_anchor

        assert door.context is not None
        add_anchor(door.context, ours.der)
        server.send(messages.Done())

    serve_locally(owner)
    with connect(door.address) as client:
        client.ping()


@pytest.mark.parametrize(
    ("which", "words"),
    [("no such host", "neither a known server nor an address"), ("host:99999", "a port is a number")],
)
def test_what_is_no_server(paths: Paths, which: str, words: str) -> None:
    with pytest.raises(BadOption, match=words):
        connect(which, paths=paths)


def test_a_closed_port(paths: Paths) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable, match="refuses the connection"):
        connect(f"127.0.0.1:{port}", accept_new=True)


def test_a_missing_socket(paths: Paths) -> None:
    with pytest.raises(Unreachable, match="there is no socket at"):
        connect(f"unix:{paths.run}/none.sock", accept_new=True)


def test_a_server_that_does_not_speak_tls(paths: Paths) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            stream, _ = listener.accept()
            with stream, suppress(ConnectionError):
                stream.recv(65536)
                stream.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
                stream.recv(65536)

        thread = threading.Thread(target=refuse)
        thread.start()
        with pytest.raises(Unreachable, match=r"not in TLS 1\.3"):
            connect(f"127.0.0.1:{listener.getsockname()[1]}", accept_new=True)
        thread.join(10)
