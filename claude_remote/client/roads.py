"""The ways to a server: the control socket of this machine, and TLS with a pinned certificate.

A road gives greeted links. The TLS road knows the server's pin and proves who we are; when the server does
not know us it rings the bell.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from msgspec import structs

from claude_remote import direct, fingerprints, tls
from claude_remote.address import Address, Ssh, Tcp, Unix
from claude_remote.client.dial import Dialed, dial_control, dial_ssh, dial_tcp, dial_unix
from claude_remote.client.direct import Dial, Offer
from claude_remote.client.introduction import Introduction, NewServer
from claude_remote.client.link import Link
from claude_remote.client.owner import Owner
from claude_remote.errors import (
    IdentityChanged,
    LinkLost,
    NotApproved,
    RemoteError,
    Unreachable,
)
from claude_remote.identity import Identity, load_or_create
from claude_remote.known_servers import KnownServer, KnownServers
from claude_remote.messages import Door, Hello
from claude_remote.paths import Paths

if TYPE_CHECKING:
    from claude_remote.client.bell import Bell

_RETRY = 0.2


class Arrived(NamedTuple):
    """A greeted link, what the server said of itself, and its certificate's fingerprint."""

    link: Link
    hello: Hello
    fingerprint: str


class Road(Protocol):
    """A way to a server that can be gone again and again. `name`: what the user calls it, if anything.

    `dial_direct` opens a direct connection (claude_remote.direct); None where none can be had.
    """

    name: str

    @property
    def dial_direct(self) -> Dial | None:
        """See the class."""

    def open(self) -> Arrived:
        """A new link, let in and greeted. Raises whatever keeps us out, in words for the user."""


class LocalRoad:
    """The control socket: the owner's own way in, without TLS."""

    dial_direct = None

    def __init__(self, path: Path, timeout: float) -> None:
        self.name = ""
        self._path = path
        self._timeout = timeout

    def open(self) -> Arrived:
        """See Road."""
        dialed = dial_control(str(self._path), self._timeout)
        link = Link(dialed.stream, "the server on this machine")
        hello = _greet(link, self._timeout)
        return Arrived(link, hello, hello.fingerprint)


