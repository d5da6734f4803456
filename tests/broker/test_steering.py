"""Sessions as wholes: found, waited for, renamed, closed; prompts that are only recorded, or steer."""

from __future__ import annotations

import pytest

from claude_remote import bus, facts
from claude_remote import messages as m
from claude_remote.rights import Right
from claude_remote_broker import ports
from claude_remote_broker.core import Limits
from tests.broker.playbook import LAPTOP, PHONE, Hand, Playbook, uuid
from tests.broker.test_prompts import error_of, kinds, running


def session_of(message: m.Message) -> m.SessionInfo:
    assert isinstance(message, m.Sessions)
    (session,) = message.sessions
    return session


def sends(book: Playbook, conn: int, number: int, text: str = "go on", *, now: bool = False) -> None:
    """A prompt that nobody follows."""
    data = text.encode()
    target = m.Target(session="fix-failing-test")
    prompt = m.Prompt(id=uuid(number), target=target, size=len(data), follow=False, now=now)
    book.says(conn, prompt, data)


def waited(book: Playbook) -> Hand:
    """A session whose first turn has ended; its claude is idle."""
    hand = running(book)
    hand.finishes(1)
    book.hears(1)
    hand.hear()
    return hand


# --- recorded alone ------------------------------------------------------------------------------------


def test_a_prompt_that_nobody_follows_is_recorded_and_runs() -> None:
    book = Playbook()
    hand = running(book)
    book.connect(2)
    sends(book, 2, 2)
    accepted, waiting, done = book.hears(2)
    assert isinstance(accepted, m.Accepted)
    assert accepted.prompt == uuid(2)
    assert waiting == m.Waiting(why="turn", place=1)
    assert done == m.Done()
    hand.finishes(1)
    assert isinstance(hand.hear()[-1], bus.Give)
    hand.starts(2)
    hand.finishes(2)
    assert book.hears(2) == []


def test_it_is_the_same_prompt_when_it_is_sent_again() -> None:
    book = Playbook()
    hand = waited(book)
    sends(book, 1, 2)
    assert kinds(book.hears(1)) == ["Accepted", "Done"]
    sends(book, 1, 2)
    assert kinds(book.hears(1)) == ["Accepted", "Done"]
    hand.starts(2)
    hand.finishes(2)
    sends(book, 1, 2)
    accepted, finished, done = book.hears(1)
    assert isinstance(accepted, m.Accepted)
    assert finished == m.Finished(prompt=uuid(2), state=m.PromptState.DONE)
    assert done == m.Done()
    assert [verb for verb in hand.hear() if isinstance(verb, bus.Give)] == [
        bus.Give(session=hand.session or "", epoch=1, prompt=uuid(2), client="laptop")
    ]


# --- steering ------------------------------------------------------------------------------------------


def test_a_prompt_for_the_running_turn_is_given_at_once_and_ends_with_it() -> None:
    book = Playbook()
    hand = running(book)
    book.connect(2, PHONE)
    sends(book, 2, 2, now=True)
    assert kinds(book.hears(2)) == ["Accepted", "Done"]
    assert hand.hear()[-1] == bus.Give(
        session=hand.session or "", epoch=1, prompt=uuid(2), client="phone", now=True
    )
    hand.states(facts.Steered(prompt=uuid(2), client="phone"))
    assert book.disk.prompts[uuid(2)].steered
    hand.finishes(1)
    row = book.disk.prompts[uuid(2)]
    assert (row.state, row.begins, row.ends) == (m.PromptState.DONE, 1, 3)
    assert row.cost == 0
    (session,) = book.disk.sessions.values()
    assert (session.turns, session.cost) == (1, 0.5)


def test_one_that_claude_reads_after_the_turn_is_a_turn_of_its_own() -> None:
    book = Playbook()
    hand = running(book)
    book.connect(2)
    sends(book, 2, 2, now=True)
    sends(book, 2, 4)
    hand.hear()
    hand.finishes(1)
    assert hand.hear()[1:] == [], "what waits is not given while claude has another prompt"
    hand.starts(2)
    hand.finishes(2)
    assert [verb.prompt for verb in hand.hear() if isinstance(verb, bus.Give)] == [uuid(4)]
    assert book.disk.prompts[uuid(2)].state is m.PromptState.DONE


def test_without_a_turn_it_is_the_next_prompt_before_those_that_wait() -> None:
    book = Playbook(workers=1)
    book.connect(1)
    book.prompts(1, 1)  # its worker is not there yet
    book.connect(2)
    sends(book, 2, 2)
    sends(book, 2, 3, now=True)
    hand = Hand(book).launched()
    hand.ready()
    hand.starts(1)
    hand.hear()
    hand.finishes(1)
    assert [verb.prompt for verb in hand.hear() if isinstance(verb, bus.Give)] == []
    hand.starts(3)
    hand.finishes(3)
    assert [verb.prompt for verb in hand.hear() if isinstance(verb, bus.Give)] == [uuid(2)]


