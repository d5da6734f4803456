"""Many sessions that speak in one turn: one Store for all of them, and each by itself in all that follows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from claude_remote import bus, facts
from claude_remote import messages as m
from claude_remote_broker import ports
from claude_remote_broker.core import Limits
from claude_remote_broker.core.effects import Effects
from claude_remote_broker.core.session import Session
from claude_remote_broker.core.shutting import Shutting
from tests.broker.playbook import CountingIds, Hand, Playbook, uuid

LIMITS = Limits(pause_between_acknowledgements=0.0)


def talking(count: int, limits: Limits = LIMITS) -> tuple[Playbook, list[Hand]]:
    """So many sessions whose turns run, each followed by the connection of its number."""
    book = Playbook(limits=limits, workers=count)
    hands = []
    for number in range(1, count + 1):
        book.connect(number)
        book.prompts(number, number, name=f"session-{number}")
        hand = Hand(book, number).launched()
        hand.ready()
        hand.starts(number)
        hand.hear()
        book.hears(number)
        hands.append(hand)
    return book, hands


def words(hand: Hand, *lines: bytes) -> ports.FromWorker:
    """The next batch of claude's lines, to be given to the core together with others."""
    batch = bus.Batch(
        session=hand.session or "",
        epoch=hand.epoch,
        first=hand.next,
        count=len(lines),
        source=m.Source.CLAUDE,
        at=hand.book.now,
    )
    hand.next += len(lines)
    return ports.FromWorker(hand.route, batch, b"".join(line + b"\n" for line in lines))


def fact(hand: Hand, stated: facts.Fact) -> ports.FromWorker:
    event = words(hand, facts.encode(stated)[:-1])
    assert isinstance(event.verb, bus.Batch)
    batch = bus.Batch(
        session=event.verb.session,
        epoch=event.verb.epoch,
        first=event.verb.first,
        count=1,
        source=m.Source.FACT,
        at=event.verb.at,
    )
    return ports.FromWorker(event.route, batch, event.payload)


def acks(hand: Hand) -> list[int]:
    return [verb.seq for verb in hand.hear() if isinstance(verb, bus.Ack)]


def shown(book: Playbook, conn: int) -> list[bytes]:
    """The lines that a reader was sent."""
    sent = [payload for message, payload in book.reads(conn) if isinstance(message, m.Events)]
    return b"".join(sent).splitlines()


def test_what_they_say_in_one_turn_is_one_store() -> None:
    book, hands = talking(3)
    commands = book.follows(words(hands[0], b"a1"), words(hands[1], b"b1"), words(hands[2], b"c1"))
    (store,) = commands
    assert isinstance(store, ports.Store)
    assert [len(each.operations) for each in store.transactions] == [1, 1, 1]
    assert [hand.hear() for hand in hands] == [[], [], []]
    book.perform(commands)
    assert [acks(hand) for hand in hands] == [[2], [2], [2]]
    assert [shown(book, number) for number in (1, 2, 3)] == [[b"a1"], [b"b1"], [b"c1"]]


def test_what_one_says_twice_in_a_turn_is_one_row() -> None:
    book, (hand,) = talking(1)
    book.turn(words(hand, b"a1"), words(hand, b"a2", b"a3"))
    assert acks(hand) == [4]
    (_, row) = book.disk.log[hand.session or ""]
    assert (row.first, row.count, row.lines) == (2, 3, b"a1\na2\na3\n")
    assert shown(book, 1) == [b"a1", b"a2", b"a3"]


def test_one_that_fails_in_the_middle_is_tried_again_and_holds_nobody_up() -> None:
    book, hands = talking(3)
    book.hold = True
    book.turn(*(words(hand, b"first") for hand in hands))
    book.release(1)
    book.release(1, reason="disk full")
    book.release(1)
    assert [acks(hand) for hand in hands] == [[2], [], [2]]
    assert [shown(book, number) for number in (1, 2, 3)] == [[b"first"], [], [b"first"]]
    # What comes meanwhile waits behind it, and of the others it does not.
    book.turn(*(words(hand, b"second") for hand in hands))
    assert len(book.held) == 2
    book.hold = False
    book.release()
    assert [acks(hand) for hand in hands] == [[3], [], [3]]
    book.tick(2.0)
    assert acks(hands[1])[-1] == 3
    assert shown(book, 2) == [b"first", b"second"]


