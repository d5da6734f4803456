"""What strangers call themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote_broker.plain import plain


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("me@laptop", "me@laptop"),
        ("Jürgens 笔记本", "Jürgens 笔记本"),
        ("  a \t b\r\nc ", "a b c"),
        ("\x1b[31mred", "\N{REPLACEMENT CHARACTER}[31mred"),
        ("abc\u202edef", "abc\N{REPLACEMENT CHARACTER}def"),
        ("zero\u200bwidth", "zero\N{REPLACEMENT CHARACTER}width"),
        ("x" * 40, "x" * 19 + "…"),
        ("", ""),
    ],
)
def test_plain(told: str, shown: str) -> None:
    assert plain(told, 20) == shown


@given(st.text(), st.integers(1, 30))
def test_it_is_short_and_printable_whatever_comes(told: str, longest: int) -> None:
    shown = plain(told, longest)
    assert len(shown) <= longest
    assert shown.isprintable()
    assert plain(shown, longest) == shown
