"""Control requests: asked once, answered once, bounded in number and time."""

from __future__ import annotations

import pytest

from claude_remote import bus
from claude_remote import messages as m
from claude_remote_broker import ports
from claude_remote_broker.core import Limits
from tests.broker.playbook import PHONE, Hand, Playbook
from tests.broker.test_bus_verbs import begun

NAME = "fix-failing-test"
MODE = m.Control(session=NAME, subtype="set_permission_mode")


def asked(book: Playbook, hand: Hand, conn: int = 2) -> bus.Ask:
    book.connect(conn, PHONE)
    book.says(conn, MODE, b'{"mode":"plan"}')
    (ask,) = hand.hear()
    assert isinstance(ask, bus.Ask)
    assert ask.subtype == "set_permission_mode"
    return ask


def code(book: Playbook, conn: int) -> str:
    (error,) = book.hears(conn)
    assert isinstance(error, m.Error)
    return error.code


def test_a_long_answer_comes_in_several_frames() -> None:
    book = Playbook()
    hand = begun(book)
    ask = asked(book, hand)
    book.worker_says(hand.route, bus.Reply(request=ask.request, ok=True), b"x" * (1024 * 1024 + 1))
    assert [(type(message), len(payload)) for message, payload in book.reads(2)] == [
        (m.Answer, 1024 * 1024),
        (m.Answer, 1),
        (m.Done, 0),
    ]


def test_what_claude_refuses_is_an_error_in_its_words() -> None:
    book = Playbook()
    hand = begun(book)
    ask = asked(book, hand)
    book.worker_says(hand.route, bus.Reply(request=ask.request, ok=False), b'{"error":"no such mode"}')
    (error,) = book.hears(2)
    assert isinstance(error, m.Error)
    assert (error.code, error.message) == ("claude-failed", "no such mode")
    ask = asked(book, hand)
    book.worker_says(hand.route, bus.Reply(request=ask.request, ok=False), b"\xff")
    assert code(book, 2) == "claude-failed"


def test_an_answer_that_does_not_come() -> None:
    book = Playbook()
    hand = begun(book)
    ask = asked(book, hand)
    for _ in range(61):
        book.worker_says(hand.route, bus.Beat())
        book.tick(1)
    assert code(book, 2) == "timed-out"
    book.worker_says(hand.route, bus.Reply(request=ask.request, ok=True), b"{}")
    assert book.hears(2) == []


def test_a_claude_that_dies_answers_nothing() -> None:
    book = Playbook()
    hand = begun(book)
    asked(book, hand)
    hand.exits()
    assert code(book, 2) == "claude-failed"
    book.says(2, MODE, b'{"mode":"plan"}')
    assert code(book, 2) == "not-idle"


def test_who_went_away_or_cancelled_waits_no_more() -> None:
    book = Playbook(limits=Limits(controls_of_session=1))
    hand = begun(book)
    asked(book, hand, 2)
    book << ports.Disconnected(2)
    asked(book, hand, 3)
    book.says(3, m.Cancel())
    assert book.hears(3) == [m.Done()]
    asked(book, hand, 4)
    book.connect(5, PHONE)
    book.says(5, MODE, b'{"mode":"plan"}')
    assert code(book, 5) == "queue-full"


@pytest.mark.parametrize(
    ("control", "arguments", "expected"),
    [
        (MODE, b"[]", "bad-message"),
        (MODE, b"{", "bad-message"),
        (MODE, b'{"mode":"sideways"}', "bad-option"),
        (m.Control(session=NAME, subtype="end_session"), b"", "bad-option"),
        (m.Control(session="other", subtype="get_status"), b"", "no-such-session"),
    ],
)
def test_what_cannot_be_asked(control: m.Control, arguments: bytes, expected: str) -> None:
    book = Playbook()
    begun(book)
    book.connect(2, PHONE)
    book.says(2, control, arguments)
    assert code(book, 2) == expected
