from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs

from claude_remote import fingerprints
from claude_remote.errors import IdentityChanged, Misconfigured
from claude_remote.known_servers import KnownServer, KnownServers


def server(name: str, address: str, certificate: bytes = b"one", *, provisional: bool = False) -> KnownServer:
    return KnownServer(
        name=name,
        address=address,
        fingerprint=fingerprints.of(certificate),
        certificate=certificate,
        provisional=provisional,
        added=1_700_000_000.5,
    )


HOME = server("home", "home.lan:7433")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "known_servers.toml"


def test_found_by_name_and_by_address(path: Path) -> None:
    known = KnownServers(path)
    assert known.get("home") is None
    known.put(HOME)
    for servers in (known, KnownServers(path)):
        assert servers.get("home") == HOME
        assert servers.get("home.lan:7433") == structs.replace(HOME, name="home.lan:7433")
        assert servers.all() == (HOME,)


def test_a_server_without_a_name_is_called_by_its_address(path: Path) -> None:
    known = KnownServers(path)
    nameless = server("[::1]:7433", "[::1]:7433")
    known.put(nameless)
    assert known.all() == (nameless,)
    known.put(structs.replace(nameless, name="here"))
    assert known.all() == (structs.replace(nameless, name="here"),)


def test_a_provisional_pin_becomes_a_firm_one(path: Path) -> None:
    known = KnownServers(path)
    known.put(structs.replace(HOME, provisional=True))
    assert known.get("home") == structs.replace(HOME, provisional=True)
    known.put(HOME)
    assert known.get("home") == HOME


def test_another_identity_at_the_same_address_is_refused_naming_both(path: Path) -> None:
    known = KnownServers(path)
    known.put(HOME)
    impostor = server("elsewhere", "home.lan:7433", b"two")
    with pytest.raises(IdentityChanged) as caught:
        known.put(impostor)
    assert HOME.fingerprint in caught.value.message
    assert impostor.fingerprint in caught.value.message
    assert known.all() == (HOME,)
    known.forget("home.lan:7433")
    known.put(impostor)
    assert known.all() == (impostor,)


def test_a_name_can_move_to_another_server(path: Path) -> None:
    known = KnownServers(path)
    known.put(HOME)
    moved = server("home", "new.lan:7433", b"two")
    known.put(moved)
    assert known.get("home") == moved
    assert known.get("home.lan:7433") == structs.replace(HOME, name="home.lan:7433")


def test_two_names_share_one_server_until_both_are_forgotten(path: Path) -> None:
    known = KnownServers(path)
    other = structs.replace(HOME, name="other")
    known.put(HOME)
    known.put(other)
    assert known.all() == (HOME, other)
    assert known.forget("other") == (other,)
    assert known.all() == (HOME,)
    assert known.forget("home") == (HOME,)
    assert known.all() == ()
    assert known.get("home.lan:7433") is None


def test_forgetting_an_address_takes_all_its_names_along(path: Path) -> None:
    known = KnownServers(path)
    other = structs.replace(HOME, name="other")
    known.put(HOME)
    known.put(other)
    assert known.forget("home.lan:7433") == (HOME, other)
    assert known.all() == ()
    assert known.forget("home.lan:7433") == ()


def test_two_processes_see_each_other(path: Path) -> None:
    here, there = KnownServers(path), KnownServers(path)
    here.put(HOME)
    assert there.get("home") == HOME
    there.put(server("work", "work.lan:7433", b"two"))
    assert [one.name for one in here.all()] == ["home", "work"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('certificate = "', 'certificate = "AAAA', "not the fingerprint of its certificate"),
        ('certificate = "', 'certificate = "?', "base64"),
        ("provisional = false", "provisional = 1", "Expected `bool`"),
        ("[pins.", "[pin.", "no such setting"),
        ("[names]", "[names", "not TOML"),
    ],
)
def test_a_broken_edit_is_named_and_not_written_over(path: Path, old: str, new: str, words: str) -> None:
    known = KnownServers(path)
    known.put(HOME)
    broken = path.read_text().replace(old, new)
    path.write_text(broken)
    for use in (known, known, KnownServers(path)):  # every time, not once: there is no other state to go by
        with pytest.raises(Misconfigured, match=words) as caught:
            use.get("home")
        assert str(path) in caught.value.message
    with pytest.raises(Misconfigured, match=words):
        known.put(server("work", "work.lan:7433"))
    with pytest.raises(Misconfigured, match=words):
        known.forget("home")
    assert path.read_text() == broken


def test_the_file_of_the_original_is_kept_aside(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('[known_servers."home:7433"]\nfingerprint = "abc"\n')
    known = KnownServers(path)
    assert known.all() == ()
    assert known.kept_aside == (path.with_name("known_servers.toml.original"),)
    known.put(HOME)
    assert known.all() == (HOME,)


def test_a_name_without_a_pin_is_nothing(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('[names]\nhome = "home.lan:7433"\n')
    assert KnownServers(path).get("home") is None
    assert KnownServers(path).all() == ()
