"""What is told of the workers."""

from __future__ import annotations

from claude_remote import facts
from claude_remote import messages as m
from claude_remote_broker import ports
from claude_remote_broker.core import Limits
from tests.broker.playbook import OWNER, Playbook
from tests.broker.test_bus_verbs import QUESTION
from tests.broker.test_pool import start


def workers(book: Playbook) -> m.Workers:
    book.connect(99, OWNER)
    book.says(99, m.ListWorkers())
    told, done = book.hears(99)
    assert isinstance(told, m.Workers)
    assert done == m.Done()
    return told


def test_nobody() -> None:
    assert workers(Playbook(workers=3, least=1, idle=60, warm=0)) == m.Workers(
        least=1, most=3, counted=0, idle=60
    )


def test_what_each_does_and_takes() -> None:
    book = Playbook(workers=2)
    book.memory = {4242: 3_000_000, 77: 150_000_000, 78: 1}
    one, two = start(book, 1), start(book, 2)
    one.states(facts.ClaudeStarted(pid=77, claude_session="c", resumed=False))
    two.states(QUESTION)
    book.tick(5)
    two.states(facts.BackgroundChanged(tasks=2))
    three = start(book, 3)
    three.finishes(3)
    told = workers(book)
    assert (told.counted, len(told.workers), told.line) == (2, 3, ())
    first, second, third = told.workers
    assert first == m.WorkerInfo(
        worker="w-1",
        state="working",
        since=1000.0,
        pid=4242,
        memory=3_000_000,
        claude=77,
        claude_memory=150_000_000,
        session=one.session,
        name="s1",
        client="laptop",
    )
    assert (second.state, second.since, second.background, second.claude) == ("waiting", 1000.0, 2, 0)
    assert (third.state, third.since, third.client) == ("idle", 1005.0, "")


def test_who_is_starting_ending_and_waits() -> None:
    book = Playbook(workers=1)
    one = start(book, 1)
    book.connect(2)
    book.prompts(2, 2, name="s2")
    book.says(1, m.Cancel())
    told = workers(book)
    (waiting,) = told.line
    assert (waiting.name, waiting.client, waiting.since) == ("s2", "laptop", 1000.0)
    one.finishes(1)
    assert [worker.state for worker in workers(book).workers] == ["ending"]
    one.exits()
    assert [worker.state for worker in workers(book).workers] == ["starting"]
    assert workers(book).line == ()


def test_a_new_broker_tells_since_it_knows() -> None:
    book = Playbook()
    start(book, 1)
    start(book, 2).finishes(2)
    book = Playbook(disk=book.disk)
    assert [(worker.state, worker.since) for worker in workers(book).workers] == [
        ("working", 1000.0),
        ("idle", 1000.0),
    ]


def test_many_come_in_parts() -> None:
    book = Playbook(workers=1, limits=Limits(opens_of_client=1000))
    book.connect(1)
    for number in range(600):
        book.says(1, m.Open(target=m.Target(name=f"{number} " + "x" * 50)))
    book.connect(99, OWNER)
    book.says(99, m.ListWorkers())
    *told, _ = book.hears(99)
    parts = [message for message in told if isinstance(message, m.Workers)]
    assert len(parts) > 1
    assert sum(len(part.line) for part in parts) == 599
    assert all(part.most == 1 for part in parts)


def test_nobody_listens_any_more() -> None:
    book = Playbook()
    start(book, 1)
    book.connect(99, OWNER)
    book << ports.Disconnected(99)
    book << ports.Received(99, m.ListWorkers())
    book << ports.Weighed(1, {})
    assert book.hears(99) == []
