"""Claudes that are kept for new sessions: who gets one, who does not, and when they go."""

from __future__ import annotations

from typing import Any

import pytest

from claude_remote import bus, facts, feed
from claude_remote import messages as m
from claude_remote.rights import WORK
from claude_remote_broker import ports
from tests.broker.playbook import LAPTOP, PHONE, Hand, Playbook, uuid
from tests.broker.test_bus_verbs import names
from tests.broker.test_counting import workers
from tests.broker.test_pool import released, start, waiting


def began(**options: Any) -> Playbook:
    """A server on which a session has begun and ended its turn; so a warm claude is wanted."""
    book = Playbook(**({"warm": 1} | options))
    start(book, 1).finishes(1)
    return book


def warm(book: Playbook, number: int = 2) -> Hand:
    """The warm one's worker, its claude ready."""
    book.tick(3)
    assert len(book.launches) == number
    hand = Hand(book, number).launched()
    assert names(hand.ready()) == ["Welcome", "Lease"]
    hand.states(facts.ClaudeStarted(pid=77, claude_session="c", resumed=False))
    hand.prints(b'{"type":"control_response"}')
    hand.states(facts.ClaudeReady())
    assert hand.hear() == []  # nothing of it is stored, so nothing is acknowledged
    return hand


def hand_on(book: Playbook, hand: Hand, seconds: int) -> list[bus.Verb]:
    """Time passes, and this worker is heard of. What it is told."""
    said: list[bus.Verb] = []
    for _ in range(seconds):
        book.worker_says(hand.route, bus.Beat())
        book.tick(1)
        said += hand.hear()
    return said


def states(book: Playbook) -> list[str]:
    return sorted(worker.state for worker in workers(book).workers)


def test_after_a_new_session_one_is_started_for_the_next() -> None:
    book = began()
    assert len(book.launches) == 1
    warm(book)
    assert states(book) == ["idle", "warm"]
    book.tick(60)
    assert len(book.launches) == 2


def test_a_new_session_with_the_same_setup_gets_it() -> None:
    book = began()
    hand = warm(book)
    book.connect(2)
    book.prompts(2, 2, text="and this", name="two")
    verbs = hand.hear()
    assert [type(verb) for verb in verbs] == [bus.Ack, bus.Give]
    assert hand.prompts == [uuid(2)]
    row = book.disk.sessions[hand.session or ""]
    assert (row.name, row.client, row.client_name) == ("two", LAPTOP.fingerprint, LAPTOP.name)
    assert row.lease is not None
    assert (row.claude, row.claude_pid, row.starting) == (True, 77, False)
    assert b"claude-ready" in book.disk.lines(row.id)[-1]
    accepted = book.hears(2)[0]
    assert isinstance(accepted, m.Accepted)
    assert accepted.session.id == row.id
    hand.starts(2)
    hand.finishes(2)
    finished = book.hears(2)
    assert isinstance(finished[-2], m.Finished)
    # What its claude said at its start is none of this prompt's events.
    first = next(message for message in finished if isinstance(message, m.Events))
    assert first.first == 4
    # And the next is made ready.
    warm(book, 3)


def test_an_opened_session_gets_it_too() -> None:
    book = began()
    hand = warm(book)
    book.connect(2)
    book.says(2, m.Open(target=m.Target(name="soon")))
    opened, done = book.hears(2)
    assert isinstance(opened, m.Opened)
    assert (opened.session.id, opened.session.state) == (hand.session, m.SessionState.IDLE)
    assert opened.cursor.seq == 3
    assert done == m.Done()
    assert len(book.launches) == 2


def test_one_that_is_not_ready_yet_is_given_too() -> None:
    book = began()
    book.tick(3)
    book.connect(2)
    book.prompts(2, 2, name="two")
    assert waiting(book, 2) == [m.Waiting(why="start")]
    hand = Hand(book, 2).launched()
    assert names(hand.ready()) == ["Welcome", "Lease", "Give"]
    assert states(book) == ["idle", "working"]


def test_nobody_sees_it_before() -> None:
    book = began()
    book.items()
    hand = warm(book)
    book.connect(2)
    book.says(2, m.ListSessions())
    (listed, _) = book.hears(2)
    assert isinstance(listed, m.Sessions)
    assert [session.name for session in listed.sessions] == ["s1"]
    book.says(2, m.Attach(session=hand.session or ""))
    (error,) = book.hears(2)
    assert isinstance(error, m.Error)
    assert error.code == "no-such-session"
    assert list(book.disk.sessions) != [hand.session]
    items = book.items()
    assert {item.session.name for item in items if isinstance(item, feed.SessionUpdated)} == {"s1"}
    told = [item for item in items if isinstance(item, feed.WorkerUpdated)]
    assert {item.session for item in told if item.worker == hand.worker} == {None}
    book.prompts(2, 2, name="two")
    book.tick(1)
    told = [item for item in book.items() if isinstance(item, feed.WorkerUpdated)]
    assert told[-1].session == hand.session


