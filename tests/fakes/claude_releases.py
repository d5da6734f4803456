"""Where a native claude looks for its newest version: a proxy that is that host itself.

From outside, seen on claude 2.1.329 and 2.1.332: `claude update` asks `downloads.claude.ai`, by https and the
proxy of HTTPS_PROXY, for `/claude-code-releases/latest`, then for the version's `manifest.json` with the
SHA-256 of each platform's program, then for that. It asks for packed and signed ones, too, and does without.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import socket
import ssl
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_HOST = "downloads.claude.ai"
_PLATFORMS = ("linux-x64", "linux-arm64", "linux-x64-musl", "linux-arm64-musl")


class ClaudeReleases:
    """`folder`: for its certificates. `environment`: what leads a claude here, and makes it believe it."""

    def __init__(self, folder: Path) -> None:
        self._version, self._program = "", b""
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(_certify(folder))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._listen, name="claude-releases", daemon=True)
        self.environment = {
            "HTTPS_PROXY": f"http://127.0.0.1:{self._listener.getsockname()[1]}",
            "NODE_EXTRA_CA_CERTS": str(folder / "ca.pem"),
            # The scripted model is asked without it.
            "NO_PROXY": "127.0.0.1",
        }

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def publish(self, version: str, program: str) -> None:
        """The newest version from now on: a script."""
        self._version, self._program = version, program.encode()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # it is closed
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                if not _read_request(connection).startswith(f"CONNECT {_HOST}:443"):
                    connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                    return
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                with self._context.wrap_socket(connection, server_side=True) as secured:
                    while request := _read_request(secured):
                        code, content = self._find(request.split()[1].partition("?")[0])
                        secured.sendall(
                            f"HTTP/1.1 {code} X\r\nContent-Length: {len(content)}\r\n\r\n".encode()
                        )
                        secured.sendall(content)
        except OSError:
            return  # it has hung up

    def _find(self, path: str) -> tuple[int, bytes]:
        match path.strip("/").split("/"):
            case ["claude-code-releases", "latest" | "stable"]:
                return 200, self._version.encode()
            case ["claude-code-releases", self._version, "manifest.json"]:
                found = {
                    "binary": "claude",
                    "checksum": hashlib.sha256(self._program).hexdigest(),
                    "size": len(self._program),
                }
                platforms = dict.fromkeys(_PLATFORMS, found)
                return 200, json.dumps({"version": self._version, "platforms": platforms}).encode()
            case ["claude-code-releases", self._version, platform, "claude"] if platform in _PLATFORMS:
                return 200, self._program
            case _:
                return 404, b""


def _read_request(connection: socket.socket) -> str:
    """Its first line; none has a body."""
    read = b""
    while not read.endswith(b"\r\n\r\n"):
        more = connection.recv(1)
        if not more:
            return ""
        read += more
    return read.split(b"\r\n")[0].decode()


def _certify(folder: Path) -> Path:
    """Certificates for the host: the authority's is `ca.pem`; the path of the other one, with its key."""
    authority, authority_key = _issue("authority of the tests", None, None)
    certificate, key = _issue(_HOST, authority, authority_key)
    (folder / "ca.pem").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    path = folder / "releases.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return path


def _issue(
    name: str, issuer: x509.Certificate | None, issuer_key: ec.EllipticCurvePrivateKey | None
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(_HOST)]), critical=False)
    )
    return builder.sign(issuer_key or key, hashes.SHA256()), key