def test_a_fact_behind_words_that_fail_stays_behind_them() -> None:
    book, (hand,) = talking(1)
    book.hold = True
    book.turn(words(hand, b"a"))
    hand.finishes(1)
    book.release(1, reason="disk full")
    assert not [each for each in book.hears(1) if isinstance(each, m.Events | m.Finished)]
    book.hold = False
    book.release()
    book.tick(2.0)
    kinds = [type(message) for message in book.hears(1)]
    assert kinds == [m.Events, m.Events, m.Finished, m.Done]
    assert [row.source for row in book.disk.log[hand.session or ""]] == ["fact", "claude", "fact"]


def test_words_that_come_while_a_fact_fails_stay_behind_it() -> None:
    book, (hand,) = talking(1)
    book.hold = True
    hand.states(facts.Notice(level="info", text="so"))
    book.turn(words(hand, b"a"))
    book.release(1, reason="disk full")
    book.hold = False
    book.release()
    book.tick(2.0)
    assert [(row.first, row.source) for row in book.disk.log[hand.session or ""]] == [
        (1, "fact"),
        (2, "fact"),
        (3, "claude"),
    ]
    assert acks(hand)[-1] == 3


def test_words_and_facts_of_one_turn_keep_their_order() -> None:
    book, (hand,) = talking(1)
    finished = facts.TurnFinished(prompt=uuid(1), outcome="done", last_words="ok")
    book.turn(words(hand, b"a"), fact(hand, finished), words(hand, b"b"))
    assert [(row.first, row.source) for row in book.disk.log[hand.session or ""]] == [
        (1, "fact"),
        (2, "claude"),
        (3, "fact"),
        (4, "claude"),
    ]
    # The end of the turn is told when it is stored, and not before its words.
    kinds = [type(message) for message in book.hears(1)]
    assert kinds == [m.Events, m.Events, m.Finished, m.Done]
    assert acks(hand) == [3, 4]


def test_a_prompt_of_the_same_turn_is_not_lost_behind_words() -> None:
    book, (hand,) = talking(1)
    book.hold = True
    book.connect(9)
    prompt = m.Prompt(id=uuid(9), target=m.Target(session=hand.session), size=1)
    book.turn(words(hand, b"a"), ports.Received(9, prompt, b"x"))
    book.hold = False
    while book.held:
        book.release()
    assert any(isinstance(message, m.Accepted) for message in book.hears(9))
    assert shown(book, 1) == [b"a"]


def held_back(book: Playbook, hand: Hand) -> Session:
    """A session whose turn is over, and in which a prompt waits because the server lets nothing new begin."""
    context = book.core._context
    book.connect(9)
    book.prompts(9, 9, session=hand.session)
    context.draining[99] = cast("Shutting", SimpleNamespace(look=lambda: None))
    hand.finishes(1)
    hand.hear()
    del context.draining[99]
    session = context.sessions.get(hand.session or "")
    assert session is not None
    return session


def gives(hand: Hand) -> list[str]:
    return [verb.prompt for verb in hand.hear() if isinstance(verb, bus.Give)]


def test_what_may_begin_while_words_are_stored_begins_afterwards() -> None:
    book, (hand,) = talking(1)
    session = held_back(book, hand)
    book.hold = True
    book.turn(words(hand, b"a"))
    session.ledger.kick()
    assert gives(hand) == []
    book.release()
    book.release()
    assert gives(hand) == [uuid(9)]


def test_what_may_begin_during_the_pause_after_a_failure_begins_after_it() -> None:
    book, (hand,) = talking(1)
    session = held_back(book, hand)
    book.hold = True
    book.turn(words(hand, b"a"))
    book.release(reason="disk full")
    book.hold = False
    session.ledger.kick()
    assert gives(hand) == []
    book.now += LIMITS.storage_pause + 0.1  # and no tick has come yet
    book.turn(words(hand, b"b"))
    assert gives(hand) == [uuid(9)]
    assert book.disk.lines(session.id)[-2:] == [b"a", b"b"]


