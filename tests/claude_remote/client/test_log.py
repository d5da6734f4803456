"""Reading a log off the wire: numbers without a gap or a double, long lines in parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote import facts
from claude_remote.client.events import Fact, Line, UnknownFact
from claude_remote.client.log import LogReader
from claude_remote.errors import BadMessage
from claude_remote.messages import Cursor, Events, Source


def events(first: int, count: int, *, more: bool = False, source: Source = Source.CLAUDE) -> Events:
    return Events(generation=1, first=first, count=count, source=source, at=0.0, more=more)


def test_lines_are_numbered() -> None:
    reader = LogReader(Cursor(1, 4))
    assert list(reader.read(events(5, 2), b"a\nb\n")) == [Line(b"a", Cursor(1, 5)), Line(b"b", Cursor(1, 6))]
    assert reader.cursor == Cursor(1, 6)


def test_what_was_read_is_not_read_again() -> None:
    reader = LogReader(Cursor(1, 5))
    assert list(reader.read(events(4, 3), b"a\nb\nc\n")) == [Line(b"c", Cursor(1, 6))]


def test_a_gap_is_an_error() -> None:
    with pytest.raises(BadMessage, match="events 5 to 6 of the session are missing"):
        list(LogReader(Cursor(1, 4)).read(events(7, 1), b"a\n"))


def test_a_prompt_that_waited_begins_later_than_it_was_accepted() -> None:
    reader = LogReader()
    reader.begin_after(Cursor(1, 4))
    assert list(reader.read(events(7, 1), b"a\n")) == [Line(b"a", Cursor(1, 7))]
    with pytest.raises(BadMessage, match="event"):
        list(reader.read(events(9, 1), b"c\n"))


@pytest.mark.parametrize("payload", [b"", b"a", b"a\nb", b"a\nb\nc\n"])
def test_a_wrong_count_is_an_error(payload: bytes) -> None:
    with pytest.raises(BadMessage, match="were announced"):
        list(LogReader().read(events(1, 2), payload))


@given(st.binary(min_size=1, max_size=100).filter(lambda line: b"\n" not in line), st.data())
def test_a_long_line_comes_in_parts(line: bytes, data: st.DataObject) -> None:
    whole = line + b"\n"
    cut = data.draw(st.integers(0, len(whole)))
    reader = LogReader()
    assert list(reader.read(events(1, 1, more=True), whole[:cut])) == []
    assert list(reader.read(events(1, 1), whole[cut:])) == [Line(line, Cursor(1, 1))]


def test_facts_are_read() -> None:
    fact = facts.Notice(level="info", text="hello")
    read = LogReader().read(events(1, 1, source=Source.FACT), facts.encode(fact))
    assert list(read) == [Fact(fact, Cursor(1, 1))]


def test_facts_of_a_newer_server_are_not_lost() -> None:
    raw = b'{"type":"claude_remote","fact":"new-fact"}'
    read = LogReader().read(events(1, 1, source=Source.FACT), raw + b"\n")
    assert list(read) == [UnknownFact(raw, Cursor(1, 1))]
