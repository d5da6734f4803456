"""Prompts: the same one again, in line, taken back, refused."""

from __future__ import annotations

import pytest

from claude_remote import bus, errors, facts
from claude_remote import messages as m
from claude_remote.rights import Right
from claude_remote_broker import ports
from claude_remote_broker.core import Limits
from tests.broker.playbook import LAPTOP, PHONE, Hand, Playbook, uuid


def kinds(heard: list[m.Message]) -> list[str]:
    return [type(message).__name__ for message in heard]


def error_of(book: Playbook, conn: int) -> m.Error:
    (error,) = book.hears(conn)
    assert isinstance(error, m.Error)
    return error


def running(book: Playbook, number: int = 1) -> Hand:
    """Prompt `number` on connection 1, given to a worker that has begun it."""
    book.connect(1)
    book.prompts(1, number)
    hand = Hand(book).launched()
    hand.ready()
    hand.starts(number)
    return hand


# --- text ----------------------------------------------------------------------------------------------


def test_a_text_may_come_in_parts() -> None:
    book = Playbook()
    book.connect(1)
    book.says(1, m.Prompt(id=uuid(1), target=m.Target(), size=9), b"one ")
    book.says(1, m.Part(), b"two")
    assert book.hears(1) == []
    book.says(1, m.Part(), b" 3")
    assert kinds(book.hears(1)) == ["Accepted", "Waiting"]
    hand = Hand(book).launched()
    hand.book.worker_says(b"r-1", bus.Ready(token="t-1", worker="w-1", pid=1, started=1.0))
    assert book.worker_reads(b"r-1")[-1][1] == b"one two 3"


def test_more_text_than_announced_is_refused() -> None:
    book = Playbook()
    book.connect(1)
    book.says(1, m.Prompt(id=uuid(1), target=m.Target(), size=3), b"four")
    assert error_of(book, 1).code == "too-large"
    book.prompts(1, 2)
    assert kinds(book.hears(1)) == ["Accepted", "Waiting"]


def test_text_that_is_not_utf8_is_refused() -> None:
    book = Playbook()
    book.connect(1)
    book.says(1, m.Prompt(id=uuid(1), target=m.Target(), size=2), b"\xff\xfe")
    assert error_of(book, 1).code == "bad-message"


def test_text_of_who_went_away_is_forgotten() -> None:
    book = Playbook(limits=Limits(prompt_bytes_of_client=10))
    book.connect(1)
    book.says(1, m.Prompt(id=uuid(1), target=m.Target(), size=9), b"one ")
    book.connect(2)
    book.prompts(2, 2, "too long")
    assert error_of(book, 2).code == "queue-full"
    book << ports.Disconnected(1)
    book.prompts(2, 2, "too long")
    assert kinds(book.hears(2)) == ["Accepted", "Waiting"]


# --- the same again ------------------------------------------------------------------------------------


def test_the_same_prompt_again_is_followed_and_not_run_again() -> None:
    book = Playbook()
    hand = running(book)
    hand.prints(b"{}")
    book.hears(1)
    hand.hear()
    book << ports.Disconnected(1)

    book.connect(2)
    book.says(
        2,
        m.Prompt(id=uuid(1), target=m.Target(), size=20, after=m.Cursor(1, 1)),
        b"fix the failing test",
    )
    accepted, event = book.hears(2)
    assert isinstance(accepted, m.Accepted)
    assert accepted.cursor == (1, 0)
    assert isinstance(event, m.Events)
    assert event.first == 2
    assert hand.hear() == []

    hand.finishes(1)
    assert kinds(book.hears(2)) == ["Events", "Finished", "Done"]

    book.prompts(2, 1)
    assert kinds(book.hears(2)) == ["Accepted", "Events", "Events", "Events", "Finished", "Done"]
    assert hand.hear()[1:] == []
    assert len(book.launches) == 1


def test_the_same_prompt_again_while_it_is_being_stored() -> None:
    book = Playbook()
    book.connect(1)
    book.connect(2)
    book.hold = True
    book.prompts(1, 1)
    book.prompts(2, 1)
    book.release()
    assert kinds(book.hears(1)) == ["Accepted", "Waiting"]
    assert kinds(book.hears(2)) == ["Accepted", "Waiting"]
    assert len(book.launches) == 1


def test_the_same_prompt_again_after_it_could_not_be_stored() -> None:
    book = Playbook()
    book.connect(1)
    book.connect(2)
    book.hold = True
    book.prompts(1, 1)
    book.prompts(2, 1)
    book.release(reason="disk full")
    assert error_of(book, 1).code == "storage-failed"
    book.release()
    assert kinds(book.hears(2)) == ["Accepted", "Waiting"]
    assert len(book.disk.sessions) == 1


def test_the_same_id_with_another_text_is_a_conflict() -> None:
    book = Playbook()
    hand = running(book)
    book.connect(2)
    book.prompts(2, 1, "something else")
    assert error_of(book, 2).code == "prompt-conflict"
    hand.finishes(1)
    book.prompts(2, 1, "something else")
    assert error_of(book, 2).code == "prompt-conflict"


