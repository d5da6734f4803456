"""The road of a prompt through the core, from the client to the worker and back."""

from __future__ import annotations

from claude_remote import bus, facts
from claude_remote import messages as m
from claude_remote_broker import ports
from tests.broker.playbook import Hand, Playbook, uuid


def test_a_prompt_from_its_first_byte_to_its_end() -> None:
    book = Playbook()
    book.connect(1)
    book.prompts(1, 7)

    accepted, waiting = book.hears(1)
    assert isinstance(accepted, m.Accepted)
    assert accepted.session.name == "fix-failing-test"
    assert accepted.session.cwd == "/home/me"
    assert accepted.cursor == (1, 0)
    assert waiting == m.Waiting(why="start")
    assert book.launches == [ports.Launch("w-1", "t-1", accepted.session.id, 1)]

    hand = Hand(book).launched()
    welcome, lease, give = hand.ready()
    assert welcome == bus.Welcome(acked=0)
    assert isinstance(lease, bus.Lease)
    assert (lease.epoch, lease.next, lease.cwd) == (1, 1, "/home/me")
    assert give == bus.Give(session=accepted.session.id, epoch=1, prompt=uuid(7), client="laptop")

    hand.states(facts.ClaudeStarted(pid=1, claude_session="c", resumed=False))
    hand.starts(7)
    hand.prints(b'{"type":"assistant"}')
    assert [verb.seq for verb in hand.hear() if isinstance(verb, bus.Ack)] == [1, 2, 3]
    events = book.reads(1)
    assert [(e.first, e.count, e.source) for e, _ in events if isinstance(e, m.Events)] == [
        (1, 1, "fact"),
        (2, 1, "fact"),
        (3, 1, "claude"),
    ]
    assert events[-1][1] == b'{"type":"assistant"}\n'

    hand.finishes(7)
    last, finished, done = book.hears(1)
    assert isinstance(last, m.Events)
    assert finished == m.Finished(prompt=uuid(7), state=m.PromptState.DONE)
    assert done == m.Done()


def test_nothing_is_seen_before_it_is_on_disk() -> None:
    book = Playbook()
    book.connect(1)
    book.hold = True
    book.prompts(1, 7)
    assert book.hears(1) == []
    assert book.launches == []
    book.release()
    assert [type(message) for message in book.hears(1)] == [m.Accepted, m.Waiting]
    hand = Hand(book).launched()
    assert [type(verb) for verb in hand.ready()] == [bus.Welcome, bus.Lease]
    book.release()
    assert [type(verb) for verb in hand.hear()] == [bus.Give]
    hand.starts(7)
    assert hand.hear() == []
    assert book.hears(1) == []
    book.release()
    assert [type(verb) for verb in hand.hear()] == [bus.Ack]
    assert [type(message) for message in book.hears(1)] == [m.Events]
