from __future__ import annotations

import multiprocessing
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import utils
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from claude_remote import fingerprints
from claude_remote.errors import Ambiguous, BadMessage, Misconfigured, NoSuchClient
from claude_remote.messages import ClientState
from claude_remote.rights import FULL, WORK, Right
from claude_remote.trust import TrustedClient, TrustStore, find
from tests.claude_remote.certificates import Recipe, p256

WORK_IN_ORDER = (Right.VIEW, Right.PROMPT, Right.APPROVE, Right.FILES)


def client(name: str, certificate: bytes | None = None, **changes: object) -> TrustedClient:
    der = certificate or f"certificate of {name}".encode()
    made = TrustedClient(
        fingerprint=fingerprints.of(der),
        certificate=der,
        name=name,
        state=ClientState.APPROVED,
        rights=WORK_IN_ORDER,
        roots=("/home/me",),
        words=f"one two three four five {name}",
        user="me",
        host=name,
        version="0.1.0",
        address="192.0.2.1",
        first_seen=1_700_000_000.25,
    )
    return structs.replace(made, **changes)


LAPTOP, PHONE = client("laptop"), client("phone", state=ClientState.REVOKED)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "server.toml"


def test_what_was_put_is_there_for_this_and_every_other_process(path: Path) -> None:
    store = TrustStore(path)
    assert not store.clients
    store.put(LAPTOP)
    store.put(PHONE)
    expected = {LAPTOP.fingerprint: LAPTOP, PHONE.fingerprint: PHONE}
    assert store.clients == expected
    assert TrustStore(path).clients == expected
    store.remove(LAPTOP.fingerprint)
    assert store.clients == TrustStore(path).clients == {PHONE.fingerprint: PHONE}


def test_the_file_reads_well(path: Path) -> None:
    TrustStore(path).put(LAPTOP)
    text = path.read_text()
    assert text.startswith("# The clients of this server")
    assert f'[clients."{LAPTOP.fingerprint}"]\nname = "laptop"\nstate = "approved"\n' in text
    assert "first_seen = 2023-11-14 22:13:20.250000+00:00" in text


def test_nothing_is_there_to_be_removed(path: Path) -> None:
    with pytest.raises(NoSuchClient):
        TrustStore(path).remove(LAPTOP.fingerprint)


def test_a_change_by_another_process_is_noticed_and_kept(path: Path) -> None:
    here, there = TrustStore(path), TrustStore(path)
    there.put(PHONE)
    assert here.reload()
    assert not here.reload()
    there.put(client("tablet"))
    here.put(LAPTOP)
    assert {known.name for known in here.clients.values()} == {"laptop", "phone", "tablet"}


def _put(arguments: tuple[Path, int]) -> None:
    path, number = arguments
    TrustStore(path).put(client(f"client {number}"))