def test_a_turn_that_is_stopped_takes_no_more() -> None:
    book = Playbook()
    hand = running(book)
    book.says(1, m.Interrupt())
    book.connect(2)
    sends(book, 2, 2, now=True)
    assert [type(verb) for verb in hand.hear()][-1] is bus.Stop
    hand.finishes(1, outcome="interrupted")
    assert isinstance(hand.hear()[-1], bus.Give)


def test_a_dead_claude_takes_the_steered_with_it_and_leaves_the_others() -> None:
    book = Playbook()
    hand = running(book)
    book.connect(2)
    sends(book, 2, 2, now=True)
    sends(book, 2, 3, now=True)
    hand.states(facts.Steered(prompt=uuid(2)))
    hand.exits()
    rows = book.disk.prompts
    assert rows[uuid(1)].state is m.PromptState.INTERRUPTED
    assert rows[uuid(2)].state is m.PromptState.INTERRUPTED
    assert rows[uuid(3)].state is m.PromptState.QUEUED
    assert rows[uuid(3)].again
    (session,) = book.disk.sessions.values()
    assert session.turns == 1


@pytest.mark.parametrize(
    "target",
    [m.Target(), m.Target(session="fix-failing-test", fork=True), m.Target(session="x", options=("-c",))],
)
def test_what_cannot_steer(target: m.Target) -> None:
    book = Playbook()
    running(book)
    book.connect(2)
    book.says(2, m.Prompt(id=uuid(2), target=target, size=1, now=True), b"x")
    assert error_of(book, 2).code == "bad-message"


# --- found ---------------------------------------------------------------------------------------------


def test_one_session_is_told_with_who_prompts_and_what_waits() -> None:
    book = Playbook()
    hand = running(book)
    book.connect(2, PHONE)
    sends(book, 2, 2)
    book.hears(2)
    book.says(2, m.ListSessions(session="FIX-failing-test"))
    told, done = book.hears(2)
    session = session_of(told)
    assert (session.prompting, session.queued, session.outcome) == ("laptop", 1, "")
    assert done == m.Done()
    hand.finishes(1, error=True, reason="No credit.")
    hand.finishes(9, outcome="void", reason="Stopped before it began.")
    hand.starts(2)
    book.says(2, m.ListSessions(session=session.id[:8]))
    session = session_of(book.hears(2)[0])
    assert (session.prompting, session.queued) == ("phone", 0)
    assert (session.outcome, session.reason) == ("error", "No credit.")


def test_a_list_tells_how_many_older_ones_it_leaves_out() -> None:
    book = Playbook(limits=Limits(listed=2))
    for number in (1, 2, 3):
        book.connect(number)
        book.prompts(number, number, name=f"s{number}")
        book.tick(1)
    book.connect(9, PHONE)
    book.says(9, m.ListSessions())
    told, done = book.hears(9)
    assert isinstance(told, m.Sessions)
    assert ([each.name for each in told.sessions], told.left_out, done) == (["s3", "s2"], 1, m.Done())
    book.says(9, m.ListSessions(session="s1"))
    told = book.hears(9)[0]
    assert isinstance(told, m.Sessions)
    assert told.left_out == 0


@pytest.mark.parametrize(
    "request_",
    [
        m.ListSessions(session="fix-failing-test"),
        m.Await(session="fix-failing-test"),
        m.Rename(session="fix-failing-test", name="mine"),
        m.Close(session="fix-failing-test"),
    ],
    ids=lambda request: type(request).__name__,
)
def test_sessions_of_others_are_invisible_without_view(request_: m.Message) -> None:
    book = Playbook()
    running(book)
    book.table.given[PHONE.fingerprint] = frozenset({Right.PROMPT})
    book.connect(2, PHONE)
    book.says(2, request_)
    assert error_of(book, 2).code == "no-such-session"


@pytest.mark.parametrize(
    "request_", [m.Rename(session="fix-failing-test", name="mine"), m.Close(session="fix-failing-test")]
)
def test_who_may_only_view_changes_nothing(request_: m.Message) -> None:
    book = Playbook()
    running(book)
    book.table.given[PHONE.fingerprint] = frozenset({Right.VIEW})
    book.connect(2, PHONE)
    book.says(2, request_)
    assert error_of(book, 2).code == "right-missing"


# --- waited for ----------------------------------------------------------------------------------------


