from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote.rights import FULL, PRESETS, WATCH, WORK, Right, describe, parse, with_implied


@pytest.mark.parametrize(
    ("text", "rights"),
    [
        ("watch", WATCH),
        ("work", WORK),
        ("FULL", FULL),
        ("view, prompt", {Right.VIEW, Right.PROMPT}),
        ("watch,files", {Right.VIEW, Right.FILES}),
        ("admin", {Right.ADMIN, Right.EXEC}),
    ],
)
def test_read(text: str, rights: set[Right]) -> None:
    assert parse(text) == rights


@pytest.mark.parametrize("text", ["", "all", "view,", "view prompt"])
def test_rubbish_is_explained(text: str) -> None:
    with pytest.raises(ValueError, match="there are watch, work, full, view"):
        parse(text)


@given(st.sets(st.sampled_from(Right), min_size=1))
def test_what_is_written_is_read_again(rights: set[Right]) -> None:
    assert parse(describe(rights)) == with_implied(rights)


def test_written() -> None:
    assert {name: describe(rights) for name, rights in PRESETS.items()} == {name: name for name in PRESETS}
    assert describe([Right.FILES, Right.VIEW]) == "view,files"
    assert describe([]) == "nothing"
