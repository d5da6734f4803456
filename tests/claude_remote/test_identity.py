from __future__ import annotations

import multiprocessing
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from claude_remote.errors import BadMessage, Misconfigured
from claude_remote.identity import Identity, check_client_certificate, load_or_create
from tests.claude_remote.certificates import (
    A_CA,
    NOT_A_CA,
    PrivateKey,
    Recipe,
    identity_of,
    key_pem,
    named,
    p256,
    proper_name,
    to_pem,
)

NOW = datetime.now(UTC)


def make(folder: Path) -> Identity:
    return load_or_create(folder / "client.key", folder / "client.crt")


# --- files ---------------------------------------------------------------------------------------------


def test_first_use_makes_an_identity_and_every_other_use_finds_it(tmp_path: Path) -> None:
    first = make(tmp_path / "new")
    assert make(tmp_path / "new") == first
    assert first.fingerprint.startswith("SHA256:")
    assert not first.kept_aside
    check_client_certificate(first.der)


def test_certificate_never_ends_and_began_a_day_ago(tmp_path: Path) -> None:
    certificate = x509.load_der_x509_certificate(make(tmp_path).der)
    assert certificate.not_valid_after_utc.year == 9999
    assert timedelta(hours=23) < NOW - certificate.not_valid_before_utc < timedelta(hours=25)


@pytest.mark.skipif(os.name != "posix", reason="modes are of posix")
def test_key_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        identity = make(tmp_path / "new")
    finally:
        os.umask(before)
    assert stat.S_IMODE(identity.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(identity.key.parent.stat().st_mode) == 0o700


def test_loading_does_not_import_cryptography_nor_anything_slow(tmp_path: Path) -> None:
    make(tmp_path)
    program = (
        "import sys, pathlib\n"
        "from claude_remote import address, config, fingerprints, known_servers, tls\n"
        "from claude_remote.identity import load_or_create\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "identity = load_or_create(folder / 'client.key', folder / 'client.crt')\n"
        "tls.client_context(identity.der, identity)\n"
        "print([name for name in sys.argv[2:] if name in sys.modules])\n"
    )
    slow = ["cryptography", "asyncio", "zmq", "rich", "tomli_w", "tempfile"]
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), *slow], capture_output=True, check=True, timeout=60
    )
    assert ran.stdout.strip() == b"[]"


def test_a_crash_between_key_and_certificate_leaves_nothing_stuck(tmp_path: Path) -> None:
    (tmp_path / "client.key").write_bytes(key_pem(p256()))
    identity = make(tmp_path)
    assert identity.kept_aside == (tmp_path / "client.key.original",)
    assert make(tmp_path).der == identity.der


def _fingerprint(folder: Path) -> str:
    return make(folder).fingerprint


def test_processes_that_come_at_once_get_the_same_identity(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        found = pool.map_async(_fingerprint, [tmp_path] * 8, chunksize=1).get(timeout=60)
    assert len(set(found)) == 1


def test_files_of_the_original_are_kept_aside_and_named(tmp_path: Path) -> None:
    original = identity_of(Recipe(p256(), subject=named("claude-remote")), tmp_path, "client")
    (tmp_path / "client.crt.original").write_text("taken already")
    identity = make(tmp_path)
    assert identity.kept_aside == (tmp_path / "client.crt.original-2", tmp_path / "client.key.original")
    assert identity.kept_aside[0].read_bytes() == to_pem(original.der)
    check_client_certificate(identity.der)


def test_a_certificate_without_its_key_is_left_alone_and_explained(tmp_path: Path) -> None:
    identity = make(tmp_path)
    identity.key.unlink()
    with pytest.raises(Misconfigured, match="Put the key back, or remove"):
        make(tmp_path)
    assert identity.certificate.exists()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"-----BEGIN CERTIFICATE-----\nAAA"])
def test_a_damaged_certificate_is_left_alone_and_explained(tmp_path: Path, content: bytes) -> None:
    identity = make(tmp_path)
    identity.certificate.write_bytes(content)
    with pytest.raises(Misconfigured, match="is not a certificate"):
        make(tmp_path)
    assert identity.certificate.read_bytes() == content


def test_a_folder_in_the_place_of_a_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "client.crt").mkdir()
    with pytest.raises(Misconfigured, match="Cannot read"):
        make(tmp_path)


def test_own_ed25519_keys_are_taken(tmp_path: Path) -> None:
    given_by_user = identity_of(Recipe(ed25519.Ed25519PrivateKey.generate()), tmp_path, "client")
    assert make(tmp_path) == given_by_user
    check_client_certificate(given_by_user.der)