def test_nothing_is_lost_when_processes_write_at_once(path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        pool.map_async(_put, [(path, number) for number in range(12)], chunksize=1).get(timeout=60)
    assert len(TrustStore(path).clients) == 12


# --- by hand -------------------------------------------------------------------------------------------


def edit(path: Path, old: str, new: str) -> str:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path.read_text()


def test_an_edit_by_hand_holds(path: Path) -> None:
    store = TrustStore(path)
    store.put(LAPTOP)
    edit(path, 'state = "approved"', 'state = "revoked"')
    assert store.reload()
    assert store.clients[LAPTOP.fingerprint].state is ClientState.REVOKED


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"watch"', {Right.VIEW}),
        ('"work"', WORK),
        ('"full"', FULL),
        ('["admin"]', {Right.ADMIN, Right.EXEC}),
        ("[]", set()),
    ],
)
def test_rights_by_hand(path: Path, written: str, meant: set[Right]) -> None:
    store = TrustStore(path)
    store.put(client("laptop", rights=()))
    edit(path, "rights = []", f"rights = {written}")
    store.reload()
    assert set(store.clients[LAPTOP.fingerprint].rights) == meant


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"approved"', '"approvd"', "Invalid enum value 'approvd'"),
        ('"approved"', '"approved', r"is not TOML: .*line 10"),
        ("rights = [", "right = [", "unknown field `right`"),
        ('"view"', '"look"', "Invalid enum value 'look'"),
        ('certificate = "', 'certificate = "AAAA', "not the fingerprint of its certificate"),
        ('certificate = "', 'certificate = "?', "line 8: SHA256"),
        ("[clients.", "[client.", "no such setting"),
        ("first_seen = 2023", "first_seen = 20", r"(?i)toml|date"),
    ],
)
def test_a_broken_edit_changes_nothing_is_named_and_is_not_written_over(
    path: Path, old: str, new: str, words: str
) -> None:
    store = TrustStore(path)
    store.put(LAPTOP)
    broken = edit(path, old, new)
    with pytest.raises(Misconfigured, match=words) as caught:
        store.reload()
    assert str(path) in caught.value.message
    assert "nothing was changed" in caught.value.message
    assert not store.reload()  # said once
    assert store.clients == {LAPTOP.fingerprint: LAPTOP}
    with pytest.raises(Misconfigured, match=words):
        store.put(PHONE)
    with pytest.raises(Misconfigured, match=words):
        store.remove(LAPTOP.fingerprint)
    assert path.read_text() == broken
    with pytest.raises(Misconfigured, match=words):
        TrustStore(path)

    edit(path, new, old)
    assert store.reload()
    store.put(PHONE)
    assert len(TrustStore(path).clients) == 2


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x = " + b"[" * 5000])
def test_bytes_that_are_no_text_are_named(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(Misconfigured, match="is not TOML"):
        TrustStore(path)


def test_a_file_that_vanishes_cuts_nobody_off_but_is_told(path: Path) -> None:
    store = TrustStore(path)
    store.put(LAPTOP)
    path.unlink()
    with pytest.raises(Misconfigured, match="is gone"):
        store.reload()
    assert LAPTOP.fingerprint in store.clients
    store.put(PHONE)
    assert len(TrustStore(path).clients) == 2


def test_a_file_that_is_just_being_written_cuts_nobody_off(path: Path) -> None:
    store = TrustStore(path)
    store.put(LAPTOP)
    whole = path.read_text()
    path.write_text("")
    assert not store.reload()
    path.write_text(whole)
    assert store.reload()
    path.write_text("")
    os.utime(path, (1, 1))
    assert store.reload()
    assert store.clients == {}


def test_the_file_of_the_original_is_kept_aside(path: Path) -> None:
    path.parent.mkdir()
    original = 'port = 7433\n[trusted_clients.abc]\nname = "x"\n'
    path.write_text(original)
    store = TrustStore(path)
    assert store.kept_aside == (path.with_name("server.toml.original"),)
    assert store.kept_aside[0].read_text() == original
    store.put(LAPTOP)
    assert TrustStore(path).clients == {LAPTOP.fingerprint: LAPTOP}


def test_names_that_a_stranger_chose_do_no_harm_to_the_file(path: Path) -> None:
    nasty = client('x"]\n[clients."y"]\nstate = "approved"\n\x1b[31m\x7f\u2028', words='"""')
    TrustStore(path).put(nasty)
    assert TrustStore(path).clients == {nasty.fingerprint: nasty}


@given(name=st.text(max_size=40), seen=st.floats(0, 4e9))
def test_every_name_and_time_comes_back(
    tmp_path_factory: pytest.TempPathFactory, name: str, seen: float
) -> None:
    path = tmp_path_factory.mktemp("trust") / "server.toml"
    put = client("laptop", host=name, first_seen=datetime.fromtimestamp(seen, UTC).timestamp())
    TrustStore(path).put(put)
    assert TrustStore(path).clients == {put.fingerprint: put}


# --- one key, one client -------------------------------------------------------------------------------


def twin(der: bytes) -> bytes:
    """The same certificate with the other of its two valid signatures, as anybody can make it."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    from cryptography import x509

    certificate = x509.load_der_x509_certificate(der)
    r, s = utils.decode_dss_signature(certificate.signature)
    other = utils.encode_dss_signature(r, order - s)
    algorithm = bytes.fromhex("300a06082a8648ce3d040302")
    inside = certificate.tbs_certificate_bytes + algorithm + _tlv(0x03, b"\0" + other)
    return _tlv(0x30, inside)


def _tlv(tag: int, value: bytes) -> bytes:
    size = len(value)
    length = bytes([size]) if size < 128 else bytes([0x82, size >> 8, size & 255])
    if 128 <= size < 256:
        length = bytes([0x81, size])
    return bytes([tag]) + length + value


def test_a_twin_of_an_approved_certificate_is_not_approved(path: Path) -> None:
    from claude_remote.identity import check_client_certificate

    der = Recipe(p256()).make()
    check_client_certificate(twin(der))  # it is a proper certificate, of the same key
    mine, its_twin = client("mine", der), client("twin", twin(der))
    store = TrustStore(path)
    store.put(mine)
    with pytest.raises(BadMessage, match="same key"):
        store.put(its_twin)
    store.put(structs.replace(its_twin, state=ClientState.REFUSED))
    store.put(structs.replace(mine, name="mine, changed"))


# --- finding -------------------------------------------------------------------------------------------


def test_found_by_fingerprint_beginning_words_or_name() -> None:
    clients = [LAPTOP, PHONE]
    body = PHONE.fingerprint.removeprefix("SHA256:")
    for which in (
        PHONE.fingerprint,
        body,
        body[:6],
        PHONE.fingerprint[:14],
        "one two three four five phone",
        " One  two three-four five PHONE ",
        "phone",
    ):
        assert find(clients, which) is PHONE


@pytest.mark.parametrize("which", ["", "tablet", "one two three four five", "phon", "SHA256:", "pho"])
def test_not_found(which: str) -> None:
    with pytest.raises(NoSuchClient, match="No client is known"):
        find([LAPTOP, PHONE, client("no words", words="")], which)


def test_the_name_that_a_waiting_client_gives_itself_does_not_count_and_says_so() -> None:
    waiting = structs.replace(client("tablet"), state=ClientState.PENDING)
    with pytest.raises(NoSuchClient, match="calls itself") as caught:
        find([LAPTOP, waiting], "tablet")
    assert waiting.fingerprint in caught.value.message


def test_ambiguous_names_the_candidates() -> None:
    twins = [client("phone", f"certificate {number}".encode()) for number in range(7)]
    with pytest.raises(Ambiguous, match="and 2 more") as caught:
        find(twins, "phone")
    assert twins[0].fingerprint in caught.value.message
    alike = [
        structs.replace(twins[n], fingerprint="SHA256:" + "A" * 42 + letter) for n, letter in enumerate("xy")
    ]
    with pytest.raises(Ambiguous, match="Give more"):
        find(alike, "AAAAAAAA")


def test_a_name_that_a_waiting_client_chose_does_not_count() -> None:
    waiting = client("phone", b"stranger", state=ClientState.PENDING)
    assert find([waiting, PHONE], "phone") is PHONE
    with pytest.raises(NoSuchClient):
        find([waiting], "phone")
    assert find([waiting], waiting.fingerprint) is waiting


def test_a_thousand_clients(path: Path) -> None:
    clients = [client(f"client {number}") for number in range(1000)]
    store = TrustStore(path)
    store._write({one.fingerprint: one for one in clients})
    assert find(TrustStore(path).clients.values(), "client 999") == clients[-1]
