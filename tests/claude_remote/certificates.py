"""Certificates of every kind, good and bad, for tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from claude_remote.identity import Identity

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

NOT_A_CA = x509.BasicConstraints(ca=False, path_length=None)
A_CA = x509.BasicConstraints(ca=True, path_length=None)


def p256() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def proper_name(key: PrivateKey) -> str:
    spki = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return sha256(spki).hexdigest()


def named(*common_names: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name) for name in common_names])


@dataclass
class Recipe:
    """A certificate that is right in everything that is not said to be otherwise."""

    key: PrivateKey
    subject: x509.Name | None = None
    issuer: x509.Name | None = None
    signer: PrivateKey | None = None
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = ((NOT_A_CA, True),)
    begins: datetime | None = None
    ends: datetime | None = None

    def make(self) -> bytes:
        """DER."""
        own = named(proper_name(self.key))
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.subject or own)
            .issuer_name(self.issuer or self.subject or own)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.begins or now - timedelta(days=1))
            .not_valid_after(self.ends or now + timedelta(days=1))
        )
        for extension, critical in self.extensions:
            builder = builder.add_extension(extension, critical=critical)
        signer = self.signer or self.key
        algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
        return builder.sign(signer, algorithm).public_bytes(serialization.Encoding.DER)


def key_pem(key: PrivateKey, password: bytes | None = None) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption(),
    )


def to_pem(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM)


def identity_of(recipe: Recipe, folder: Path, name: str) -> Identity:
    """The certificate and its key as files, so that TLS can use them."""
    der = recipe.make()
    key, certificate = folder / f"{name}.key", folder / f"{name}.crt"
    key.write_bytes(key_pem(recipe.key))
    certificate.write_bytes(to_pem(der))
    return Identity(key, certificate, der)