# --- certificates of others ----------------------------------------------------------------------------


def key_usage(*, signs: bool, mints: bool) -> x509.KeyUsage:
    return x509.KeyUsage(signs, False, False, False, False, mints, False, False, False)


def test_careful_extensions_are_fine() -> None:
    key = p256()
    extensions = (
        (NOT_A_CA, False),
        (key_usage(signs=True, mints=False), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        (x509.SubjectAlternativeName([x509.DNSName("laptop")]), False),
    )
    check_client_certificate(Recipe(key, extensions=extensions).make())


def ca(key: PrivateKey) -> Recipe:
    return Recipe(key, extensions=((A_CA, True),))


BAD = {
    "a CA": (ca, "CA:FALSE"),
    "no constraints": (lambda key: Recipe(key, extensions=()), "CA:FALSE"),
    "may mint": (
        lambda key: Recipe(key, extensions=((NOT_A_CA, True), (key_usage(signs=True, mints=True), True))),
        "no certificates",
    ),
    "may not sign": (
        lambda key: Recipe(key, extensions=((NOT_A_CA, True), (key_usage(signs=False, mints=False), True))),
        "must allow signatures",
    ),
    "for servers alone": (
        lambda key: Recipe(
            key,
            extensions=(
                (NOT_A_CA, True),
                (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
            ),
        ),
        "client authentication",
    ),
    "unknown critical extension": (
        lambda key: Recipe(
            key,
            extensions=(
                (NOT_A_CA, True),
                (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True),
            ),
        ),
        "critical extension 1.2.3.4",
    ),
    "somebody else's name": (lambda key: Recipe(key, subject=named(proper_name(p256()))), "SHA-256 of its"),
    "a name of its own choice": (lambda key: Recipe(key, subject=named("laptop")), "SHA-256 of its"),
    "two names": (
        lambda key: Recipe(key, subject=named(proper_name(key), "laptop")),
        "must be one CN",
    ),
    "more than a CN": (
        lambda key: Recipe(
            key,
            subject=x509.Name(
                [*named(proper_name(key)), x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "us")]
            ),
        ),
        "must be one CN",
    ),
    "issued by another": (
        lambda key: Recipe(key, issuer=named("somebody"), signer=p256()),
        "issued by itself",
    ),
    "signed by another": (lambda key: Recipe(key, signer=p256()), "not signed by its own key"),
    "not valid yet": (
        lambda key: Recipe(key, begins=NOW + timedelta(days=1), ends=NOW + timedelta(days=2)),
        "look at the clocks",
    ),
    "not valid any more": (
        lambda key: Recipe(key, begins=NOW - timedelta(days=3), ends=NOW - timedelta(days=2)),
        "was valid until",
    ),
    "too long": (
        lambda key: Recipe(
            key,
            extensions=(
                (NOT_A_CA, True),
                (x509.SubjectAlternativeName([x509.DNSName(f"{n}.example") for n in range(400)]), False),
            ),
        ),
        "at most 4096 bytes",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_refused(what: str) -> None:
    recipe, words = BAD[what]
    with pytest.raises(BadMessage, match=words):
        check_client_certificate(recipe(p256()).make())


def test_nobody_passes_for_the_owner_of_another_key() -> None:
    other = p256()
    spki = other.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    decoy = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), spki + proper_name(other).encode())
    der = Recipe(ed25519.Ed25519PrivateKey.generate(), extensions=((NOT_A_CA, True), (decoy, False))).make()
    with pytest.raises(BadMessage, match="second key"):
        check_client_certificate(der)


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)],
    ids=["p384", "rsa"],
)
def test_other_kinds_of_keys_are_refused(key: PrivateKey) -> None:
    with pytest.raises(BadMessage, match="P-256"):
        check_client_certificate(Recipe(key).make())


GOOD = Recipe(p256()).make()


@given(st.binary(max_size=600))
def test_rubbish_is_refused(rubbish: bytes) -> None:
    with pytest.raises(BadMessage):
        check_client_certificate(rubbish)


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_every_changed_byte_is_noticed(place: int, difference: int) -> None:
    changed = bytearray(GOOD)
    changed[place] ^= difference
    with pytest.raises(BadMessage):
        check_client_certificate(bytes(changed))


def test_trailing_and_missing_bytes_are_noticed() -> None:
    for der in (GOOD + b"\0", GOOD[:-1], GOOD + GOOD):
        with pytest.raises(BadMessage):
            check_client_certificate(der)
