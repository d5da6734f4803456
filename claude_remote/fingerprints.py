"""Fingerprints of certificates, as ssh writes those of keys. Standard library only: a `ping` needs this."""

from __future__ import annotations

from binascii import b2a_base64
from hashlib import sha256

PREFIX = "SHA256:"
SHORTEST_BEGINNING = 6


def of(der: bytes) -> str:
    """The fingerprint of a certificate given as DER: "SHA256:" and the digest in base64 without padding."""
    return PREFIX + b2a_base64(sha256(der).digest(), newline=False).decode().rstrip("=")


def matches(full: str, beginning: str) -> bool:
    """Whether a fingerprint begins so, with or without its "SHA256:". Under six characters match nothing."""
    wanted = beginning.removeprefix(PREFIX).rstrip("=")
    return len(wanted) >= SHORTEST_BEGINNING and full.removeprefix(PREFIX).startswith(wanted)
