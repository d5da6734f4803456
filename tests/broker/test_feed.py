"""The feed: numbered without gaps, 20 messages a second for each session, a snapshot for who fell behind."""

from __future__ import annotations

import msgpack
import msgspec

from claude_remote import facts, feed
from claude_remote import messages as m
from claude_remote.rights import WATCH
from claude_remote_broker import ports
from claude_remote_broker.core import Limits
from tests.broker.playbook import LAPTOP, PHONE, Playbook, uuid
from tests.broker.test_bus_verbs import QUESTION, begun

CLIENT = m.ClientInfo(
    name="phone",
    state=m.ClientState.APPROVED,
    fingerprint=PHONE.fingerprint,
    words="amber fox",
    address="192.168.1.20",
    rights=(),
    first_seen=1.0,
    last_seen=2.0,
)


def watched(book: Playbook, conn: int) -> list[feed.Snapshot | feed.Published]:
    """What a watcher was sent."""
    messages: list[feed.Snapshot | feed.Published] = []
    data = b""
    for message, payload in book.reads(conn):
        assert isinstance(message, m.Feed)
        data += payload
        if not message.more:
            messages.append(msgspec.convert(msgpack.unpackb(data), feed.Snapshot | feed.Published))
            data = b""
    return messages


def kinds(items: list[feed.AnyItem]) -> list[str]:
    return [type(item).__name__ for item in items]


def test_the_numbers_have_no_gaps() -> None:
    book = Playbook()
    hand = begun(book)
    hand.states(QUESTION)
    book.tick(1)
    hand.finishes(1)
    book.tick(1)
    expected = 1
    for published in book.published:
        assert published.generation == 1
        assert published.seq == expected
        expected += len(published.items)
    assert Playbook(disk=book.disk).core._context.publisher.snapshot().generation == 2


def test_a_clock_that_was_set_back_does_not_hold_it_up() -> None:
    book = Playbook()
    hand = begun(book)
    book.tick(1)
    hand.states(facts.SessionChanged(model="opus"))
    book.items()
    book.now -= 3600
    hand.states(facts.SessionChanged(model="sonnet"))
    book.tick(1)
    assert "sonnet" in [item.session.model for item in book.items() if isinstance(item, feed.SessionUpdated)]


def test_the_course_of_a_prompt() -> None:
    book = Playbook()
    hand = begun(book)
    hand.finishes(1, answer="The fixture was wrong.\nFixed.")
    book.tick(1)
    items = book.items()
    prompts = [item for item in items if isinstance(item, feed.PromptUpdated)]
    assert [item.state for item in prompts] == ["queued", "dispatching", "running", "done"]
    assert (prompts[-1].cost, prompts[-1].duration, prompts[-1].text) == (0.5, 2.0, "fix the failing test")
    assert [item.text for item in items if isinstance(item, feed.Said)] == ["The fixture was wrong.\nFixed."]
    assert [item.state for item in items if isinstance(item, feed.WorkerUpdated)] == ["started", "leased"]
    sessions = [item.session for item in items if isinstance(item, feed.SessionUpdated)]
    assert (sessions[-1].state, sessions[-1].turns, sessions[-1].last_words) == ("idle", 1, "Fixed.")


def test_at_most_twenty_a_second_and_the_last_of_them_soon() -> None:
    book = Playbook()
    hand = begun(book)
    book.tick(1)
    book.published.clear()
    book.wakes.clear()
    for number in range(100):
        book.now += 0.001
        hand.states(facts.SessionChanged(model=f"m{number}"))
    assert len(book.published) <= 3
    assert book.wakes
    assert all(0 < delay <= 0.05 for delay in book.wakes)
    book.now += 0.05
    book << ports.Tick()
    sessions = [item.session.model for item in book.items() if isinstance(item, feed.SessionUpdated)]
    assert sessions[-1] == "m99"


def test_claudes_own_lines_are_no_items() -> None:
    book = Playbook()
    hand = begun(book)
    book.tick(1)
    book.items()
    hand.prints(b"{}", b"{}")
    book.tick(1)
    assert book.items() == []