def test_the_id_of_another_client_is_a_conflict() -> None:
    book = Playbook()
    running(book)
    book.connect(2, PHONE)
    book.prompts(2, 1)
    assert error_of(book, 2).code == "prompt-conflict"


# --- in line -------------------------------------------------------------------------------------------


def test_the_second_prompt_of_a_session_waits_and_is_told_its_place() -> None:
    book = Playbook()
    hand = running(book)
    hand.hear()
    book.connect(2, PHONE)
    book.connect(3, PHONE)
    book.prompts(2, 2, session="fix-failing-test")
    assert book.hears(2)[1:] == [m.Waiting(why="turn", place=1)]
    book.prompts(3, 3, session="fix-failing-test")
    assert book.hears(3)[1:] == [m.Waiting(why="turn", place=2)]

    hand.prints(b"{}")
    assert book.hears(2) == []
    hand.finishes(1)
    assert [type(verb).__name__ for verb in hand.hear()] == ["Ack", "Ack", "Give"]
    assert hand.prompts == [uuid(1), uuid(2)]
    assert book.hears(3) == [m.Waiting(why="turn", place=1)]

    hand.starts(2)
    hand.finishes(2)
    assert kinds(book.hears(2)) == ["Events", "Events", "Finished", "Done"]
    assert hand.hear()[-1] == bus.Give(session=hand.session or "", epoch=1, prompt=uuid(3), client="phone")


def test_the_events_of_a_prompt_begin_where_the_turn_before_it_ended() -> None:
    book = Playbook()
    hand = running(book)
    book.connect(2)
    book.prompts(2, 2, session="fix-failing-test")
    hand.prints(b'"of the first"')
    hand.finishes(1)
    hand.starts(2)
    first = next(message for message in book.hears(2) if isinstance(message, m.Events))
    assert first.first == 4
    book.hears(1)
    book.prompts(1, 2, session="fix-failing-test")
    accepted = next(message for message in book.hears(1) if isinstance(message, m.Accepted))
    assert accepted.cursor == (1, 3)


def test_while_claude_works_by_itself_a_prompt_waits() -> None:
    book = Playbook()
    hand = running(book)
    hand.finishes(1)
    hand.states(facts.TurnStarted(prompt=None))
    hand.hear()
    book.prompts(1, 2, session="fix-failing-test")
    assert book.hears(1)[-1] == m.Waiting(why="turn", place=1)
    hand.states(facts.TurnFinished(prompt=None, outcome="done"))
    assert isinstance(hand.hear()[-1], bus.Give)


def test_a_prompt_that_waits_can_be_withdrawn() -> None:
    book = Playbook()
    hand = running(book)
    book.connect(2)
    book.prompts(2, 2, session="fix-failing-test")
    book.hears(2)
    book.says(2, m.Withdraw())
    assert book.hears(2) == [
        m.Finished(prompt=uuid(2), state=m.PromptState.VOID, reason="withdrawn"),
        m.Done(),
    ]
    hand.finishes(1)
    hand.hear()
    assert hand.prompts == [uuid(1)]
    book.prompts(2, 2, session="fix-failing-test")
    assert kinds(book.hears(2)) == ["Accepted", "Finished", "Done"]


def test_a_prompt_that_runs_cannot_be_withdrawn() -> None:
    book = Playbook()
    hand = running(book)
    book.hears(1)
    book.says(1, m.Withdraw())
    assert book.hears(1) == []
    hand.finishes(1)
    assert kinds(book.hears(1)) == ["Events", "Finished", "Done"]
    book.says(1, m.Withdraw())  # it crossed the end of the exchange
    assert book.hears(1) == []
    assert book.hangups == []


def test_an_interrupt_stops_the_turn_until_it_has_ended() -> None:
    book = Playbook()
    hand = running(book)
    hand.hear()
    book.says(1, m.Interrupt())
    stop = bus.Stop(session=hand.session or "", epoch=1, prompt=uuid(1))
    assert hand.hear() == [stop]
    assert hand.ready(route=b"r-1b")[-1] == stop
    hand.finishes(1, outcome="interrupted")
    assert [message.state for message in book.hears(1) if isinstance(message, m.Finished)] == ["interrupted"]
    assert stop not in hand.ready(route=b"r-1c")


def test_an_interrupt_before_the_turn_takes_the_prompt_back() -> None:
    book = Playbook()
    book.connect(1)
    book.prompts(1, 1)
    book.hears(1)
    book.says(1, m.Interrupt())
    (finished, done) = book.hears(1)
    assert isinstance(finished, m.Finished)
    assert finished.state is m.PromptState.VOID
    assert done == m.Done()


def test_an_interrupt_as_a_request_of_its_own() -> None:
    book = Playbook()
    hand = running(book)
    hand.hear()
    book.connect(2, PHONE)
    book.says(2, m.Interrupt(session="fix-failing-test"))
    assert book.hears(2) == [m.Done()]
    assert hand.hear() == [bus.Stop(session=hand.session or "", epoch=1)]