def test_a_gap_of_one_is_refused_once_and_the_others_are_heard() -> None:
    book, (left, right) = talking(2)
    left.next += 1
    book.turn(words(left, b"lost"), words(right, b"here"), words(left, b"lost, too"))
    assert left.hear() == [bus.Welcome(acked=1)]
    assert acks(right) == [2]
    assert shown(book, 1) == []
    # Sent again from the tail on, with other boundaries.
    left.next = 2
    book.turn(words(left, b"between", b"lost", b"lost, too"))
    assert shown(book, 1) == [b"between", b"lost", b"lost, too"]


def test_a_batch_that_comes_twice_in_a_turn_counts_once() -> None:
    book, (hand,) = talking(1)
    twice = words(hand, b"a")
    book.turn(twice, twice)
    assert book.disk.lines(hand.session or "")[1:] == [b"a"]
    assert shown(book, 1) == [b"a"]


@pytest.mark.parametrize("stored", [0, 1, 2])
def test_a_broker_that_dies_between_them_has_shown_nothing_that_is_not_there(stored: int) -> None:
    book, hands = talking(2)
    book.hold = True
    book.turn(*(words(hand, b"said") for hand in hands))
    for _ in range(stored):  # these got to the disk, and nobody heard of it
        book.disk.store(book.held.popleft())
    assert [acks(hand) for hand in hands] == [[], []]
    assert [shown(book, number) for number in (1, 2)] == [[], []]

    again = Playbook(disk=book.disk, limits=LIMITS, workers=2, ids=CountingIds(500))
    for number, hand in enumerate(hands):
        hand.book = again
        hand.launched()
        (welcome, *_) = hand.ready(f"again-{number}".encode())
        assert welcome == bus.Welcome(acked=2 if number < stored else 1)
    for hand in hands:  # they do not know it, and send what was not acknowledged
        hand.next = 2
    again.turn(*(words(hand, b"said") for hand in hands))
    assert [again.disk.lines(hand.session or "")[1:] for hand in hands] == [[b"said"], [b"said"]]
    assert [acks(hand)[-1] for hand in hands] == [2, 2]


def test_a_worker_that_dies_before_its_words_are_stored_leaves_them_in_the_log() -> None:
    book, (hand, other) = talking(2)
    book.hold = True
    book.turn(words(hand, b"last words"), words(other, b"on"))
    hand.exits()
    book.hold = False
    while book.held:
        book.release()
    lines = book.disk.lines(hand.session or "")
    assert lines[1] == b"last words"
    assert b"turn-finished" in lines[-1]
    assert shown(book, 2) == [b"on"]


def test_a_session_that_is_gone_takes_no_words() -> None:
    book, (hand, other) = talking(2)
    session = book.core._context.sessions.get(hand.session or "")
    assert session is not None
    session.gone = True
    book.turn(words(hand, b"lost"), words(other, b"here"))
    assert book.disk.lines(hand.session or "")[1:] == []
    assert (shown(book, 1), shown(book, 2)) == ([], [b"here"])
    assert session.ledger.quiet


def test_words_that_wait_when_the_session_goes_are_dropped() -> None:
    book, (hand, other) = talking(2)
    session = book.core._context.sessions.get(hand.session or "")
    assert session is not None
    book.core.handle(words(hand, b"lost"), book.now)
    session.gone = True
    book.turn(words(other, b"here"))
    assert book.disk.lines(hand.session or "")[1:] == []
    assert shown(book, 2) == [b"here"]


def test_a_defect_in_what_follows_from_one_is_no_matter_of_the_others() -> None:
    effects = Effects()
    told: list[str] = []

    def breaks(failure: str | None) -> None:
        raise KeyError(failure)

    effects.store([], lambda _: told.append("first"))
    effects.store([], breaks)
    effects.store([], lambda _: told.append("last"))
    (store,) = effects.take()
    assert isinstance(store, ports.Store)
    with pytest.raises(ExceptionGroup) as raised:
        effects.stored(ports.Stored(tuple(each.ticket for each in store.transactions)))
    assert told == ["first", "last"]
    assert isinstance(raised.value.exceptions[0], KeyError)