def test_waiting_ends_when_nothing_runs_and_nothing_waits() -> None:
    book = Playbook()
    hand = running(book)
    book.connect(2, PHONE)
    sends(book, 2, 2)
    book.hears(2)
    book.says(2, m.Await(session="fix-failing-test"))
    assert session_of(book.hears(2)[0]).state is m.SessionState.WORKING
    hand.prints(b"{}", b"{}")
    assert book.hears(2) == [], "only what is different is told"
    hand.finishes(1)
    assert kinds(book.hears(2))[-1] == "Sessions"
    hand.starts(2)
    hand.finishes(2, outcome="interrupted", reason="The turn was stopped.")
    *_, told, done = book.hears(2)
    assert done == m.Done()
    session = session_of(told)
    assert (session.state, session.outcome) == (m.SessionState.IDLE, "interrupted")


def test_waiting_for_an_idle_session_ends_at_once() -> None:
    book = Playbook()
    waited(book)
    book.says(1, m.Await(session="fix-failing-test"))
    assert kinds(book.hears(1)) == ["Sessions", "Done"]


def test_waiting_can_be_given_up() -> None:
    book = Playbook()
    running(book)
    book.connect(2)
    book.says(2, m.Await(session="fix-failing-test"))
    book.says(2, m.Cancel())
    assert kinds(book.hears(2)) == ["Sessions", "Done"]
    book.says(2, m.Ping())
    assert book.hears(2) == [m.Done()]


# --- renamed -------------------------------------------------------------------------------------------


def test_a_session_gets_another_name_and_the_old_one_is_free() -> None:
    book = Playbook()
    waited(book)
    book.says(1, m.Rename(session="fix-failing-test", name=" Tests "))
    told, done = book.hears(1)
    assert session_of(told).name == "Tests"
    assert done == m.Done()
    book.says(1, m.ListSessions(session="tests"))
    assert session_of(book.hears(1)[0]).name == "Tests"
    book.says(1, m.Rename(session="Tests", name="tests"))
    assert session_of(book.hears(1)[0]).name == "tests"
    book.prompts(1, 2)
    accepted = book.hears(1)[0]
    assert isinstance(accepted, m.Accepted)
    assert accepted.session.name == "fix-failing-test"


def test_names_that_cannot_be_given() -> None:
    book = Playbook()
    waited(book)
    book.prompts(1, 2, name="other")
    book.says(1, m.Cancel())
    book.hears(1)
    for name, code in [
        ("other", "name-taken"),
        ("OTHER", "name-taken"),
        ("a/b", "bad-message"),
        (" ", "bad-message"),
    ]:
        book.says(1, m.Rename(session="fix-failing-test", name=name))
        assert error_of(book, 1).code == code


def test_a_name_that_could_not_be_stored_is_free_again() -> None:
    book = Playbook()
    waited(book)
    book.hold = True
    book.says(1, m.Rename(session="fix-failing-test", name="tests"))
    book.connect(2)
    book.prompts(2, 2, name="tests")
    assert error_of(book, 2).code == "name-taken"
    book.release(reason="disk full")
    assert error_of(book, 1).code == "storage-failed"
    book.tick()
    book.hold = False
    book.says(1, m.ListSessions(session="fix-failing-test"))
    assert kinds(book.hears(1)) == ["Sessions", "Done"]
    book.prompts(2, 2, name="tests")
    assert kinds(book.hears(2)) == ["Accepted", "Waiting"]


# --- closed --------------------------------------------------------------------------------------------


def test_a_session_is_closed_when_its_claude_is_gone() -> None:
    book = Playbook()
    hand = running(book)
    book.connect(2, PHONE)
    sends(book, 2, 2)
    book.hears(2)
    book.says(2, m.Close(session="fix-failing-test"))
    assert book.hears(2) == []
    assert hand.hear()[-1] == bus.Release(
        session=hand.session or "", epoch=1, how="now", reason="the session was closed"
    )
    assert book.disk.prompts[uuid(2)].state is m.PromptState.VOID
    hand.finishes(1, outcome="interrupted", reason="The turn was stopped.")
    hand.states(facts.ClaudeExited(code=0, expected=True, reason="Claude was ended."))
    assert book.hears(2) == []
    hand.exits()
    told, done = book.hears(2)
    assert session_of(told).state is m.SessionState.CLOSED
    assert done == m.Done()
    assert kinds(book.hears(1))[-2:] == ["Finished", "Done"]
    book.says(2, m.Attach(session="fix-failing-test", follow=False))
    lines = b"".join(payload for _, payload in book.reads(2)).splitlines()
    assert facts.decode(lines[-1]) == facts.Notice(level="info", text="Closed by phone.")
    assert len(book.launches) == 1