class TlsRoad:
    """A server behind TLS. `owner` vouches for it, and approves us, if it is this user's own server here."""

    def __init__(
        self,
        address: Address,
        name: str,
        paths: Paths,
        known: KnownServers,
        introduction: Introduction,
        *,
        timeout: float,
        owner: Owner,
    ) -> None:
        self._address = address
        self.name = name
        self._paths = paths
        self._known = known
        self._introduction = introduction
        self._timeout = timeout
        self._owner = owner

    @property
    def _label(self) -> str:
        where = str(self._address)
        return where if self.name == where else f"{self.name} ({where})"

    def pin(self) -> KnownServer:
        """The trusted certificate of this server; at first contact it becomes so. Raises as Introduction."""
        where = str(self._address)
        pinned = self._known.get(where)
        if pinned is None:
            certificate = self._look()
            shown = NewServer(where, fingerprints.of(certificate))
            self._introduction.check(shown, own=self._owner.fingerprint() == shown.fingerprint)
            pinned = KnownServer(
                name=self.name,
                address=where,
                fingerprint=shown.fingerprint,
                certificate=certificate,
                provisional=True,
                added=time.time(),
            )
            self._known.put(pinned)
        elif self._introduction.fingerprint is not None:
            self._introduction.check(NewServer(where, pinned.fingerprint), own=False)
        return pinned

    def open(self) -> Arrived:
        """See Road."""
        pinned = self.pin()
        identity = load_or_create(self._paths.client_key, self._paths.client_certificate)
        arrived = self._try_door(pinned, identity, 1 if pinned.provisional else 2)
        if arrived is None:
            self._bell(pinned, identity).wait_for_approval()
            arrived = self._try_door(pinned, identity, 5)
            if arrived is None:
                raise LinkLost(f"{self._label} says we are approved, but hangs up; try again in a moment")
        if pinned.provisional:
            self._known.put(structs.replace(pinned, provisional=False))
        return arrived

    @property
    def dial_direct(self) -> Dial | None:
        """See Road. By ssh it would be another login."""
        return None if isinstance(self._address, Ssh) else self._dial_direct

    def _dial_direct(self, offer: Offer) -> ssl.SSLSocket:
        """The errand, behind the broker's port. Raises RemoteError."""
        identity = load_or_create(self._paths.client_key, self._paths.client_certificate)
        begins = direct.preface(offer.ticket)
        return self._reach(offer.certificate, identity, None, begins)[0]

    def _bell(self, pinned: KnownServer, identity: Identity) -> Bell:
        from claude_remote.client.bell import Bell

        return Bell(
            connect=lambda: self._connect(pinned, None).link,
            label=self._label,
            server=pinned.fingerprint,
            identity=identity,
            introduction=self._introduction,
            approve_locally=self._owner.approve,
        )

    # --- inside -----------------------------------------------------------------------------------------

    def _try_door(self, pinned: KnownServer, identity: Identity, times: int) -> Arrived | None:
        """Enter, or None: the server hung up, as it does when it does not know the certificate."""
        for attempt in range(times):
            if attempt:
                time.sleep(_RETRY)
            try:
                arrived = self._connect(pinned, identity)
            except (LinkLost, NotApproved):
                continue
            if arrived.hello.way is not Door.BELL:
                return arrived
            arrived.link.close()
        return None

    def _connect(self, pinned: KnownServer, identity: Identity | None) -> Arrived:
        stream, closing = self._handshake(pinned, identity)
        link = Link(stream, self._label, closing=closing)
        return Arrived(link, _greet(link, self._timeout), pinned.fingerprint)

    def _handshake(
        self, pinned: KnownServer | None, identity: Identity | None
    ) -> tuple[ssl.SSLSocket, Callable[[], None] | None]:
        return self._reach(pinned.certificate if pinned else None, identity, pinned)

    def _reach(
        self,
        certificate: bytes | None,
        identity: Identity | None,
        pinned: KnownServer | None,
        begins: bytes = b"",
    ) -> tuple[ssl.SSLSocket, Callable[[], None] | None]:
        """TLS, after `begins` in the clear, with whoever shows this certificate, and how the way is closed.

        Raises RemoteError. `pinned` is who was expected, for the words.
        """
        context = tls.client_context(certificate, identity)
        dialed = _dial(self._address, self._timeout)
        dialed.stream.settimeout(self._timeout)
        try:
            if begins:
                dialed.stream.sendall(begins)
            secured = _secure(context, dialed.stream, certificate)
        except BaseException as error:
            dialed.stream.close()
            if dialed.closing is not None:
                dialed.closing()
            if isinstance(error, OSError):
                raise self._explain(error, pinned) from None
            raise
        return secured, dialed.closing

    def _explain(self, error: OSError, pinned: KnownServer | None) -> RemoteError:
        """Why the handshake failed."""
        if pinned is not None and isinstance(error, ssl.SSLError) and tls.is_other_identity(error):
            return self._identity_changed(pinned)
        if isinstance(error, ssl.SSLCertVerificationError):
            return Unreachable(
                f"the certificate of {self._label} cannot be used: {error.verify_message}; compare the clocks"
                " of the two machines"
            )
        if isinstance(error, TimeoutError):
            return Unreachable(f"{self._label} accepts connections but does not answer")
        if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError)):
            if isinstance(self._address, Ssh):
                return Unreachable(
                    f"ssh did not reach a server at {self._address}: see above what it said, and whether"
                    f" claude-remote-server listens on port {self._address.port} there"
                )
            return Unreachable(
                f"{self._label} hung up before the handshake was done: is it claude-remote-server? If it is,"
                " it has too much to do; try again in a moment"
            )
        reason = getattr(error, "reason", None) or error.strerror or error
        return Unreachable(
            f"{self._label} answers, but not in TLS 1.3 ({reason}): is claude-remote-server on that port?"
        )

    def _identity_changed(self, pinned: KnownServer) -> IdentityChanged:
        found = None
        with suppress(RemoteError):
            found = self._look()
        error = tls.identity_changed(pinned.certificate, found)
        error.message = f"{self._label}: {error.message}"
        return error

    def _look(self) -> bytes:
        """The certificate that whoever answers shows; ours is not shown."""
        stream, closing = self._handshake(None, None)
        with stream:
            certificate = stream.getpeercert(binary_form=True)
        if closing is not None:
            closing()
        if not certificate:
            raise Unreachable(f"{self._label} shows no certificate; it is not claude-remote-server")
        return certificate


def _secure(context: ssl.SSLContext, stream: socket.socket, pinned: bytes | None) -> ssl.SSLSocket:
    """TLS on a connected stream, with whoever shows this certificate. Raises OSError and IdentityChanged."""
    secured = tls.wrap(context, stream)
    try:
        if pinned is not None:
            tls.verify_pin(secured, pinned)
    except BaseException:
        secured.close()
        raise
    return secured


def _greet(link: Link, timeout: float) -> Hello:
    try:
        return link.greet(timeout)
    except BaseException:
        link.close()
        raise


def _dial(address: Address, timeout: float) -> Dialed:
    match address:
        case Tcp(host=host, port=port):
            return dial_tcp(host, port, timeout)
        case Unix(path=path):
            return dial_unix(path, timeout)
        case Ssh(host=host, user=user, port=port):
            return dial_ssh(host, port, user)
