"""Command lines, cut."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote.rules.shell import cut


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("mk a", ["mk a"]),
        (" mk  a ;", ["mk  a"]),
        ("mk a && mk b || mk c; mk d | mk e |& mk f", ["mk a", "mk b", "mk c", "mk d", "mk e", "mk f"]),
        ("mk a\n\nmk b\n", ["mk a", "mk b"]),
        ("mk 'a; b' \"c && d\"", ["mk 'a; b' \"c && d\""]),
        ("mk 'a\nb'", ["mk 'a\nb'"]),
        ("mk a > /dev/null 2>&1", ["mk a"]),
        ("mk a 2>/dev/null | mk b", ["mk a", "mk b"]),
        ("mk a &>/dev/null", ["mk a"]),
        ("mk --x=1 a=b a~ a!", ["mk --x=1 a=b a~ a!"]),
        ("mk *.py a?", ["mk *.py a?"]),
    ],
)
def test_what_is_plain(text: str, parts: list[str]) -> None:
    assert cut(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ; ",
        "mk $X",
        'mk "$X"',
        "mk $(a)",
        "mk `a`",
        'mk "`a`"',
        'mk "a\\"b"',
        "mk <(a)",
        "mk < a",
        "mk > a",
        "mk a >> b",
        "mk a>&b",
        "mk a >/dev/nullx",
        "mk a 2>/dev/null/../x",
        "mk a &",
        "mk a & mk b",
        "(mk a)",
        "{ mk a; }",
        "mk {a,b}",
        "mk a\\ b",
        "mk a \\\n b",
        "mk a # b",
        "mk 'a",
        'mk "a',
        "A=1 mk a",
        "A=1",
        "mk =a",
        "mk ~/a",
        "! mk a",
        "mk [a]",
        "if mk a; then mk b; fi",
        "for i in a; do mk a; done",
        "eval mk",
        ". mk",
        "mk \u2028a",
        "mk a\rmk b",
        "mk a\0",
        "mk " + "a" * 20_000,
    ],
)
def test_what_is_not_understood(text: str) -> None:
    assert cut(text) is None


@given(st.text(alphabet="ab;&|>'\" \n$/12-dev\\nul", max_size=30))
def test_outside_of_quotes_no_part_has_what_only_the_shell_understands(text: str) -> None:
    for part in cut(text) or ():
        plain = re.sub(r"""'[^']*'|"[^"$`\\\\]*\"""", "", part)
        assert not set(plain) & set("'\"$`&;|<>\\\\\n"), part
