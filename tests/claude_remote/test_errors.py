from __future__ import annotations

import re

import pytest

from claude_remote import codec, errors, messages
from claude_remote.errors import BY_CODE, Exit, RemoteError, from_code

ALL = [RemoteError, *RemoteError.__subclasses__()]


def test_codes_are_all_different() -> None:
    assert len(BY_CODE) == len(RemoteError.__subclasses__())


def test_every_error_is_where_all_are_imported_from() -> None:
    assert {kind.__name__ for kind in ALL} <= set(errors.__all__)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_has_words_a_code_and_an_exit_code(kind: type[RemoteError]) -> None:
    assert re.fullmatch("[a-z-]+", kind.code)
    assert kind.exit_code is not Exit.OK
    words = str(kind())
    assert words.endswith(".")
    assert words[0].isupper()


@pytest.mark.parametrize("kind", BY_CODE.values(), ids=lambda kind: kind.__name__)
def test_every_error_travels(kind: type[RemoteError]) -> None:
    sent = kind("what happened", right="prompt")
    wire = messages.Error(code=sent.code, message=sent.message, detail=sent.detail)
    got = codec.unpack(codec.pack(wire), messages.Error)
    back = from_code(got.code, got.message, got.detail)
    assert type(back) is kind
    assert (back.message, back.detail, back.exit_code) == (sent.message, sent.detail, kind.exit_code)


def test_a_code_of_tomorrow_becomes_a_plain_error() -> None:
    error = from_code("of-tomorrow", "words", {})
    assert type(error) is RemoteError
    assert str(error) == "words"


def test_exit_codes_are_those_that_are_documented() -> None:
    documented = ["0", *re.findall(r"\b(\d+) {1,4}[a-z\w]", (errors.__doc__ or "").partition("with:")[2])]
    assert {int(code) for code in documented} == {code.value for code in Exit}