@pytest.mark.parametrize(
    "other",
    [
        {"cwd": "elsewhere"},
        {"options": ("--model", "opus")},
        {"options": ("--permission-mode", "plan")},
        {"options": ("--max-turns", "3")},
    ],
    ids=str,
)
def test_another_setup_does_not_get_it(other: dict[str, Any]) -> None:
    book = began()
    hand = warm(book)
    book.connect(2)
    book.prompts(2, 2, name="two", **other)
    assert hand.hear() == []
    assert len(book.launches) == 3
    # It is the one that was used last by now.
    book.tick(3)
    assert released(hand) == ["now"]


def test_a_client_with_other_rights_does_not_get_it() -> None:
    book = began()
    hand = warm(book)
    book.table.given[PHONE.fingerprint] = WORK
    book.connect(2, PHONE)
    book.prompts(2, 2, name="two")
    assert hand.prompts == []
    assert len(book.launches) == 3


def test_a_client_with_other_roots_does_not_get_it() -> None:
    book = began()
    hand = warm(book)
    book.table.rooted[PHONE.fingerprint] = ("/home/me",)
    book.connect(2, PHONE)
    book.prompts(2, 2, name="two")
    assert hand.prompts == []


def test_a_client_that_is_equal_gets_it() -> None:
    book = began()
    hand = warm(book)
    book.connect(2, PHONE)
    book.prompts(2, 2, name="two")
    hand.hear()
    assert hand.prompts == [uuid(2)]
    assert book.disk.sessions[hand.session or ""].client == PHONE.fingerprint


def test_a_fork_does_not_get_it() -> None:
    book = began()
    hand = warm(book)
    book.connect(2)
    book.prompts(2, 2, session="s1", fork=True)
    assert hand.prompts == []
    assert len(book.launches) == 3


def test_what_has_changed_since_makes_it_useless() -> None:
    book = began()
    hand = warm(book)
    book.stamp = "another commit"
    book.connect(2)
    book.prompts(2, 2, name="two")
    assert names(hand.hear()) == ["Release", "Ack"]
    assert len(book.launches) == 3
    hand.exits()
    warm(book, 4)


def test_while_the_state_of_the_folder_cannot_be_told_it_is_kept() -> None:
    book = began()
    hand = warm(book)
    book.stamp = ""
    book.connect(2)
    book.prompts(2, 2, name="two")
    assert hand.hear() == []
    book.stamp = "as it was"
    book.connect(3)
    book.prompts(3, 3, name="three")
    hand.hear()
    assert hand.prompts == [uuid(3)]


def test_a_folder_whose_state_cannot_be_told_has_none() -> None:
    book = Playbook(warm=1)
    book.stamp = ""
    start(book, 1)
    book.tick(10)
    assert len(book.launches) == 1
    assert sum(check.stamp for check in book.folder_checks) == 1


def test_nobody_looks_at_a_folder_for_nothing() -> None:
    book = Playbook()
    start(book, 1)
    start(book, 2)
    assert not any(check.stamp for check in book.folder_checks)


def test_it_makes_room_first() -> None:
    book = began(workers=2)
    hand = warm(book)
    book.connect(2)
    book.prompts(2, 2, name="two", cwd="elsewhere")
    assert names(hand.hear()) == ["Release", "Ack"]
    hand.exits()
    assert len(book.launches) == 3


def test_it_does_not_come_before_who_waits() -> None:
    book = Playbook(workers=2, warm=1)
    start(book, 1)
    hand = warm(book)
    for number in (3, 4):
        book.connect(number)
        book.prompts(number, number, name=f"s{number}", cwd="elsewhere")
    book.connect(5)
    book.prompts(5, 5, name="s5")
    hand.hear()
    assert hand.prompts == []
    assert waiting(book, 5) == [m.Waiting(why="worker", place=2)]


def test_without_room_there_is_none() -> None:
    book = began(workers=1)
    book.tick(60)
    assert len(book.launches) == 1


def test_it_counts() -> None:
    book = began(workers=2)
    warm(book)
    assert workers(book).counted == 2


def test_scaled_down_it_goes_first() -> None:
    book = began(workers=2)
    hand = warm(book)
    book.connect(9, ports.Peer("local", "owner", m.Door.LOCAL))
    book.says(9, m.ScaleWorkers(least=0, most=1))
    assert names(hand.hear()) == ["Release", "Ack"]


