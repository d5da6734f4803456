"""An errand's end of a direct connection: offered, handed over by the broker, and TLS on it."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

from claude_remote import direct, tls
from claude_remote.errors import BadMessage, RemoteError
from claude_remote.files import private_socket
from claude_remote.identity import passing_identity
from claude_remote.transfer.line import Line
from claude_remote_workers.complaints import complain

# Until so many bytes have gone by the bus a second connection is not worth what it costs: 40 ms, most of them
# to load what makes certificates. It saves as much on 50 MB.
_WORTH_IT = 32 * 1024 * 1024
_HANDOVER_WITHIN = 1.0  # the broker sends what it brings as soon as it has connected


class Offered:
    """See claude_remote.transfer.duplex.Coming. Whatever fails here, the transfer goes on by the bus.

    `handover`: where the broker brings the socket. `client`: the certificate that the client has to show.
    `tell`: told the certificate that is shown to it. Both DER.
    """

    leads = True

    def __init__(self, handover: Path, client: bytes, tell: Callable[[bytes], None]) -> None:
        self._handover = handover
        self._client = client
        self._tell = tell
        self._context: ssl.SSLContext | None = None  # made when it is offered
        self._listening: socket.socket | None = None
        self._stream: ssl.SSLSocket | None = None
        self._failed = False

    def poll(self, passed: int) -> Line | None:
        """See Coming. Takes one step at a time, and waits for nobody."""
        if self._failed:
            return None
        try:
            if self._context is None:
                if passed >= _WORTH_IT:
                    self._context = self._offer()
            elif self._listening is not None:
                self._stream = self._take_over(self._listening, self._context)
            elif self._stream is not None:
                return self._shake_hands(self._stream)
        # ssl.SSLError is an OSError; modules are loaded to make a certificate, which takes open files, too.
        except (OSError, RemoteError, ImportError) as error:
            complain(f"no direct connection: {error}")
            self._failed = True
            self.close()
        return None

    def wait(self) -> Line:
        """See Coming."""
        raise BadMessage("the client has moved to a direct connection that there is not")

    def close(self) -> None:
        """See Coming."""
        if self._listening is not None:
            self._stop_listening(self._listening)
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _offer(self) -> ssl.SSLContext:
        with passing_identity() as identity:
            context = tls.server_context(identity, [self._client])
        context.verify_mode = ssl.CERT_REQUIRED
        listening = self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.setblocking(False)  # noqa: FBT003  the socket module's own signature
        with private_socket(self._handover):
            listening.bind(os.fspath(self._handover))
        listening.listen(1)
        self._tell(identity.der)
        return context

    def _take_over(self, listening: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket | None:
        try:
            way, _ = listening.accept()
        except BlockingIOError:
            return None
        self._stop_listening(listening)
        with way:
            way.settimeout(_HANDOVER_WITHIN)
            accepted = direct.take_over(way)
        if accepted is None:
            raise OSError("the broker brought none")
        accepted.setblocking(False)  # noqa: FBT003
        return tls.wrap(context, accepted, server=True)

    def _shake_hands(self, stream: ssl.SSLSocket) -> Line | None:
        try:
            stream.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        if stream.getpeercert(binary_form=True) != self._client:
            raise OSError("somebody else has come")  # whose certificate this one has signed: there is none
        self._stream = None
        return Line(stream)

    def _stop_listening(self, listening: socket.socket) -> None:
        self._listening = None
        listening.close()
        self._handover.unlink(missing_ok=True)