def test_a_session_is_closed_though_its_worker_has_fallen_silent_in_the_midst_of_a_turn() -> None:
    book = Playbook()
    hand = running(book)
    book.connect(2, PHONE)
    book.tick(20)
    book.says(2, m.Close(session="fix-failing-test"))
    book.tick(32)
    assert book.kills == ["w-1"]
    hand.exits()
    assert session_of(book.hears(2)[0]).state is m.SessionState.CLOSED
    assert book.disk.prompts[uuid(1)].state is m.PromptState.INTERRUPTED


def test_the_next_prompt_opens_it_again() -> None:
    book = Playbook()
    hand = waited(book)
    book.says(1, m.Close(session="fix-failing-test"))
    hand.hear()
    hand.exits()
    book.hears(1)
    book.prompts(1, 2, latest=True)
    assert error_of(book, 1).code == "no-such-session", "the last session is the last that was not closed"
    sends(book, 1, 2)
    assert kinds(book.hears(1)) == ["Accepted", "Waiting", "Done"]
    again = Hand(book, 2).launched()
    assert [type(verb) for verb in again.ready()] == [bus.Welcome, bus.Lease, bus.Give]
    again.starts(2)
    again.finishes(2)
    book.says(1, m.ListSessions(session="fix-failing-test"))
    assert session_of(book.hears(1)[0]).state is m.SessionState.IDLE


def test_a_parked_session_is_closed_at_once_and_once() -> None:
    book = Playbook()
    hand = waited(book)
    hand.exits()
    for _ in range(2):
        book.says(1, m.Close(session="fix-failing-test"))
        told, _ = book.hears(1)
        assert session_of(told).state is m.SessionState.CLOSED
    book.says(1, m.Attach(session="fix-failing-test", follow=False))
    lines = b"".join(payload for _, payload in book.reads(1)).splitlines()
    assert [line for line in lines if b"Closed by" in line] == lines[-1:]


def test_a_prompt_that_was_given_and_had_not_begun_does_not_come_back() -> None:
    book = Playbook()
    book.connect(1)
    book.prompts(1, 1)
    hand = Hand(book).launched()
    hand.ready()
    book.connect(2)
    book.says(2, m.Close(session="fix-failing-test"))
    book.worker_says(hand.route, bus.Gone(session=hand.session or "", epoch=hand.epoch))
    hand.exits()
    assert book.disk.prompts[uuid(1)].state is m.PromptState.VOID
    assert [type(message) for message in book.hears(1)][-2:] == [m.Finished, m.Done]
    assert len(book.launches) == 1
    assert kinds(book.hears(2)) == ["Sessions", "Done"]


def test_a_prompt_that_was_given_to_a_worker_that_died_may_have_begun() -> None:
    book = Playbook()
    book.connect(1)
    book.prompts(1, 1)
    hand = Hand(book).launched()
    hand.ready()
    book.connect(2)
    book.says(2, m.Close(session="fix-failing-test"))
    hand.exits()
    finished = book.hears(1)[-2]
    assert isinstance(finished, m.Finished)
    assert finished.state is m.PromptState.INTERRUPTED
    assert finished.reason == "The session was closed. It may have begun before that."
    assert len(book.launches) == 1
    assert kinds(book.hears(2)) == ["Sessions", "Done"]


def test_a_session_that_waits_for_a_worker_is_closed() -> None:
    book = Playbook(workers=1)
    running(book)
    book.connect(2)
    book.prompts(2, 2, name="second")
    book.connect(3)
    book.says(3, m.Close(session="second"))
    assert session_of(book.hears(3)[0]).state is m.SessionState.CLOSED
    assert kinds(book.hears(2))[-2:] == ["Finished", "Done"]


def test_it_is_closed_by_the_next_broker_when_this_one_dies() -> None:
    book = Playbook()
    hand = running(book)
    book.says(1, m.Interrupt())
    book.connect(2)
    book.says(2, m.Close(session="fix-failing-test"))
    hand.hear()
    after = Playbook(disk=book.disk)
    hand.book = after
    after << ports.WorkerLaunched(hand.worker, 4242, 17.0)
    assert bus.Release(
        session=hand.session or "", epoch=1, how="now", reason="the session was closed"
    ) in hand.ready(b"new route")
    hand.exits()
    after.connect(1, LAPTOP)
    after.says(1, m.ListSessions(session="fix-failing-test"))
    assert session_of(after.hears(1)[0]).state is m.SessionState.CLOSED


def test_who_closes_and_goes_away_has_closed() -> None:
    book = Playbook()
    hand = running(book)
    book.connect(2)
    book.hold = True
    book.says(2, m.Close(session="fix-failing-test"))
    book << ports.Disconnected(2)
    book.hold = False
    book.release()
    assert isinstance(hand.hear()[-1], bus.Release)
