"""Posts from many threads arrive whole, and nobody can fill the memory."""

from __future__ import annotations

import threading

from claude_remote_gui.net.mailbox import Mailbox


def test_one_notice_for_what_comes_together() -> None:
    noticed: list[None] = []
    box: Mailbox[int] = Mailbox(lambda: noticed.append(None))
    for number in range(3):
        box.post(number)
    assert box.take()[0] == [0, 1, 2]
    assert len(noticed) == 1
    assert box.take()[0] == []
    box.post(3)
    assert len(noticed) == 2


def test_who_posts_into_a_full_box_waits() -> None:
    box: Mailbox[int] = Mailbox(lambda: None, most=2)
    threads = [threading.Thread(target=box.post, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    taken: list[int] = []
    while len(taken) < 6:
        posts = box.take()[0]
        assert len(posts) <= 2
        taken += posts
    for thread in threads:
        thread.join(10)
    assert sorted(taken) == list(range(6))


def test_closing_lets_everybody_go() -> None:
    box: Mailbox[int] = Mailbox(lambda: None, most=1)
    box.post(1)
    thread = threading.Thread(target=box.post, args=(2,))
    thread.start()
    box.close()
    thread.join(10)
    assert not thread.is_alive()
    assert box.take()[0] == []


def test_much_is_taken_in_bites_and_in_order() -> None:
    told: list[int] = []
    box: Mailbox[int] = Mailbox(lambda: told.append(1), most=100, weigh=lambda post: post)
    for post in (3, 4, 9, 1, 1):
        box.post(post)
    assert box.take(5) == ([3, 4], True)
    assert box.take(5) == ([9], True)  # one at least
    box.post(2)
    assert told == [1]  # who was told of more comes again without being told
    assert box.take(5) == ([1, 1, 2], False)
    assert box.take(5) == ([], False)
    box.post(1)
    assert told == [1, 1]


def test_what_weighs_much_fills_it_sooner() -> None:
    box: Mailbox[int] = Mailbox(lambda: None, most=10, weigh=lambda post: post)
    threads = [threading.Thread(target=box.post, args=(9,)) for _ in range(2)]
    for each in threads:
        each.start()
        each.join(10)  # there was room, if not for all of it
    thread = threading.Thread(target=box.post, args=(1,))
    thread.start()
    thread.join(0.1)
    assert thread.is_alive()
    assert box.take(1) == ([9], True)
    thread.join(10)
    assert box.take() == ([9, 1], False)


def test_the_thread_that_takes_never_waits_for_itself() -> None:
    box: Mailbox[int] = Mailbox(lambda: None, most=1)
    box.post(1)
    box.post(2)
    assert box.take() == ([1, 2], False)