def test_cancel_leaves_the_turn_alone() -> None:
    book = Playbook()
    hand = running(book)
    book.hears(1)
    hand.hear()
    book.says(1, m.Cancel())
    assert book.hears(1) == [m.Done()]
    hand.prints(b"{}")
    assert book.hears(1) == []
    assert kinds_of(hand.hear()) == ["Ack"]


def kinds_of(verbs: list[bus.Verb]) -> list[str]:
    return [type(verb).__name__ for verb in verbs]


# --- refused -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "limits",
    [
        Limits(prompts_of_session=1),
        Limits(prompts_of_client=2),
        Limits(prompts_in_all=2),
        Limits(prompt_bytes_of_client=45),
        Limits(prompt_bytes_in_all=45),
    ],
)
def test_no_line_grows_for_ever(limits: Limits) -> None:
    book = Playbook(limits=limits)
    hand = running(book)
    book.connect(2)
    book.prompts(2, 2, session="fix-failing-test")
    assert kinds(book.hears(2)) == ["Accepted", "Waiting"]
    book.connect(3)
    book.prompts(3, 3, session="fix-failing-test")
    assert error_of(book, 3).code == "queue-full"
    hand.finishes(1)
    book.prompts(3, 3, session="fix-failing-test")
    assert kinds(book.hears(3)) == ["Accepted", "Waiting"]


def test_prompts_of_a_revoked_client_are_withdrawn() -> None:
    book = Playbook()
    hand = running(book)
    book.connect(2, PHONE)
    book.prompts(2, 2, session="fix-failing-test")
    book.hold = True
    book.connect(3, PHONE)
    book.prompts(3, 3, session="fix-failing-test")
    book << ports.ClientCutOff(PHONE.fingerprint)
    book.hold = False
    book.release()
    assert book.disk.prompts[uuid(2)].state == "void"
    assert book.disk.prompts[uuid(3)].state == "void"
    hand.finishes(1)
    hand.hear()
    assert hand.prompts == [uuid(1)]


def test_a_right_that_was_taken_away_counts_when_the_prompt_would_run() -> None:
    book = Playbook()
    hand = running(book)
    book.connect(2, PHONE)
    book.prompts(2, 2, session="fix-failing-test")
    book.hears(2)
    book.table.given[PHONE.fingerprint] = frozenset({Right.VIEW})
    hand.finishes(1)
    assert kinds(book.hears(2)) == ["Finished", "Done"]
    hand.hear()
    assert hand.prompts == [uuid(1)]


def test_a_full_disk_refuses_prompts_and_loses_nothing() -> None:
    book = Playbook()
    hand = running(book)
    hand.hear()
    book.hears(1)
    book.disk.full = "database or disk is full"
    hand.prints(b'{"n":1}')
    book.connect(2)
    book.prompts(2, 2)
    assert error_of(book, 2).code == "storage-failed"
    book.prompts(2, 3, session="fix-failing-test")
    book.tick(2)
    error = error_of(book, 2)
    assert (error.code, "disk is full" in error.message) == ("storage-failed", True)
    hand.prints(b'{"n":2}')
    assert book.hears(1) == []
    assert hand.hear() == []
    book.disk.full = ""
    book.tick(2)
    assert [verb.seq for verb in hand.hear() if isinstance(verb, bus.Ack)] == [3]
    assert [(e.first, e.count) for e in book.hears(1) if isinstance(e, m.Events)] == [(2, 1), (3, 1)]
    assert book.kills == []
    hand.finishes(1)
    assert kinds(book.hears(1)) == ["Events", "Finished", "Done"]
    assert len(book.core._context.sessions.newest(10)) == 1


def test_a_server_that_shuts_down_begins_nothing() -> None:
    book = Playbook()
    hand = running(book)
    hand.hear()
    book.hears(1)
    book.connect(2)
    book.prompts(2, 2)
    book.hears(2)
    book.perform(book.core.shutdown(book.now))
    assert kinds_of(hand.hear()) == ["Release"]
    assert book.kills == ["w-2"]
    error = error_of(book, 2)
    assert (error.code, "is kept" in error.message) == ("shutting-down", True)
    book.connect(3)
    book.prompts(3, 3)
    assert error_of(book, 3).code == "shutting-down"
    hand.finishes(1, outcome="interrupted")
    assert kinds(book.hears(1)) == ["Events", "Finished", "Done"]
    assert not book.core.quiet
    hand.exits()
    book << ports.WorkerExited("w-2")
    assert book.core.quiet
    assert book.disk.prompts[uuid(2)].state == "queued"
    again = Playbook(disk=book.disk)
    assert [launch.worker for launch in again.launches] == ["w-101"]


def test_what_does_not_keep_to_the_protocol_ends_the_connection() -> None:
    book = Playbook()
    running(book)
    book.says(1, m.Ping())
    assert [type(hangup.error) for hangup in book.hangups] == [errors.OutOfTurn]


def test_ping() -> None:
    book = Playbook()
    book.connect(1, LAPTOP)
    book.says(1, m.Ping())
    assert book.hears(1) == [m.Done()]
