"""Control requests: asked once, answered once, bounded in number and time."""

from __future__ import annotations

import pytest

from claude_remote import bus
from claude_remote import messages as m
from claude_remote_broker import ports
from claude_remote_broker.core import Limits
from tests.broker.playbook import LAPTOP, PHONE, Hand, Playbook, uuid
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


def test_patience_ends_though_the_clock_was_set_back() -> None:
    book = Playbook()
    hand = begun(book)
    asked(book, hand)
    book.now -= 3600
    book.tick(1)
    assert code(book, 2) == "timed-out"


def test_a_claude_that_dies_answers_nothing() -> None:
    book = Playbook()
    hand = begun(book)
    asked(book, hand)
    hand.exits()
    assert code(book, 2) == "claude-failed"
    book.says(2, m.Control(session=NAME, subtype="get_status"))
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


def parked(book: Playbook) -> Hand:
    hand = begun(book)
    hand.finishes(1)
    hand.exits()
    hand.hear()
    book.connect(2, PHONE)
    return hand


@pytest.mark.parametrize(
    ("subtype", "arguments", "answer", "fields"),
    [
        ("set_permission_mode", b'{"mode":"plan"}', b'{"mode":"plan"}', {"mode": "plan"}),
        ("set_permission_mode", b'{"mode":"manual"}', b'{"mode":"default"}', {"mode": "default"}),
        ("set_model", b'{"model":"opus"}', b'{"model":"opus"}', {"model": "opus"}),
        ("set_model", b"{}", b'{"model":"default"}', {"model": "default"}),
    ],
)
def test_mode_and_model_of_a_parked_session_are_for_its_next_claude(
    subtype: str, arguments: bytes, answer: bytes, fields: dict[str, str]
) -> None:
    book = Playbook()
    hand = parked(book)
    book.says(2, m.Control(session=NAME, subtype=subtype), arguments)
    assert book.reads(2) == [(m.Answer(), answer), (m.Done(), b"")]
    assert b"session-changed" in book.disk.lines(hand.session or "")[-1]
    assert len(book.launches) == 1
    book.prompts(1, 11, session=NAME)
    (_, lease, *_) = Hand(book, 2).launched().ready()
    assert {name: getattr(lease, name) for name in fields} == fields


def test_a_parked_session_answers_nothing_else() -> None:
    book = Playbook()
    parked(book)
    for subtype, arguments in (("get_status", b""), ("set_permission_mode", b'{"mode":"bypassPermissions"}')):
        book.says(2, m.Control(session=NAME, subtype=subtype), arguments)
        assert code(book, 2) == "not-idle"


def leaving(book: Playbook, *, asks_before: bool) -> Hand:
    """Its claude is being parked when a client asks for another mode."""
    hand = begun(book)
    hand.finishes(1)
    hand.hear()
    if asks_before:
        asked(book, hand)
    else:
        book.connect(2, PHONE)
    book.connect(3, LAPTOP)
    book.says(3, m.Close(session=NAME))
    return hand


@pytest.mark.parametrize("asks_before", [True, False])
def test_a_mode_that_comes_while_claude_is_parked_is_for_the_next(*, asks_before: bool) -> None:
    book = Playbook()
    hand = leaving(book, asks_before=asks_before)
    if not asks_before:
        hand.hear()
        book.says(2, MODE, b'{"mode":"plan"}')
        assert hand.hear() == []
        book.says(3, m.Ping())
        book.connect(4, PHONE)
        book.says(4, m.Control(session=NAME, subtype="get_status"))
        assert code(book, 4) == "not-idle"
    hand.exits()
    assert book.reads(2) == [(m.Answer(), b'{"mode":"plan"}'), (m.Done(), b"")]
    book.connect(5, LAPTOP)
    book.prompts(5, 11, session=NAME)
    (_, lease, *_) = Hand(book, 2).launched().ready()
    assert isinstance(lease, bus.Lease)
    assert lease.mode == "plan"


def test_a_mode_that_cannot_be_stored() -> None:
    book = Playbook()
    parked(book)
    book.disk.full = "disk full"
    book.says(2, MODE, b'{"mode":"plan"}')
    assert code(book, 2) == "storage-failed"


@pytest.mark.parametrize("request_", [(MODE, b'{"mode":"plan"}'), (m.Close(session=NAME), b"")])
def test_what_could_not_be_written_leaves_no_gap_in_the_log(request_: tuple[m.Message, bytes]) -> None:
    book = Playbook()
    hand = parked(book)
    tail = len(book.disk.lines(hand.session or ""))
    book.disk.full = "disk full"
    book.says(2, *request_)
    assert code(book, 2) == "storage-failed"
    book.disk.full = ""
    book.tick(2)
    book.prompts(1, 11, session=NAME)
    second = Hand(book, 2).launched()
    second.ready()
    assert second.next == tail + 1
    second.starts(11)
    second.finishes(11)
    assert len(book.disk.lines(hand.session or "")) == tail + 2
    assert book.disk.prompts[uuid(11)].state == "done"


def test_a_mode_that_comes_while_claude_starts() -> None:
    book = Playbook()
    parked(book)
    book.hold = True
    book.prompts(1, 11, session=NAME)
    book.says(2, MODE, b'{"mode":"plan"}')
    book.release()
    assert code(book, 2) == "not-idle"
