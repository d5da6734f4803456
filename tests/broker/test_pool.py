"""The pool: how many workers, who waits, who makes room."""

from __future__ import annotations

from claude_remote import bus
from claude_remote import messages as m
from claude_remote_broker import ports
from claude_remote_broker.core import Limits
from tests.broker.playbook import PHONE, Hand, Playbook, uuid
from tests.broker.test_bus_verbs import QUESTION, names


def waiting(book: Playbook, conn: int) -> list[m.Waiting]:
    return [message for message in book.hears(conn) if isinstance(message, m.Waiting)]


def start(book: Playbook, number: int) -> Hand:
    """Session `s<number>` on connection <number> in the middle of a turn."""
    book.connect(number)
    book.prompts(number, number, name=f"s{number}")
    hand = Hand(book, number).launched()
    hand.ready()
    hand.starts(number)
    hand.hear()
    return hand


def test_a_prompt_waits_for_a_worker_and_is_told_its_place() -> None:
    book = Playbook(workers=1)
    first = start(book, 1)
    for number in (2, 3, 4):
        book.connect(number)
        book.prompts(number, number, name=f"s{number}")
    assert waiting(book, 2) == [m.Waiting(why="worker", place=0)]
    assert waiting(book, 4) == [m.Waiting(why="worker", place=2)]
    assert len(book.launches) == 1

    first.finishes(1)
    assert names(first.hear())[-1] == "Release"
    assert len(book.launches) == 1
    first.exits()
    assert [launch.worker for launch in book.launches] == ["w-1", "w-2"]
    assert waiting(book, 2) == [m.Waiting(why="start")]
    assert waiting(book, 3)[-1] == m.Waiting(why="worker", place=0)
    assert waiting(book, 4) == [m.Waiting(why="worker", place=1)]


def test_the_longest_idle_makes_room() -> None:
    book = Playbook(workers=2)
    one, two = start(book, 1), start(book, 2)
    two.finishes(2)
    book.tick(5)
    one.finishes(1)
    one.hear()
    two.hear()
    book.connect(3)
    book.prompts(3, 3, name="s3")
    assert names(two.hear()) == ["Release"]
    assert one.hear() == []
    two.exits()
    assert [launch.worker for launch in book.launches] == ["w-1", "w-2", "w-3"]
    assert book.disk.sessions[two.session or ""].lease is None


def test_a_session_that_is_being_parked_gets_its_next_prompt_afterwards() -> None:
    book = Playbook(workers=1)
    one = start(book, 1)
    one.finishes(1)
    book.connect(2)
    book.prompts(2, 2, name="s2")
    book.prompts(1, 11, session="s1")
    assert names(one.hear())[-1] == "Release"
    one.exits()
    assert len(book.launches) == 2
    two = Hand(book, 2).launched()
    two.ready()
    two.starts(2)
    two.finishes(2)
    two.exits()
    three = Hand(book, 3).launched()
    three.ready()
    assert three.session == one.session
    assert three.prompts == [uuid(11)]


def test_who_waits_for_an_approval_takes_no_place() -> None:
    book = Playbook(workers=1)
    one = start(book, 1)
    book.connect(2)
    book.prompts(2, 2, name="s2")
    assert len(book.launches) == 1
    one.states(QUESTION)
    assert len(book.launches) == 2


def test_waiting_sessions_have_a_bound_of_their_own() -> None:
    book = Playbook(workers=1, limits=Limits(waiting_workers=1))
    start(book, 1).states(QUESTION)
    two = start(book, 2)
    from claude_remote import facts
    from tests.broker.playbook import uuid as number

    two.states(
        facts.ApprovalOpened(approval=number(91), tool="Bash", input=b"{}", summary="", tool_use="u")  # type: ignore[arg-type]
    )
    book.connect(3)
    book.prompts(3, 3, name="s3")
    assert len(book.launches) == 2


def test_a_prompt_that_is_withdrawn_leaves_the_line() -> None:
    book = Playbook(workers=1)
    start(book, 1)
    for number in (2, 3):
        book.connect(number)
        book.prompts(number, number, name=f"s{number}")
        book.hears(number)
    book.says(2, m.Withdraw())
    assert waiting(book, 3) == [m.Waiting(why="worker", place=0)]


def test_a_session_that_could_not_be_stored_leaves_the_line() -> None:
    book = Playbook(workers=1)
    start(book, 1)
    book.connect(2)
    book.hold = True
    book.prompts(2, 2, name="s2")
    book.release(reason="disk full")
    book.hold = False
    book.connect(3)
    book.prompts(3, 3, name="s3")
    assert waiting(book, 3) == [m.Waiting(why="worker", place=0)]


def test_a_lease_that_could_not_be_stored_gives_its_place_back() -> None:
    book = Playbook(workers=1)
    book.connect(1)
    book.hold = True
    book.prompts(1, 1, name="s1")
    book.release(reason="disk full")
    book.hold = False
    book.tick(2)
    book.prompts(1, 1, name="s1")
    assert len(book.launches) == 1


def test_open_starts_a_claude_before_there_is_a_prompt() -> None:
    book = Playbook(workers=1)
    book.connect(1)
    book.says(1, m.Open(target=m.Target(name="soon", cwd="src")))
    opened, done = book.hears(1)
    assert isinstance(opened, m.Opened)
    assert opened.session.name == "soon"
    assert done == m.Done()
    hand = Hand(book).launched()
    assert names(hand.ready()) == ["Welcome", "Lease"]
    book.prompts(1, 1, session="soon")
    assert names(hand.hear()) == ["Give"]
    book.says(1, m.Cancel())
    book.hears(1)
    book.says(1, m.Open(target=m.Target(session="soon")))
    assert [type(message) for message in book.hears(1)] == [m.Opened, m.Done]
    assert len(book.launches) == 1
    assert hand.hear() == []


def test_one_client_opens_only_so_many_that_wait() -> None:
    book = Playbook(workers=1, limits=Limits(opens_of_client=2))
    book.connect(1)
    book.connect(2, PHONE)
    said = []
    for _ in range(4):
        book.says(1, m.Open(target=m.Target()))
        said.append(book.hears(1)[0])
    # The first has a worker, two wait.
    assert [type(message) for message in said] == [m.Opened, m.Opened, m.Opened, m.Error]
    book.says(2, m.Open(target=m.Target()))
    assert isinstance(book.hears(2)[0], m.Opened)


def test_idle_workers_stay_while_nobody_waits() -> None:
    book = Playbook(workers=1)
    hand = start(book, 1)
    hand.finishes(1)
    book.tick(3)
    assert [verb for verb in hand.hear() if isinstance(verb, bus.Release)] == []


def test_a_new_broker_runs_what_waited() -> None:
    book = Playbook(workers=1)
    hand = start(book, 1)
    book.connect(2)
    book.prompts(2, 2, name="s2")
    book = Playbook(workers=1, disk=book.disk)
    assert book.launches == []
    book << ports.WorkersKnown()
    book << ports.WorkerExited(hand.worker)
    assert len(book.launches) == 1
