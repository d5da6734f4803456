"""`8`, `2:8`, and what was said to the server while it ran."""

from __future__ import annotations

import pytest

from claude_remote.scale import Scale, parse
from claude_remote_broker.scale import Scaled, choose, default, parse_scaled


def test_in_words() -> None:
    assert parse("8") == Scale(0, 8)
    assert parse("2:8") == Scale(2, 8)
    assert parse("8:8") == Scale(8, 8)
    assert str(Scale(2, 8)) == "2:8"


@pytest.mark.parametrize(
    "words", ["", ":", "0", "0:0", "3:2", "-1", "1:", "x", "2:8:9", "1:5000", "٣", "1e3"]
)
def test_no_scale(words: str) -> None:
    with pytest.raises(ValueError, match=r"MAX|MIN"):
        parse(words)


def test_what_was_said_to_a_server_names_what_it_was_started_with() -> None:
    for instead_of in ("", "0:4"):
        scaled = Scaled(Scale(1, 9), instead_of)
        assert parse_scaled(str(scaled)) == scaled
    assert parse_scaled("") is None
    assert parse_scaled("rubbish 0:4") is None


def test_what_was_said_holds_while_the_server_is_started_with_the_same() -> None:
    said = str(Scaled(Scale(1, 9), "0:4"))
    assert choose(Scale(0, 4), said)[0] == Scale(1, 9)
    assert choose(Scale(0, 5), said) == (Scale(0, 5), "--workers")
    assert choose(None, said)[0] == default()
    assert choose(None, str(Scaled(Scale(1, 9), "")))[0] == Scale(1, 9)


def test_at_least_one() -> None:
    assert default().least == 0
    assert default().most >= 1
