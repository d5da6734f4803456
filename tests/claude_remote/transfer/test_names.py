from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote.errors import BadName
from claude_remote.transfer.names import destination, is_part, part_name

HOSTILE = [
    b"",
    b"/",
    b"/etc/passwd",
    b"//server/share",
    b"..",
    b"../x",
    b"x/..",
    b"x/../../y",
    b"x/../y",
    b".",
    b"./x",
    b"x/.",
    b"x//y",
    b"x/",
    b"x\0y",
    b"x/\0",
    b"\0",
    b"n" * 256,
    b"x/" + b"n" * 256,
    b"d/" * 200 + b"x",
    b"n" * 250 + (b"/" + b"n" * 250) * 20,
    b".x.claude-remote.part",
    b"a/.x.claude-remote.part/b",
]
HOSTILE_ON_WINDOWS = [
    b"C:x",
    b"C:\\Windows\\system32",
    b"\\\\server\\share",
    b"..\\x",
    b"x\\..\\..\\y",
    b"x:stream",
    b"nul",
    b"a/CON",
    b"com1.txt",
    b"LPT9 .log",
    b"COM\xc2\xb9",
    b"x.",
    b"...",
    b"x ",
    b"a./b",
    b"x\n",
    b"a|b",
    b"what?",
    b"*",
    b"\xff\xfe",
]
ORDINARY = [
    b"x",
    b"..x",
    b"a/b/c",
    b"-rf",
    b"~",
    b"$HOME",
    b"a b",
    b".hidden",
    "ünïcödé".encode(),
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("windows", [False, True])
def test_hostile_names_are_refused(name: bytes, windows: bool) -> None:
    with pytest.raises(BadName):
        destination(name, windows=windows)


@pytest.mark.parametrize("name", HOSTILE_ON_WINDOWS)
def test_names_that_mean_something_else_on_windows_are_refused_there(name: bytes) -> None:
    with pytest.raises(BadName):
        destination(name, windows=True)
    assert destination(name, windows=False)


@pytest.mark.parametrize("name", ORDINARY)
@pytest.mark.parametrize("windows", [False, True])
def test_ordinary_names_are_what_they_are(name: bytes, windows: bool) -> None:
    assert b"/".join(destination(name, windows=windows)) == name


@given(st.binary(max_size=60))
def test_whatever_is_accepted_stays_below(name: bytes) -> None:
    try:
        parts = destination(name, windows=False)
    except BadName:
        return
    assert b"/".join(parts) == name
    assert all(part not in {b"", b".", b".."} and b"/" not in part and b"\0" not in part for part in parts)


@given(st.binary(min_size=1, max_size=255).filter(lambda name: b"/" not in name), st.integers(0, 20))
def test_the_name_of_a_part_is_a_name(name: bytes, number: int) -> None:
    own = part_name(name, number)
    assert is_part(own)
    assert len(own) <= 255
    assert own != part_name(name, number + 1)