def test_one_that_nobody_wants_ends() -> None:
    book = began()
    hand = warm(book)
    said = hand_on(book, hand, 1700)
    assert said == []
    assert names(hand_on(book, hand, 200)) == ["Release", "Ack"]
    hand.exits()
    book.tick(100)
    assert len(book.launches) == 2


def test_one_that_cannot_start_is_not_tried_again_and_again() -> None:
    book = began()
    book.tick(3)
    book << ports.LaunchFailed("w-2", "no memory")
    book.tick(60)
    assert len(book.launches) == 2
    # With the next new session it is.
    book.connect(2)
    book.prompts(2, 2, name="two")
    book.tick(3)
    assert len(book.launches) == 4


def test_one_whose_claude_ends_is_let_go() -> None:
    book = began()
    hand = warm(book)
    hand.states(facts.ClaudeExited(code=1, expected=False, reason="Not logged in."))
    assert [type(verb) for verb in hand.hear()] == [bus.Release, bus.Ack]
    book.worker_says(hand.route, bus.Gone(session=hand.session or "", epoch=1))
    hand.exits()
    hand_on(book, Hand(book, 1), 60)
    assert len(book.launches) == 2
    assert states(book) == ["idle"]


def test_one_that_dies_leaves_nothing() -> None:
    book = began()
    hand = warm(book)
    hand.exits()
    assert states(book) == ["idle"]
    assert hand.session not in book.disk.sessions
    assert len(list(book.core._context.sessions)) == 1


def test_one_that_is_given_away_and_dies_is_a_session_like_any_other() -> None:
    book = began()
    hand = warm(book)
    book.connect(2)
    book.prompts(2, 2, name="two")
    hand.hear()
    hand.starts(2)
    hand.exits()
    assert [type(message) for message in book.hears(2)][-2:] == [m.Finished, m.Done]
    assert book.disk.sessions[hand.session or ""].lease is None


def test_a_session_that_cannot_be_stored_ends_it() -> None:
    book = began()
    hand = warm(book)
    book.connect(2)
    book.disk.full = "disk full"
    book.prompts(2, 2, name="two")
    (error,) = book.hears(2)
    assert isinstance(error, m.Error)
    assert error.code == "storage-failed"
    assert book.kills == [hand.worker]
    hand.exits()
    book.disk.full = ""
    book.prompts(2, 2, name="two")
    assert len(book.launches) == 3


def test_who_has_gone_meanwhile_does_not_keep_it() -> None:
    book = began()
    hand = warm(book)
    book.connect(2)
    book.prompts(2, 2, name="s1")  # that name is taken, so it is not given away
    assert isinstance(book.hears(2)[0], m.Error)
    assert hand.hear() == []
    assert states(book) == ["idle", "warm"]


def test_a_revoked_client_leaves_none() -> None:
    book = began()
    hand = warm(book)
    book << ports.ClientCutOff(LAPTOP.fingerprint)
    assert released(hand) == ["now"]


def test_the_end_of_the_server_ends_it() -> None:
    book = began()
    hand = warm(book)
    book.perform(book.core.shutdown(book.now))
    assert names(hand.hear()) == ["Release", "Ack"]
    hand.exits()
    Hand(book, 1).exits()
    assert book.core.quiet


def test_the_next_broker_does_not_know_it() -> None:
    book = began()
    hand = warm(book)
    book = Playbook(disk=book.disk, warm=1)
    book << ports.WorkerLaunched(hand.worker, 4242, 17.0)
    assert book.kills == [hand.worker]


def test_it_comes_by_a_new_road() -> None:
    book = began()
    hand = warm(book)
    hand.ready(b"r-new")
    book.connect(2)
    book.prompts(2, 2, name="two")
    assert [type(verb) for verb in hand.hear()] == [bus.Ack, bus.Give]


def test_a_silent_one_is_not_given() -> None:
    book = began()
    hand = warm(book)
    hand_on(book, Hand(book, 1), 10)
    book.connect(2)
    book.prompts(2, 2, name="two")
    assert hand.hear() == []
    assert len(book.launches) == 3
    hand_on(book, Hand(book, 1), 10)
    assert book.kills == [hand.worker]


def test_several() -> None:
    book = began(warm=2)
    book.tick(5)
    assert len(book.launches) == 3
    first, second = Hand(book, 2).launched(), Hand(book, 3).launched()
    first.ready()
    second.ready()
    for number in (4, 5):
        book.connect(number)
        book.prompts(number, number, name=f"s{number}")
    first.hear()
    second.hear()
    assert (first.prompts, second.prompts) == ([uuid(4)], [uuid(5)])
