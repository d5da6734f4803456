"""Which sessions are trimmed, when, and who is told."""

from collections.abc import Sequence

import pytest

from claude_remote import bus, feed
from claude_remote import messages as m
from claude_remote_broker import ports
from claude_remote_broker.core import Keep, Limits
from claude_remote_broker.journal import Trim
from tests.broker.playbook import PHONE, Hand, Playbook

DAY = 86_400.0


def names(sent: Sequence[m.Message]) -> list[str]:
    return [type(message).__name__ for message in sent]


def done(book: Playbook, number: int = 1, text: str = "fix the failing test") -> Hand:
    """A session whose only turn is over; its worker has left."""
    book.connect(number)
    book.prompts(number, number, text)
    hand = Hand(book, number).launched()
    hand.ready()
    hand.starts(number)
    hand.prints(b"{}" * 500)
    hand.finishes(number)
    hand.exits()
    book.says(number, m.ListSessions(session=hand.session))
    book.hears(number)
    return hand


def listed(book: Playbook, conn: int = 1) -> list[str]:
    book.says(conn, m.ListSessions())
    return [
        info.name
        for message in book.hears(conn)
        if isinstance(message, m.Sessions)
        for info in message.sessions
    ]


def error(book: Playbook, conn: int = 1) -> m.Error:
    (found,) = book.hears(conn)
    assert isinstance(found, m.Error)
    return found


def test_what_nobody_used_for_so_long_is_removed() -> None:
    book = Playbook(keep=Keep(days=1.0))
    hand = done(book)
    book.tick(120)
    assert listed(book) == ["fix-failing-test"]
    book.now += 2 * DAY
    book.items()
    book.tick(2)
    assert listed(book) == []
    (item,) = book.items()
    assert isinstance(item, feed.SessionForgotten)
    assert item.session == hand.session
    # Whoever asks for it is told so, by whatever name.
    for name in (hand.session or "", (hand.session or "")[:8], "fix-failing-test"):
        book.says(1, m.Attach(session=name))
        told = error(book)
        assert told.code == "session-trimmed"
        assert "claude-remote -r" in told.message
        assert told.detail["session"] == hand.session
    # Also by the next broker.
    after = Playbook(disk=book.disk, keep=Keep(days=1.0))
    after.connect(1)
    after.says(1, m.Attach(session="fix-failing-test"))
    assert error(after).code == "session-trimmed"


def test_the_same_prompt_is_the_same_prompt_for_ever() -> None:
    book = Playbook(keep=Keep(days=1.0))
    done(book)
    book.now += 2 * DAY
    book.tick(10)
    launches = len(book.launches)
    book.prompts(1, 1)
    assert error(book).code == "session-trimmed"
    book.prompts(1, 1, "another text")
    assert error(book).code == "prompt-conflict"
    assert len(book.launches) == launches


def test_claude_may_still_have_its_conversation() -> None:
    book = Playbook(keep=Keep(days=1.0))
    hand = done(book)
    conversation = book.disk.sessions[hand.session or ""].claude_session
    book.now += 2 * DAY
    book.tick(10)
    book.prompts(1, 2, session="fix-failing-test")
    assert error(book).code == "session-trimmed"  # it has not
    book.conversations[conversation] = ports.ConversationFound(0, conversation, "/home/me")
    book.prompts(1, 3, session=hand.session or "")
    assert names(book.hears(1))[0] == "Accepted"
    (row,) = book.disk.sessions.values()
    assert (row.claude_session, row.id != hand.session) == (conversation, True)
    # Asked for by its old name it is the new one.
    book.connect(2)
    book.prompts(2, 4, session=hand.session or "")
    assert names(book.hears(2))[0] == "Accepted"
    assert len(book.disk.sessions) == 1


def test_a_name_is_free_again() -> None:
    book = Playbook(keep=Keep(days=1.0))
    old = done(book)
    book.now += 2 * DAY
    book.tick(10)
    done(book, 2)
    assert listed(book) == ["fix-failing-test"]
    book.says(1, m.Attach(session=old.session or ""))
    assert error(book).code == "session-trimmed"


def test_who_does_not_see_others_is_not_told_of_theirs() -> None:
    book = Playbook(keep=Keep(days=1.0))
    done(book)
    book.now += 2 * DAY
    book.tick(10)
    book.table.given[PHONE.fingerprint] = frozenset()
    book.connect(9, PHONE)
    book.says(9, m.ListSessions(session="fix-failing-test"))
    assert error(book, 9).code == "no-such-session"


def test_what_runs_is_kept() -> None:
    book = Playbook(keep=Keep(days=1.0))
    book.connect(1)
    book.prompts(1, 1)
    hand = Hand(book, 1).launched()
    hand.ready()
    hand.starts(1)
    book.now += 2 * DAY
    for _ in range(70):
        book.worker_says(hand.route, bus.Beat())
        book.tick(1)
    book.connect(2)
    assert listed(book, 2) == ["fix-failing-test"]


def test_who_reads_it_is_told_when_it_goes() -> None:
    book = Playbook(keep=Keep(days=1.0))
    hand = done(book)
    book.connect(2)
    book.says(2, m.Attach(session=hand.session or ""))
    assert names(book.hears(2))[-1] == "Tail"
    book.now += 2 * DAY
    book.tick(10)
    assert [message.code for message in book.hears(2) if isinstance(message, m.Error)] == ["session-trimmed"]


def test_too_much_is_trimmed_the_oldest_first_and_no_more_than_needed() -> None:
    book = Playbook(keep=Keep(size=2500), limits=Limits(pause_between_acknowledgements=0.0, rest=60.0))
    for number, text in enumerate(("one", "two", "three"), 1):
        done(book, number, text)
        book.tick(1)
    assert sorted(listed(book)) == ["one", "three", "two"]
    book.tick(30)
    assert len(listed(book)) == 3  # they were used a moment ago
    book.tick(180)
    assert "one" not in listed(book)
    assert "three" in listed(book)


def test_a_trim_that_cannot_be_stored_is_none() -> None:
    book = Playbook(keep=Keep(days=1.0))
    done(book)
    book.now += 2 * DAY
    book.hold = True
    book.tick(6)
    (store,) = book.held
    assert isinstance(store.operations[0], Trim)
    # Between the two nothing happens to it.
    book.prompts(1, 6, session="fix-failing-test")
    assert error(book).code == "storage-failed"
    book.release(reason="database or disk is full")
    assert listed(book) == ["fix-failing-test"]
    book.hold = False
    book.prompts(1, 7, session="fix-failing-test")
    assert names(book.hears(1))[0] == "Accepted"


@pytest.mark.parametrize("keep", [None, Keep()])
def test_without_limits_nothing_is_measured(keep: Keep | None) -> None:
    book = Playbook(keep=keep)
    done(book)
    book.now += 1000 * DAY
    book.tick(100)
    assert listed(book) == ["fix-failing-test"]
