"""Shutdown and the server's log, asked for by a client."""

from __future__ import annotations

import logging

import pytest

from claude_remote import messages as m
from claude_remote.rights import WORK
from claude_remote_broker import ports
from claude_remote_broker.core import Core
from claude_remote_broker.log_tail import LogTail
from tests.broker.playbook import LAPTOP, OWNER, PHONE, Playbook
from tests.broker.test_bus_verbs import QUESTION, begun


def ending(book: Playbook) -> Playbook:
    """The owner, on connection 9, waits for the turns that run."""
    book.connect(9, OWNER)
    book.says(9, m.Shutdown())
    return book


def test_without_turns_it_ends_at_once() -> None:
    book = ending(Playbook())
    assert book.hears(9) == [m.Done()]
    assert book.ends == ["owner"]


def test_it_waits_for_the_turns_that_run_and_says_how_many() -> None:
    book = Playbook()
    hand = begun(book)
    ending(book)
    assert book.hears(9) == [m.Draining(turns=1)]
    hand.states(QUESTION)
    book.tick()
    assert book.hears(9) == [m.Draining(turns=1, waiting=1)]
    book.tick()
    assert book.hears(9) == []
    # Who may approve still may: the turn could not end otherwise.
    book.connect(2, PHONE)
    book.says(2, m.Decide(approval=QUESTION.approval, behavior=m.Behavior.ALLOW))
    assert not isinstance(book.hears(2)[0], m.Error)
    hand.finishes(1)
    assert book.ends == []
    book.tick()
    assert book.hears(9) == [m.Done()]
    assert book.ends == ["owner"]


def test_who_asks_as_well_knows_that_he_is_not_alone_and_everybody_what_is_to_come() -> None:
    book = Playbook()
    begun(book)
    ending(book)
    book.hears(9)
    book.connect(8, OWNER)
    book.says(8, m.Shutdown())
    assert book.hears(8) == [m.Draining(turns=1, others=1)]
    book.tick()
    assert book.hears(9) == [m.Draining(turns=1, others=1)]
    book.connect(2)
    book.says(2, m.ShowStatus())
    (status,) = [message for message in book.hears(2) if isinstance(message, m.Status)]
    words = "it shuts down when one turn that runs has ended, and begins nothing new; asked for by owner"
    assert status.problems[0] == words
    book.says(8, m.Cancel())
    book.tick()
    assert book.hears(9) == [m.Draining(turns=1)]
    book.says(9, m.Cancel())
    book.says(2, m.ShowStatus())
    (status,) = [message for message in book.hears(2) if isinstance(message, m.Status)]
    assert words not in status.problems


def test_now_does_not_wait() -> None:
    book = Playbook()
    begun(book)
    book.connect(9, OWNER)
    book.says(9, m.Shutdown(now=True))
    assert book.hears(9) == [m.Done()]
    assert book.ends == ["owner"]


def test_meanwhile_nothing_begins() -> None:
    book = Playbook()
    hand = begun(book)
    book.connect(3)
    book.prompts(3, 3, session=hand.session)
    ending(book)
    book.connect(2)
    book.prompts(2, 2, name="other")
    assert [message.code for message in book.hears(2) if isinstance(message, m.Error)] == ["shutting-down"]
    hand.finishes(1)
    assert "Give" not in [type(verb).__name__ for verb in hand.hear()]
    book.tick()
    assert book.ends == ["owner"]


@pytest.mark.parametrize(
    "how", [ports.Received(9, m.Cancel()), ports.Disconnected(9)], ids=["cancel", "gone"]
)
def test_taken_back_everything_goes_on(how: ports.Event) -> None:
    book = Playbook()
    hand = begun(book)
    book.connect(3)
    book.prompts(3, 3, session=hand.session)
    ending(book)
    hand.finishes(1)
    hand.hear()
    book << how
    assert "Give" in [type(verb).__name__ for verb in hand.hear()]
    book.tick()
    assert book.ends == []


def test_it_is_taken_back_with_the_right() -> None:
    book = Playbook()
    begun(book)
    book.connect(9)
    book.says(9, m.Shutdown())
    book.hears(9)
    book.table.given[LAPTOP.fingerprint] = WORK
    assert isinstance(book.core, Core)
    book.core._reception.rights_taken(LAPTOP.fingerprint)
    book << ports.Tick()
    assert [type(message).__name__ for message in book.hears(9)] == ["Error"]
    assert book.ends == []


# --- the log ---------------------------------------------------------------------------------------------


def filled(*lines: str, most: int = 100) -> LogTail:
    tail = LogTail(most)
    for line in lines:
        tail.emit(logging.LogRecord("x", logging.INFO, "", 0, line, None, None))
    return tail


def test_the_last_lines_are_read() -> None:
    book = Playbook(log=filled("one", "two", "three"))
    book.connect(9, OWNER)
    book.says(9, m.ServerLogs(lines=2))
    assert book.reads(9) == [(m.LogLines(), b"two\nthree\n"), (m.Done(), b"")]


def test_who_follows_is_sent_what_comes_until_he_leaves() -> None:
    tail = filled("one")
    book = Playbook(log=tail)
    book.connect(9, OWNER)
    book.says(9, m.ServerLogs(lines=0, follow=True))
    assert book.reads(9) == []
    tail.emit(logging.LogRecord("x", logging.INFO, "", 0, "two\nlines", None, None))
    book.tick()
    assert book.reads(9) == [(m.LogLines(), b"two\nlines\n")]
    book.says(9, m.Cancel())
    assert book.hears(9) == [m.Done()]


def test_a_slow_reader_waits_and_misses_what_is_not_kept() -> None:
    tail = filled("one", most=2)
    book = Playbook(log=tail)
    book.connect(9, OWNER)
    book << ports.Congested(9)
    book.says(9, m.ServerLogs(lines=5, follow=True))
    for line in ("two", "three", "four"):
        tail.emit(logging.LogRecord("x", logging.INFO, "", 0, line, None, None))
    book.tick()
    assert book.hears(9) == []
    book << ports.Drained(9)
    assert book.reads(9) == [(m.LogLines(), b"three\nfour\n")]


def test_long_logs_come_in_pieces_of_whole_lines() -> None:
    tail = filled(*["x" * 99] * 50)
    start, got = 0, b""
    while True:
        start, piece = tail.read(start, 1000)
        if not piece:
            break
        assert len(piece) == 1000
        got += piece
    assert got.count(b"\n") == 50
    assert filled("y" * 20_000).read(0, 10)[1] == b"y" * (8 * 1024) + b"\n"
