"""When a worker is told what is stored: at once when it matters, else now and then."""

from __future__ import annotations

from claude_remote import bus
from claude_remote import messages as m
from claude_remote_broker import ports
from claude_remote_broker.core import Limits
from tests.broker.playbook import Hand, Playbook

LIMITS = Limits(pause_between_acknowledgements=0.2, unacknowledged=1000)


def talking() -> tuple[Playbook, Hand]:
    """Claude has begun to speak, and its first event was acknowledged."""
    book = Playbook(limits=LIMITS)
    book.connect(1)
    book.prompts(1, 1)
    hand = Hand(book).launched()
    hand.ready()
    hand.starts(1)
    hand.hear()
    return book, hand


def acks(hand: Hand) -> list[int]:
    return [verb.seq for verb in hand.hear() if isinstance(verb, bus.Ack)]


def test_words_in_quick_succession_are_acknowledged_together() -> None:
    book, hand = talking()
    hand.prints(b"{}")
    hand.prints(b"{}")
    assert acks(hand) == []
    book.now += 0.25
    hand.prints(b"{}")
    assert acks(hand) == [4]


def test_what_comes_last_is_acknowledged_at_the_next_tick_and_once() -> None:
    book, hand = talking()
    hand.prints(b"{}")
    assert acks(hand) == []
    book.tick()
    assert acks(hand) == [2]
    book.tick()
    assert acks(hand) == []


def test_much_is_acknowledged_at_once() -> None:
    _, hand = talking()
    hand.prints(b'"' + b"x" * 1000 + b'"')
    assert acks(hand) == [2]


def test_many_batches_are_acknowledged_at_once() -> None:
    _, hand = talking()
    for _ in range(LIMITS.unacknowledged_batches - 1):
        hand.prints(b"{}")
    assert acks(hand) == []
    hand.prints(b"{}")
    assert acks(hand) == [1 + LIMITS.unacknowledged_batches]


def test_a_worker_whose_window_is_full_is_not_left_waiting() -> None:
    book, hand = talking()
    book.hold = True
    for _ in range(bus.WINDOW_BATCHES):
        hand.prints(b"{}")
    book.release()
    book.release()
    assert acks(hand)[-1] == 1 + bus.WINDOW_BATCHES


def test_a_fact_is_acknowledged_at_once() -> None:
    _, hand = talking()
    hand.prints(b"{}")
    hand.finishes(1)
    assert acks(hand) == [3]


def test_a_clock_that_was_set_back_does_not_hold_it_up() -> None:
    book, hand = talking()
    book.now -= 500
    hand.prints(b"{}")
    assert acks(hand) == [2]


def test_ticks_that_were_asked_for_tell_workers_nothing() -> None:
    book, hand = talking()
    book.tick()
    hand.prints(b"{}")
    assert acks(hand) == [2]
    hand.prints(b"{}")
    book.now += 0.01
    book << ports.Tick()
    assert book.worker_reads(hand.route) == []
    book.tick()
    assert acks(hand) == [3]


def test_what_happens_while_words_are_stored_is_not_forgotten() -> None:
    book, hand = talking()
    book.hold = True
    hand.prints(b"{}")
    book.connect(2)
    book.prompts(2, 2, session=hand.session)
    book.release()
    book.release()
    assert any(isinstance(message, m.Accepted) for message in book.hears(2))


def test_words_that_are_stored_are_no_news_for_the_feed() -> None:
    book, hand = talking()
    book.tick()
    book.items()
    hand.prints(b"{}")
    book.tick()
    assert book.items() == []