def test_watch_by_the_door() -> None:
    book = Playbook()
    book.table.clients = (CLIENT,)
    hand = begun(book)
    hand.states(QUESTION)
    book.tick(1)
    book.connect(2, PHONE)
    book.says(2, m.Watch())
    (snapshot,) = watched(book, 2)
    assert isinstance(snapshot, feed.Snapshot)
    assert [approval.id for approval in snapshot.approvals] == [uuid(90)]
    assert [worker.worker for worker in snapshot.workers] == ["w-1"]
    assert snapshot.clients == (CLIENT,)
    book.tick(1)
    hand.finishes(1)
    (published,) = watched(book, 2)
    assert isinstance(published, feed.Published)
    assert published.seq == snapshot.seq + 1
    book.says(2, m.Cancel())
    assert book.hears(2) == [m.Done()]
    book.tick(1)
    assert book.hears(2) == []


def test_who_cannot_keep_up_gets_a_new_snapshot() -> None:
    book = Playbook()
    hand = begun(book)
    book.connect(2, PHONE)
    book.says(2, m.Watch())
    watched(book, 2)
    book << ports.Congested(2)
    hand.states(QUESTION)
    book.tick(1)
    hand.finishes(1)
    book.tick(1)
    assert book.hears(2) == []
    book << ports.Drained(2)
    (snapshot,) = watched(book, 2)
    assert isinstance(snapshot, feed.Snapshot)
    assert snapshot.sessions[0].turns == 1
    book << ports.ClientUpdated(CLIENT)
    (published,) = watched(book, 2)
    assert isinstance(published, feed.Published)
    assert published.seq == snapshot.seq + 1


def test_a_window_that_is_full_ends_in_a_new_snapshot() -> None:
    book = Playbook()
    book.connect(1)
    book.says(1, m.Watch(window=2))
    (snapshot,) = watched(book, 1)
    for _ in range(4):
        book << ports.ClientUpdated(CLIENT)
        book.tick(1)
    _, second = watched(book, 1)
    assert isinstance(second, feed.Published)
    book.says(1, m.Seen(seq=second.seq))
    (again,) = watched(book, 1)
    assert isinstance(again, feed.Snapshot)
    assert again.seq == snapshot.seq + 4
    book.says(1, m.Seen(seq=10**9))  # what was never sent counts for nothing
    for _ in range(3):
        book << ports.ClientUpdated(CLIENT)
        book.tick(1)
    assert len(watched(book, 1)) == 2


def test_where_clients_are_is_for_those_who_administer() -> None:
    book = Playbook()
    book.table.clients = (CLIENT,)
    book.table.given[LAPTOP.fingerprint] = WATCH
    book.connect(1)
    book.connect(2, PHONE)
    book.says(1, m.Watch())
    book.says(2, m.Watch())
    book << ports.ClientUpdated(CLIENT)
    seen: list[list[str]] = []
    for conn in (1, 2):
        snapshot, published = watched(book, conn)
        assert isinstance(snapshot, feed.Snapshot)
        assert isinstance(published, feed.Published)
        (item,) = published.items
        assert isinstance(item, feed.ClientChanged)
        seen.append([snapshot.clients[0].address, item.client.address, item.client.words, item.client.name])
    assert seen == [["", "", "", "phone"], ["192.168.1.20", "192.168.1.20", "amber fox", "phone"]]


def test_a_client_that_is_forgotten_leaves_the_feed() -> None:
    book = Playbook()
    book.connect(1)
    book.says(1, m.Watch())
    book << ports.ClientForgotten(CLIENT.fingerprint)
    _, published = watched(book, 1)
    assert isinstance(published, feed.Published)
    assert published.items == (feed.ClientForgotten(fingerprint=CLIENT.fingerprint),)


def test_watchers_are_bounded_and_leave_when_they_go() -> None:
    book = Playbook(limits=Limits(watchers=1))
    book.connect(1)
    book.connect(2)
    book.says(1, m.Watch())
    book.says(2, m.Watch())
    (error,) = book.hears(2)
    assert isinstance(error, m.Error)
    assert error.code == "queue-full"
    book << ports.Disconnected(1)
    book.says(2, m.Watch())
    assert len(watched(book, 2)) == 1
