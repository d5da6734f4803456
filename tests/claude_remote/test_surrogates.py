"""Halves of letters in JSON."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote import codec, messages
from claude_remote.client.prompting import PromptRequest
from claude_remote.errors import BadMessage
from claude_remote.surrogates import replace_halves


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        (rb'"a\ud83d"', rb'"a\ufffd"'),
        (rb'"\uDE00 b"', rb'"\ufffd b"'),
        (rb'"\ud83d\ude00"', rb'"\ud83d\ude00"'),
        (rb'"\ud83d\ud83d\ude00"', rb'"\ufffd\ud83d\ude00"'),
        (rb'"C:\\udders"', rb'"C:\\udders"'),
        (rb'"\\\ud83d"', rb'"\\\ufffd"'),
        (rb'"\u00e9\n"', rb'"\u00e9\n"'),
    ],
)
def test_halves_are_replaced_and_nothing_else(given_: bytes, wanted: bytes) -> None:
    assert replace_halves(given_) == wanted


@given(st.text(st.characters() | st.characters(categories=["Cs"]) | st.sampled_from('\\ud83"dD')))
def test_what_javascript_writes_can_be_read(text: str) -> None:
    line = json.dumps(text).encode()
    mended = replace_halves(line)
    assert len(mended) == len(line)
    # What Python's own reader makes of it, with each half replaced.
    joined = json.loads(line).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert len(msgspec.json.decode(mended)) == len(joined)
    if not any("\ud800" <= letter <= "\udfff" for letter in json.loads(line)):
        assert msgspec.json.decode(mended) == text


def test_half_a_letter_of_our_own_is_refused_with_words() -> None:
    with pytest.raises(BadMessage, match="half of a letter"):
        codec.pack(messages.Rename(session="a", name="\ud83d"))
    with pytest.raises(BadMessage, match="half of a letter"):
        PromptRequest("\udcff", messages.Target())
