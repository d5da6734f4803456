"""Who is told when nobody looks, and who is left alone."""

from __future__ import annotations

from claude_remote import bus, facts
from claude_remote import messages as m
from claude_remote.rights import FULL, Right
from claude_remote_broker.core.noticing import ACTIVE, HOLD
from tests.broker.playbook import PHONE, Hand, Playbook, uuid


def running() -> tuple[Playbook, Hand]:
    """A turn whose client has left."""
    book = Playbook()
    book.connect(1)
    data = b"hello"
    prompt = m.Prompt(id=uuid(1), target=m.Target(name="mine"), size=len(data), follow=False)
    book.says(1, prompt, data)
    hand = Hand(book).launched()
    hand.ready()
    hand.starts(1)
    return book, hand


def asks(hand: Hand, number: int = 8) -> None:
    hand.states(
        facts.ApprovalOpened(
            approval=uuid(number), tool="Bash", tool_use="t", input={"command": "rm x"}, summary="rm x"
        )
    )


def told(book: Playbook) -> list[str]:
    occasions = [notice.occasion for notice in book.notices]
    book.notices.clear()
    return occasions


def quiet_time(book: Playbook, hand: Hand, seconds: float) -> None:
    """Time passes, and the worker is heard in it."""
    for _ in range(int(seconds)):
        book.tick()
        book.worker_says(hand.route, bus.Beat())


def test_a_turn_that_nobody_looks_at() -> None:
    book, hand = running()
    asks(hand)
    (notice,) = book.notices
    assert (notice.occasion, notice.session_name, notice.client) == ("approval", "mine", "laptop")
    assert (notice.tool, notice.text, notice.approval) == ("Bash", "rm x", uuid(8))
    assert notice.title == "mine on home asks for an approval"
    told(book)
    hand.finishes(1)
    assert book.notices[0].text == "Fixed."
    assert told(book) == ["done"]


def test_a_turn_that_fails() -> None:
    book, hand = running()
    hand.finishes(1, error=True, reason="API error")
    assert book.notices[0].text == "API error"
    assert told(book) == ["failed"]
    book, hand = running()
    hand.exits()
    assert told(book) == ["failed"]


def test_what_somebody_stopped_is_not_told() -> None:
    book, hand = running()
    book.connect(2)
    book.says(2, m.Interrupt(session="mine"))
    hand.finishes(1, outcome="interrupted")
    assert told(book) == []


def test_who_looks_is_left_alone_for_a_while() -> None:
    for request in (m.Attach(session="mine"), m.Watch()):
        book, hand = running()
        book.connect(2, PHONE)
        book.says(2, request)
        asks(hand)
        assert told(book) == []
        quiet_time(book, hand, HOLD - 2)
        assert told(book) == []
        quiet_time(book, hand, 3)
        assert told(book) == ["approval"]


def test_who_looked_and_left_is_told_at_once() -> None:
    book, hand = running()
    book.connect(2, PHONE)
    book.says(2, m.Attach(session="mine"))
    asks(hand)
    book.says(2, m.Cancel())
    book.tick()
    assert told(book) == ["approval"]


def test_what_was_decided_meanwhile_is_not_told() -> None:
    book, hand = running()
    book.connect(2, PHONE)
    book.says(2, m.Attach(session="mine"))
    asks(hand)
    book.says(2, m.Decide(approval=uuid(8), behavior=m.Behavior.ALLOW))
    quiet_time(book, hand, HOLD + 2)
    hand.finishes(1)
    assert told(book) == []


def test_who_may_not_approve_does_not_look() -> None:
    book, hand = running()
    book.table.given[PHONE.fingerprint] = FULL - {Right.APPROVE}
    book.connect(2, PHONE)
    book.says(2, m.Attach(session="mine"))
    asks(hand)
    assert told(book) == ["approval"]


def test_who_only_sits_there_does_not_look() -> None:
    book, hand = running()
    book.connect(2, PHONE)
    book.says(2, m.Attach(session="mine"))
    quiet_time(book, hand, ACTIVE + 1)
    asks(hand)
    assert told(book) == ["approval"]
    # Something on another connection is a sign of life, too.
    book.connect(3, PHONE)
    book.says(3, m.Ping())
    asks(hand, 9)
    assert told(book) == []
