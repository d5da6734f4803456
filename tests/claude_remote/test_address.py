from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from claude_remote.address import Address, Ssh, Tcp, Unix, is_loopback, parse


@pytest.mark.parametrize(
    ("text", "address", "canonical"),
    [
        ("home", Tcp("home"), "home:7433"),
        ("Home.LAN.", Tcp("home.lan"), "home.lan:7433"),
        ("home:80", Tcp("home", 80), "home:80"),
        ("192.0.2.1", Tcp("192.0.2.1"), "192.0.2.1:7433"),
        ("bücher.example:1", Tcp("bücher.example", 1), "bücher.example:1"),
        ("::1", Tcp("::1"), "[::1]:7433"),
        ("[::1]", Tcp("::1"), "[::1]:7433"),
        ("[2001:DB8:0:0::1]:80", Tcp("2001:db8::1", 80), "[2001:db8::1]:80"),
        ("fe80::1%eth0", Tcp("fe80::1%eth0"), "[fe80::1%eth0]:7433"),
        ("unix:/run/door.sock", Unix("/run/door.sock"), "unix:/run/door.sock"),
        ("unix:/run/x/../door.sock", Unix("/run/door.sock"), "unix:/run/door.sock"),
        ("ssh:home", Ssh("home"), "ssh:home:7433"),
        ("ssh:me@home", Ssh("home", "me"), "ssh:me@home:7433"),
        ("ssh:me@[::1]:80", Ssh("::1", "me", 80), "ssh:me@[::1]:80"),
    ],
)
def test_read_and_written(text: str, address: Address, canonical: str) -> None:
    assert parse(text) == address
    assert str(address) == canonical
    assert parse(canonical) == address


def test_paths_become_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir("/")
    monkeypatch.setenv("HOME", "/home/me")
    assert parse("unix:door.sock") == Unix("/door.sock")
    assert parse("unix:~/door.sock") == Unix("/home/me/door.sock")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "missing"),
        (":80", "missing"),
        ("home:", "a port is"),
        ("home:0", "a port is"),
        ("home:65536", "a port is"),
        ("home:80x", "a port is"),
        ("home:٣", "a port is"),
        ("home:-1", "a port is"),
        ("https://home", "without a scheme"),
        ("me@home", "not the name of a host"),
        ("home/path", "not the name of a host"),
        ("two words", "not the name of a host"),
        ("-oProxyCommand=x", "not the name of a host"),
        ("a..b", "not the name of a host"),
        ("a" * 254, "not the name of a host"),
        ("home\n", "not the name of a host"),
        ("[::1", "is written"),
        ("[::1]x", "is written"),
        ("[home]:80", "not an IPv6 address"),
        ("1:2:3", "not an IPv6 address"),
        ("::1%", "not an IPv6 address"),
        ("::1%-o x", "not an IPv6 address"),
        ("unix:", "the path of a socket"),
        ("unix:/" + "x" * 200, "at most"),
        ("unix:/a\0b", "the path of a socket"),
        ("ssh:", "missing"),
        ("ssh:-oProxyCommand=x", "not the name of a host"),
        ("ssh:-l@home", "not the name of a user"),
        ("ssh:@home", "not the name of a user"),
        ("ssh:a b@home", "not the name of a user"),
    ],
)
def test_rubbish_is_explained(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse(text)


@given(
    st.one_of(
        st.text(max_size=40),
        st.text(alphabet="ab1.:[]@%-/ \0\u017f\u0130", max_size=20),
        st.builds("{}{}".format, st.sampled_from(["unix:", "ssh:", "ssh:a@", "["]), st.text(max_size=20)),
    )
)
@example("unix:\ud800")
@example("unix:~nobody-of-this-name/x")
@example("\u0130")
def test_an_address_or_a_value_error_and_what_is_read_stays_the_same(text: str) -> None:
    try:
        address = parse(text)
    except ValueError:
        return
    assert parse(str(address)) == address
    if isinstance(address, Tcp | Ssh):
        assert not address.host.startswith("-")


@pytest.mark.parametrize(
    ("text", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1:1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("unix:/run/door.sock", True),
        ("127.example", False),
        ("127.0.0.1.example", False),
        ("192.0.2.1", False),
        ("ssh:localhost", False),
    ],
)
def test_loopback(text: str, loopback: bool) -> None:
    assert is_loopback(parse(text)) is loopback
