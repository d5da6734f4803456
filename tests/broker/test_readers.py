"""Readers: from any place of the log to its tail, then with it; slow ones cost nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote import messages as m
from claude_remote.rights import Right
from claude_remote_broker import ports
from claude_remote_broker.core import Limits
from claude_remote_broker.core.lines import first, joined, slices, split, without_first
from tests.broker.playbook import PHONE, Hand, Playbook
from tests.broker.test_bus_verbs import begun

NAME = "fix-failing-test"


def received(book: Playbook, conn: int) -> list[tuple[int, bytes]]:
    """(number, line) of the events a connection was sent; long lines put together."""
    lines: list[tuple[int, bytes]] = []
    begun_line = b""
    for message, payload in book.reads(conn):
        if not isinstance(message, m.Events):
            continue
        assert len(payload) <= 1024 * 1024
        if message.more or begun_line:
            assert message.count == 1
            begun_line += payload
            if not message.more:
                lines.append((message.first, begun_line.removesuffix(b"\n")))
                begun_line = b""
            continue
        parts = payload.split(b"\n")[:-1]
        assert len(parts) == message.count
        lines += list(enumerate(parts, message.first))
    assert not begun_line
    return lines


def attached(book: Playbook, conn: int, after: m.Cursor | None = None, *, follow: bool = True) -> None:
    book.connect(conn, PHONE)
    book.says(conn, m.Attach(session=NAME, after=after, follow=follow))


@pytest.mark.parametrize("follow", [True, False])
def test_what_cannot_be_read_is_not_passed_over_in_silence(*, follow: bool) -> None:
    book = Playbook()
    hand = begun(book)
    hand.prints(b"a", b"b")
    book.disk.unreadable = True
    attached(book, 2, follow=follow)
    (error,) = book.hears(2)
    assert isinstance(error, m.Error)
    assert (error.code, "after event 0" in error.message) == ("storage-failed", True)


def test_attach_reads_what_was_says_that_it_was_all_and_follows() -> None:
    book = Playbook()
    hand = begun(book)
    hand.prints(b"a", b"b")
    attached(book, 2)
    *events, tail = book.hears(2)
    assert [(e.first, e.count) for e in events if isinstance(e, m.Events)] == [(1, 1), (2, 2)]
    assert tail == m.Tail(cursor=m.Cursor(1, 3))
    loads = book.loads
    hand.prints(b"c")
    assert received(book, 2) == [(4, b"c")]
    assert book.loads == loads
    book.says(2, m.Cancel())
    assert book.hears(2) == [m.Done()]
    hand.prints(b"d")
    assert book.hears(2) == []


def test_attach_without_follow_ends_at_the_tail() -> None:
    book = Playbook()
    hand = begun(book)
    hand.prints(b"a", b"b")
    attached(book, 2, m.Cursor(1, 2), follow=False)
    event, done = book.reads(2)
    assert event[1] == b"b\n"
    assert done[0] == m.Done()


def test_attach_in_the_middle_of_a_batch() -> None:
    book = Playbook()
    hand = begun(book)
    hand.prints(b"a", b"b", b"c")
    attached(book, 2, m.Cursor(1, 3))
    assert received(book, 2) == [(4, b"c")]


def test_a_cursor_of_an_earlier_generation_is_reset() -> None:
    book = Playbook()
    hand = begun(book)
    hand.prints(b"a")
    attached(book, 2, m.Cursor(0, 1))
    assert book.hears(2)[0] == m.Reset(cursor=m.Cursor(1, 1))
    attached(book, 3, m.Cursor(1, 99))
    assert book.hears(3)[0] == m.Reset(cursor=m.Cursor(1, 2))


def test_a_congested_reader_is_sent_nothing_and_reads_on_when_it_has_room() -> None:
    book = Playbook()
    hand = begun(book)
    attached(book, 2)
    book.hears(2)
    book << ports.Congested(2)
    hand.prints(b"a")
    hand.prints(b"b")
    assert book.hears(2) == []
    book << ports.Drained(2)
    assert received(book, 2) == [(2, b"a"), (3, b"b")]
    hand.prints(b"c")
    assert received(book, 2) == [(4, b"c")]


def test_a_congested_prompt_still_ends_when_it_has_room() -> None:
    book = Playbook()
    hand = begun(book)
    book << ports.Congested(1)
    hand.finishes(1)
    assert book.hears(1) == []
    book << ports.Drained(1)
    assert [type(message) for message in book.hears(1)] == [m.Events, m.Finished, m.Done]


def test_a_reader_that_is_far_behind_reads_in_bounded_pieces() -> None:
    book = Playbook(limits=Limits(read_ahead=100))
    hand = begun(book)
    for number in range(20):
        hand.prints(b"%03d" % number * 10)
    loads = book.loads
    attached(book, 2)
    assert len(received(book, 2)) == 21
    assert book.loads - loads > 5


def test_a_line_longer_than_a_frame_comes_in_several() -> None:
    book = Playbook()
    hand = begun(book)
    long = b"x" * (2 * 1024 * 1024 + 17)
    attached(book, 2)
    hand.prints(b"before", long, b"after")
    assert received(book, 2)[1:] == [(2, b"before"), (3, long), (4, b"after")]
    attached(book, 3)
    assert received(book, 3)[1:] == [(2, b"before"), (3, long), (4, b"after")]


def test_a_reader_may_be_congested_in_the_middle_of_a_long_line() -> None:
    book = Playbook(limits=Limits(read_ahead=10))
    hand = begun(book)
    hand.finishes(1)
    book.hears(1)
    attached(book, 2)
    book.hears(2)

    hand.book.hold = True
    hand.prints(b"y" * 25)
    book.hold = False
    (held,) = book.held
    book.held.clear()
    commands = book.follows(book.disk.store(held))
    (load,) = [command for command in commands if isinstance(command, ports.Load)]
    commands = book.follows(book.disk.perform(load))
    (send,) = [command for command in commands if isinstance(command, ports.Send)]
    assert isinstance(send.message, m.Events)
    assert (send.payload, send.message.more) == (b"y" * 10, True)
    book << ports.Congested(2)
    (load,) = [command for command in commands if isinstance(command, ports.Load)]
    book << book.disk.perform(load)
    assert book.hears(2) == []
    book << ports.Drained(2)
    assert b"".join(payload for _, payload in book.reads(2)) == b"y" * 15 + b"\n"


def test_who_went_away_while_something_was_loaded() -> None:
    book = Playbook()
    hand = begun(book)
    hand.prints(b"a")
    book.connect(2)
    commands = book.follows(ports.Received(2, m.Attach(session=NAME)))
    (load,) = [command for command in commands if isinstance(command, ports.Load)]
    book << ports.Disconnected(2)
    book << book.disk.perform(load)
    hand.prints(b"b")
    assert book.hears(2) == []


def test_a_reader_needs_a_session_that_it_may_see() -> None:
    book = Playbook()
    begun(book)
    book.connect(2, PHONE)
    book.says(2, m.Attach(session="nothing"))
    (error,) = book.hears(2)
    assert isinstance(error, m.Error)
    assert error.code == "no-such-session"
    book.table.given[PHONE.fingerprint] = frozenset({Right.PROMPT})
    book.says(2, m.Attach(session=NAME))
    (error,) = book.hears(2)
    assert isinstance(error, m.Error)
    assert error.code == "no-such-session", "without `view` the sessions of others do not exist"


@given(
    batches=st.lists(st.lists(st.binary(max_size=30).map(lambda b: b.replace(b"\n", b"")), min_size=1)),
    after=st.integers(0, 30),
    limit=st.integers(1, 60),
    congestion=st.lists(st.booleans(), max_size=12),
)
def test_every_reader_gets_every_line_once(
    batches: list[list[bytes]], after: int, limit: int, congestion: list[bool]
) -> None:
    book = Playbook(limits=Limits(read_ahead=limit))
    book.connect(1)
    book.prompts(1, 1)
    hand = Hand(book).launched()
    hand.ready()
    half = len(batches) // 2
    for batch in batches[:half]:
        hand.prints(*batch)
    everything = [line for batch in batches for line in batch]
    start = min(after, sum(map(len, batches[:half])))
    attached(book, 2, m.Cursor(1, start))
    for batch, slow in zip(batches[half:], [*congestion, *[False] * len(batches)], strict=False):
        book << (ports.Congested(2) if slow else ports.Drained(2))
        hand.prints(*batch)
    book << ports.Drained(2)
    assert received(book, 2) == list(enumerate(everything, 1))[start:]
    assert received(book, 1) == list(enumerate(everything, 1))


@given(st.lists(st.binary(max_size=20).map(lambda b: b.replace(b"\n", b"") + b"\n")), st.integers(1, 30))
def test_cutting_lines(lines: list[bytes], size: int) -> None:
    text = b"".join(lines)
    parts = list(split(text, size))
    assert b"".join(part.text for part in parts) == text
    for part in parts:
        assert part.text.count(b"\n") == part.number
        assert len(part.text) <= size or part.number == 1
    for count in range(len(lines) + 1):
        assert first(text, count) + without_first(text, count) == text
    assert b"".join(slices(text, size)) == text


FEW_ROWS = st.lists(
    st.builds(
        lambda lines, source, at: (lines, source, at),
        st.lists(st.sampled_from([b"a\n", b"bb\n", b"\n"]), min_size=1, max_size=3),
        st.sampled_from(m.Source),
        st.sampled_from([0.0, 0.5, 5.0]),
    )
)


@given(FEW_ROWS, st.integers(1, 20))
def test_rows_are_joined_without_loss(
    given_rows: list[tuple[list[bytes], m.Source, float]], size: int
) -> None:
    rows: list[ports.Row] = []
    for lines, source, pause in given_rows:
        start, at = (rows[-1].first + rows[-1].count, rows[-1].at) if rows else (1, 0.0)
        rows.append(ports.Row(start, len(lines), source, at + pause, b"".join(lines)))
    fewer = joined(rows, size)
    assert b"".join(row.lines for row in fewer) == b"".join(row.lines for row in rows)
    next_first = 1
    for row in fewer:
        assert (row.first, row.lines.count(b"\n")) == (next_first, row.count)
        assert len(row.lines) <= size or row in rows
        next_first += row.count
    by_first = {row.first: row for row in fewer}
    for row in rows:
        owner = by_first[max(start for start in by_first if start <= row.first)]
        assert owner.source is row.source
        assert 0 <= row.at - owner.at <= 1.0
