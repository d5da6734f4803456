"""Who this machine is: a key and a self-signed certificate, made at first use.

The certificate's subject is one CN, the SHA-256 of its public key (SPKI, DER) in hex: two trust anchors with
one subject make OpenSSL pick the wrong one. It is no CA, for a CA among the anchors could mint others.

This is the only module that imports cryptography, and only to make or to check a certificate: loading what is
there must stay quick.
"""

from __future__ import annotations

import os
import ssl
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from claude_remote import files, fingerprints
from claude_remote.errors import BadMessage, Misconfigured

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

MAX_CERTIFICATE = 4096

# How a public key begins in a certificate (SPKI, RFC 5480 and RFC 8410), and how many bytes it has in all.
_P256 = (bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004"), 91)
_ED25519 = (bytes.fromhex("302a300506032b6570032100"), 44)


@dataclass(frozen=True)
class Identity:
    """A key on disk and its certificate. The key itself is never read here; TLS opens the file."""

    key: Path
    certificate: Path
    der: bytes
    kept_aside: tuple[Path, ...] = field(default=(), compare=False)
    """Files that were in the way and did not fit, under their new names. To be told to the user."""

    @property
    def fingerprint(self) -> str:
        """As in claude_remote.fingerprints."""
        return fingerprints.of(self.der)


def load_or_create(key: Path, certificate: Path) -> Identity:
    """The identity in these two files; made if there is none. Several processes at once get the same one.

    Files that do not belong to this program (those of the original claude-remote, a key whose certificate was
    never written) are renamed to *.original and named in `kept_aside`. Raises Misconfigured, with the remedy,
    for what somebody has to look at: files that cannot be read, a certificate without its key.
    """
    der = _load(key, certificate)
    if der is not None:
        return Identity(key, certificate, der)
    try:
        with files.locked(key):
            return _load_or_create_locked(key, certificate)
    except OSError as error:
        raise Misconfigured(f"Cannot write the identity: {error}. Make {key.parent} writable.") from error


@contextmanager
def passing_identity() -> Iterator[Identity]:
    """A new identity that is on no disk, for one TLS context: its file is gone when this is left. Linux."""
    if sys.platform != "linux":
        raise NotImplementedError("memfd_create(2) is Linux's")
    key_pem, certificate_pem = _make()
    with open(os.memfd_create("identity"), "wb") as file:  # noqa: PTH123  it has no path
        file.write(key_pem + certificate_pem)
        file.flush()
        both = Path(f"/proc/self/fd/{file.fileno()}")
        yield Identity(both, both, ssl.PEM_cert_to_DER_cert(certificate_pem.decode("ascii")))


def _load_or_create_locked(key: Path, certificate: Path) -> Identity:
    der = _load(key, certificate)
    if der is not None:
        return Identity(key, certificate, der)
    # The certificate goes first: a key that is left alone is recognised the next time, a certificate is not.
    aside = tuple(files.keep_aside(path, ".original") for path in (certificate, key) if path.exists())
    key_pem, certificate_pem = _make()
    files.replace(key, key_pem)
    files.replace(certificate, certificate_pem)
    der = _load(key, certificate)
    if der is None:
        raise Misconfigured(f"{certificate} changed while it was made; try again.")
    return Identity(key, certificate, der, kept_aside=aside)


def _load(key: Path, certificate: Path) -> bytes | None:
    """The certificate, None when an identity has to be made."""
    pem = _read(certificate)
    if pem is None:
        return None
    if not _can_read(key):
        raise Misconfigured(
            f"{certificate} is there, but its key {key} is not. Put the key back, or remove {certificate} to"
            " begin with a new identity, which has to be trusted anew."
        )
    try:
        der = ssl.PEM_cert_to_DER_cert(pem.decode("ascii"))
    except (ValueError, UnicodeDecodeError) as error:
        raise Misconfigured(
            f"{certificate} is not a certificate ({error}). Restore it, or move {key} and {certificate}"
            " away to begin with a new identity, which has to be trusted anew."
        ) from None
    return der if name_in(der) is not None else None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Misconfigured(f"Cannot read {path}: {error.strerror}. It must belong to you.") from error


def _can_read(path: Path) -> bool:
    """Whether the file is there; its content stays where it is."""
    try:
        path.open("rb").close()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise Misconfigured(f"Cannot read {path}: {error.strerror}. It must belong to you.") from error
    return True


def name_in(der: bytes) -> str | None:
    """The subject of a certificate as this program names it; None for one that it would not have made.

    Told from the bytes alone, without cryptography: for certificates that are one's own or were checked.
    """
    for beginning, size in (_P256, _ED25519):
        start = der.find(beginning)
        name = sha256(der[start : start + size]).hexdigest()
        if start >= 0 and name.encode() in der:
            return name
    return None


def _make() -> tuple[bytes, bytes]:
    """A new P-256 key and its certificate, both PEM."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, _name_of(public))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        # Clocks differ, and trust ends by revoking (RFC 5280: 99991231235959Z means no end).
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    key_pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return key_pem, certificate.public_bytes(serialization.Encoding.PEM)


def check_client_certificate(der: bytes) -> None:
    """Raise BadMessage, in plain words, unless this certificate may become a trust anchor.

    It must be DER of at most MAX_CERTIFICATE bytes, hold a P-256 or Ed25519 key, be signed by that key, say
    CA:FALSE, have as subject and issuer one CN that is the SHA-256 of the key, and be valid now. CA:FALSE has
    to be there: without it OpenSSL takes version 1 certificates and some others for CAs (crypto/x509
    v3_purp.c, check_ca).
    """
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.utils import CryptographyDeprecationWarning

    if len(der) > MAX_CERTIFICATE:
        raise BadMessage(f"a certificate has at most {MAX_CERTIFICATE} bytes, not {len(der)}")
    try:
        with warnings.catch_warnings():
            # What is only frowned upon today (a negative serial number) is an error here already.
            warnings.simplefilter("error", CryptographyDeprecationWarning)
            certificate = x509.load_der_x509_certificate(der)
            _check_key_and_name(certificate, name_in(der))
            _check_extensions(certificate)
            _check_time(certificate)
            certificate.verify_directly_issued_by(certificate)
    except InvalidSignature:
        raise BadMessage("the certificate is not signed by its own key") from None
    except (
        ValueError,
        TypeError,
        UnsupportedAlgorithm,
        CryptographyDeprecationWarning,
        x509.InvalidVersion,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
    ) as error:
        raise BadMessage(f"not a certificate that can be used: {str(error)[:200]}") from None


def _name_of(public: CertificatePublicKeyTypes) -> str:
    from cryptography.hazmat.primitives import serialization

    spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return sha256(spki).hexdigest()


def _check_key_and_name(certificate: x509.Certificate, told: str | None) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    public = certificate.public_key()
    if isinstance(public, ec.EllipticCurvePublicKey):
        if not isinstance(public.curve, ec.SECP256R1):
            raise BadMessage(f"the certificate's key is on {public.curve.name}; use P-256 or Ed25519")
    elif not isinstance(public, ed25519.Ed25519PublicKey):
        raise BadMessage("the certificate's key is neither P-256 nor Ed25519")
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, _name_of(public))])
    if certificate.subject != name:
        raise BadMessage("the certificate's subject must be one CN: the SHA-256 of its public key in hex")
    if certificate.issuer != name:
        raise BadMessage("the certificate must be issued by itself")
    if name != x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, told or "")]):
        # Another key in some extension would be taken for this one, and its owner be shut out.
        raise BadMessage("the certificate holds a second key")


def _check_extensions(certificate: x509.Certificate) -> None:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    constraints = None
    for extension in certificate.extensions:
        value = extension.value
        if isinstance(value, x509.BasicConstraints):
            constraints = value
        elif isinstance(value, x509.KeyUsage):
            if not value.digital_signature or value.key_cert_sign:
                raise BadMessage("the certificate's key usage must allow signatures, and no certificates")
        elif isinstance(value, x509.ExtendedKeyUsage):
            if ExtendedKeyUsageOID.CLIENT_AUTH not in value:
                raise BadMessage("the certificate's extended key usage must allow client authentication")
        elif extension.critical:
            raise BadMessage(f"the certificate has a critical extension {extension.oid.dotted_string}")
    if constraints is None or constraints.ca:
        raise BadMessage("the certificate must say CA:FALSE")


def _check_time(certificate: x509.Certificate) -> None:
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    if now < certificate.not_valid_before_utc:
        raise BadMessage(
            f"the certificate is valid from {certificate.not_valid_before_utc}: look at the clocks"
        )
    if now > certificate.not_valid_after_utc:
        raise BadMessage(f"the certificate was valid until {certificate.not_valid_after_utc}")
