"""TLS over real sockets on loopback, with the traps that were measured before the code was written."""

from __future__ import annotations

import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509

from claude_remote import tls
from claude_remote.errors import BadMessage, IdentityChanged, Misconfigured
from claude_remote.identity import Identity, check_client_certificate, load_or_create
from tests.claude_remote.certificates import (
    A_CA,
    Recipe,
    identity_of,
    key_pem,
    named,
    p256,
    proper_name,
    to_pem,
)

FAILED = "handshake failed"


def make(folder: Path, name: str) -> Identity:
    return load_or_create(folder / f"{name}.key", folder / f"{name}.crt")


def name_in(identity: Identity) -> x509.Name:
    return x509.load_der_x509_certificate(identity.der).subject


def accept(listener: socket.socket, context: ssl.SSLContext) -> bytes | str | None:
    """What the server knows of one client: its certificate, None, or FAILED."""
    raw, _ = listener.accept()
    raw.settimeout(10)
    try:
        with context.wrap_socket(raw, server_side=True) as link:
            certificate = link.getpeercert(binary_form=True)
            link.sendall(b"welcome")
            link.recv(1)
            return certificate
    except (ssl.SSLError, ConnectionError):
        return FAILED
    finally:
        raw.close()


def meet(server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[bytes | str | None, bytes]:
    """What the server knows of the client, and what the client was told. Client errors pass through."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        listener.settimeout(10)
        known = pool.submit(accept, listener, server)
        told = b""
        with socket.create_connection(listener.getsockname(), timeout=10) as raw:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with client.wrap_socket(raw) as link, suppress(ssl.SSLError, ConnectionError):
                told = link.recv(16)
        return known.result(timeout=10), told


def version_of(server: ssl.SSLContext, client: ssl.SSLContext) -> str | None:
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        listener.settimeout(10)
        pool.submit(accept, listener, server)
        with (
            socket.create_connection(listener.getsockname(), timeout=10) as raw,
            client.wrap_socket(raw) as link,
        ):
            return link.version()


def test_an_approved_certificate_is_known_to_the_server(tmp_path: Path) -> None:
    server, client = make(tmp_path, "server"), make(tmp_path, "client")
    context = tls.server_context(server, [client.der])
    assert meet(context, tls.client_context(server.der, client)) == (client.der, b"welcome")


def test_nobody_without_a_certificate_is_turned_away_by_tls(tmp_path: Path) -> None:
    server = make(tmp_path, "server")
    context = tls.server_context(server, [])
    assert meet(context, tls.client_context(None, None)) == (None, b"welcome")
    assert meet(context, tls.client_context(server.der, None)) == (None, b"welcome")


def test_an_unknown_certificate_fails_in_the_handshake(tmp_path: Path) -> None:
    server, client, other = (make(tmp_path, name) for name in ("server", "client", "other"))
    context = tls.server_context(server, [other.der])
    assert meet(context, tls.client_context(server.der, client)) == (FAILED, b"")


def test_an_anchor_added_to_a_live_context_is_accepted_from_then_on(tmp_path: Path) -> None:
    server, client = make(tmp_path, "server"), make(tmp_path, "client")
    context = tls.server_context(server, [])
    assert meet(context, tls.client_context(server.der, client)) == (FAILED, b"")
    tls.add_anchor(context, client.der)
    tls.add_anchor(context, client.der)
    assert meet(context, tls.client_context(server.der, client)) == (client.der, b"welcome")


def test_a_thousand_anchors_do_not_confuse_it(tmp_path: Path) -> None:
    server, client = make(tmp_path, "server"), make(tmp_path, "client")
    others = [Recipe(p256()).make() for _ in range(1000)]
    context = tls.server_context(server, [*others, client.der])
    assert meet(context, tls.client_context(server.der, client)) == (client.der, b"welcome")


def test_an_impostor_fails_before_our_certificate_is_sent(tmp_path: Path) -> None:
    server, impostor, client = (make(tmp_path, name) for name in ("server", "impostor", "client"))
    context = tls.server_context(impostor, [client.der])
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        meet(context, tls.client_context(server.der, client))
    assert tls.is_other_identity(caught.value)


def test_an_impostor_with_the_server_s_name_fails_too(tmp_path: Path) -> None:
    server = make(tmp_path, "server")
    impostor = identity_of(Recipe(p256(), subject=name_in(server)), tmp_path, "impostor")
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        meet(tls.server_context(impostor, []), tls.client_context(server.der, None))
    assert tls.is_other_identity(caught.value)


def test_no_client_certificate_at_first_contact(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pinned"):
        tls.client_context(None, make(tmp_path, "client"))


def test_nothing_older_than_tls_1_3(tmp_path: Path) -> None:
    server = make(tmp_path, "server")
    context = tls.server_context(server, [])
    assert version_of(context, tls.client_context(server.der, None)) == "TLSv1.3"
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname = False
    old.verify_mode = ssl.CERT_NONE
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, ConnectionError)):
        meet(context, old)


def test_the_pin_is_compared_byte_by_byte(tmp_path: Path) -> None:
    server, other = make(tmp_path, "server"), make(tmp_path, "other")
    tls.verify_pin(server.der, server.der)
    with pytest.raises(IdentityChanged) as caught:
        tls.verify_pin(other.der, server.der)
    assert server.fingerprint in caught.value.message
    assert other.fingerprint in caught.value.message
    assert caught.value.detail == {"trusted": server.fingerprint, "found": other.fingerprint}


# --- the traps -----------------------------------------------------------------------------------------


def test_trap_a_ca_among_the_anchors_mints_clients_so_the_check_refuses_it(tmp_path: Path) -> None:
    server, key, child = make(tmp_path, "server"), p256(), p256()
    ca = Recipe(key, extensions=((A_CA, True),)).make()
    minted = identity_of(Recipe(child, issuer=named(proper_name(key)), signer=key), tmp_path, "minted")
    context = tls.server_context(server, [ca])
    assert meet(context, tls.client_context(server.der, minted)) == (minted.der, b"welcome")
    with pytest.raises(BadMessage, match="CA:FALSE"):
        check_client_certificate(ca)


def test_a_proper_anchor_cannot_mint(tmp_path: Path) -> None:
    server, key, child = make(tmp_path, "server"), p256(), p256()
    minted = identity_of(Recipe(child, issuer=named(proper_name(key)), signer=key), tmp_path, "minted")
    context = tls.server_context(server, [Recipe(key).make()])
    assert meet(context, tls.client_context(server.der, minted)) == (FAILED, b"")


def test_trap_two_anchors_of_one_name_shut_one_out_so_the_check_refuses_it(tmp_path: Path) -> None:
    server, first = make(tmp_path, "server"), make(tmp_path, "first")
    namesake = identity_of(Recipe(p256(), subject=name_in(first)), tmp_path, "namesake")
    context = tls.server_context(server, [first.der, namesake.der])
    answers = [meet(context, tls.client_context(server.der, who))[0] for who in (first, namesake)]
    assert FAILED in answers
    with pytest.raises(BadMessage, match="SHA-256 of its public key"):
        check_client_certificate(namesake.der)


def test_trap_a_live_context_forgets_nothing_hence_the_table(tmp_path: Path) -> None:
    server, client = make(tmp_path, "server"), make(tmp_path, "client")
    approved = [client.der]
    context = tls.server_context(server, approved)
    approved.clear()
    assert meet(context, tls.client_context(server.der, client)) == (client.der, b"welcome")


def test_no_session_is_ever_resumed(tmp_path: Path) -> None:
    server = make(tmp_path, "server")
    assert tls.server_context(server, []).num_tickets == 0


# --- files that do not fit -----------------------------------------------------------------------------


def test_a_key_of_another_certificate_is_explained(tmp_path: Path) -> None:
    identity = make(tmp_path, "server")
    identity.key.write_bytes(key_pem(p256()))
    with pytest.raises(Misconfigured, match="does not belong to"):
        tls.server_context(identity, [])


def test_a_broken_key_is_explained(tmp_path: Path) -> None:
    identity = make(tmp_path, "server")
    identity.key.write_text("rubbish")
    with pytest.raises(Misconfigured, match="cannot be used with"):
        tls.client_context(identity.der, identity)


def test_a_missing_key_is_explained(tmp_path: Path) -> None:
    identity = make(tmp_path, "server")
    identity.key.unlink()
    with pytest.raises(Misconfigured, match="Cannot read"):
        tls.server_context(identity, [])


def test_a_key_with_a_password_is_explained_and_nobody_is_asked(tmp_path: Path) -> None:
    key = p256()
    der = Recipe(key).make()
    (tmp_path / "x.key").write_bytes(key_pem(key, b"secret"))
    (tmp_path / "x.crt").write_bytes(to_pem(der))
    with pytest.raises(Misconfigured, match="protected by a password"):
        tls.server_context(Identity(tmp_path / "x.key", tmp_path / "x.crt", der), [])


def test_a_broken_anchor_is_explained(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="trusted certificate"):
        tls.server_context(make(tmp_path, "server"), [b"rubbish"])
