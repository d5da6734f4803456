"""TLS contexts for both ends, and the check of a pinned server. TLS 1.3 and nothing older.

The server asks for a client's certificate but does not demand it (CERT_OPTIONAL): no certificate leads to the
bell, an approved one to the door, any other fails in the handshake. What an approved one may do is looked up
by its fingerprint after *every* handshake: a live context never forgets what it has loaded.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from typing import TYPE_CHECKING

from claude_remote import fingerprints
from claude_remote.errors import IdentityChanged, Misconfigured

if TYPE_CHECKING:
    from claude_remote.identity import Identity


def server_context(identity: Identity, anchors: Iterable[bytes]) -> ssl.SSLContext:
    """The one context of a server. `anchors`: the approved clients' certificates, DER.

    Takes 0.1-0.2 s for 1,000 anchors, so build it off the event loop. Raises Misconfigured.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_OPTIONAL
    context.num_tickets = 0  # a resumed session would skip the look at the certificate
    _load_identity(context, identity)
    together = b"".join(anchors)
    if together:
        _load_anchors(context, together)
    return context


def add_anchor(context: ssl.SSLContext, der: bytes) -> None:
    """Accept this client's certificate too, from now on. A few milliseconds. Raises Misconfigured."""
    _load_anchors(context, der)


def client_context(pinned: bytes | None, identity: Identity | None) -> ssl.SSLContext:
    """A client's context. `pinned`: the server's certificate, DER; None only at first contact.

    With a pin, an impostor fails in the handshake before our certificate is sent. Without one, anybody may
    answer, so no identity may be given: ValueError, a defect of the caller. Raises Misconfigured for a key
    that cannot be used. The caller calls verify_pin after the handshake besides, and sets TCP_NODELAY.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False  # servers are known by certificate, and go by any name
    if pinned is None:
        if identity is not None:
            raise ValueError("a client's certificate is shown to nobody but a pinned server")
        context.verify_mode = ssl.CERT_NONE
        return context
    context.verify_mode = ssl.CERT_REQUIRED
    _load_anchors(context, pinned)
    if identity is not None:
        _load_identity(context, identity)
    return context


def wrap(context: ssl.SSLContext, stream: socket.socket, *, server: bool = False) -> ssl.SSLSocket:
    """TLS on a connected stream, which is closed if that fails. Raises OSError.

    A client has shaken hands when this returns; for a server that is still to be done.
    """
    try:
        # Of one that was reset already Python would make a TLS socket that nobody closes.
        stream.getpeername()
        return context.wrap_socket(stream, server_side=server, do_handshake_on_connect=not server)
    except BaseException:
        stream.close()
        raise


def verify_pin(peer: ssl.SSLSocket | ssl.SSLObject | bytes, pinned: bytes) -> None:
    """Raise IdentityChanged unless the server's certificate is exactly the pinned one."""
    found = peer if isinstance(peer, bytes) else peer.getpeercert(binary_form=True)
    if found != pinned:
        raise identity_changed(pinned, found)


def identity_changed(pinned: bytes, found: bytes | None) -> IdentityChanged:
    """The error for a server that shows another certificate than the trusted one.

    When the handshake itself has failed, `found` is not known unless the client looks again (with a context
    of its own, without pin and identity).
    """
    trusted = fingerprints.of(pinned)
    shown = fingerprints.of(found) if found else "no certificate"
    return IdentityChanged(
        f"The server's identity is not the one you trust!\n  trusted: {trusted}\n  now:     {shown}\n"
        "Either the server was set up anew, or somebody is between you and it. Ask its owner for the"
        " fingerprint (`claude-remote-server fingerprint` there); if it was set up anew, forget it with"
        " `claude-remote servers forget` and add it again.",
        trusted=trusted,
        found=shown,
    )


def is_other_identity(error: ssl.SSLError) -> bool:
    """Whether a failed handshake of a client_context with a pin means that the server is another one.

    The two other reasons of a failed verification, not valid yet (9) and not any more (10), are about clocks.
    Codes: X509_V_ERR_* of OpenSSL.
    """
    return isinstance(error, ssl.SSLCertVerificationError) and error.verify_code not in {9, 10}


def _load_anchors(context: ssl.SSLContext, der: bytes) -> None:
    try:
        context.load_verify_locations(cadata=der)
    except (ssl.SSLError, ValueError) as error:
        raise Misconfigured(f"A trusted certificate cannot be used: {error}") from error


def _load_identity(context: ssl.SSLContext, identity: Identity) -> None:
    key, certificate = identity.key, identity.certificate

    def refuse() -> str:
        # Without this, OpenSSL would ask for the password on the terminal.
        raise Misconfigured(f"{key} is protected by a password; claude-remote needs it without one.")

    try:
        context.load_cert_chain(certificate, key, password=refuse)
    except ssl.SSLError as error:
        what = "does not belong to" if "MISMATCH" in str(error.reason) else "cannot be used with"
        raise Misconfigured(
            f"The key {key} {what} {certificate} ({error.reason or error}). Restore both, or move them away"
            " to begin with a new identity, which has to be trusted anew."
        ) from error
    except OSError as error:
        raise Misconfigured(f"Cannot read {key} and {certificate}: {error.strerror}.") from error
