"""Paragraphs that are too long for one line of a document."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from claude_remote_gui.text import paragraphs as module
from claude_remote_gui.text.paragraphs import GOES_ON, LONGEST_LINE, Paragraph, Span, broken


def test_what_is_short_stays_as_it_is() -> None:
    short = [
        Paragraph((Span("a"), Span("b" * (LONGEST_LINE - 1), bold=True)), "code", 1, first=True),
        Paragraph(()),
    ]
    assert broken(short) == short


@given(st.lists(st.tuples(st.text("ab", max_size=30), st.booleans()), max_size=8))
def test_nothing_is_lost_and_each_piece_but_the_last_says_that_it_goes_on(
    given_: list[tuple[str, bool]],
) -> None:
    before = module.LONGEST_LINE
    module.LONGEST_LINE = 7
    try:
        whole = Paragraph(tuple(Span(text, bold=bold) for text, bold in given_), "added", first=True)
        pieces = broken([whole])
    finally:
        module.LONGEST_LINE = before
    letters = [
        (letter, span.bold)
        for each in pieces
        for span in each.spans
        if span != GOES_ON
        for letter in span.text
    ]
    assert letters == [(letter, bold) for text, bold in given_ for letter in text]
    assert all(len(each.text) <= 8 for each in pieces)
    assert [each.first for each in pieces] == [True, *[False] * (len(pieces) - 1)]
    assert all((each.spans[-1:] == (GOES_ON,)) == (each is not pieces[-1]) for each in pieces)
