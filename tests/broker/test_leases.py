"""Leases: one owner at a time, and what becomes of things when one ends."""

from __future__ import annotations

from claude_remote import bus, facts
from claude_remote import messages as m
from claude_remote_broker import ports
from tests.broker.playbook import Hand, Playbook, uuid
from tests.broker.test_bus_verbs import QUESTION, begun, names


def states(book: Playbook) -> dict[str, str]:
    return {session.row.name: session.state for session in book.core._context.sessions}


def written(book: Playbook, hand: Hand, after: int) -> list[facts.AnyFact]:
    return [facts.decode(line) for line in book.disk.lines(hand.session or "")[after:]]


def test_a_turn_whose_worker_dies_is_interrupted_and_says_so() -> None:
    book = Playbook()
    hand = begun(book)
    hand.states(facts.ClaudeStarted(pid=1, claude_session="c", resumed=False), QUESTION)
    hand.hear()
    book.hears(1)
    hand.exits()
    void, ended, exited = written(book, hand, 3)
    assert isinstance(void, facts.ApprovalVoid)
    assert isinstance(ended, facts.TurnFinished)
    assert (ended.prompt, ended.outcome) == (uuid(1), "interrupted")
    assert isinstance(exited, facts.ClaudeExited)
    events, finished, done = book.hears(1)
    assert isinstance(events, m.Events)
    assert (events.first, events.count) == (4, 2)  # up to the end of the turn
    assert finished == m.Finished(
        prompt=uuid(1), state=m.PromptState.INTERRUPTED, reason="Claude's worker ended unexpectedly."
    )
    assert done == m.Done()
    assert states(book) == {"fix-failing-test": "parked"}
    assert len(book.launches) == 1


def test_a_prompt_that_had_not_begun_is_given_to_the_next_worker() -> None:
    book = Playbook()
    book.connect(1)
    book.prompts(1, 1)
    hand = Hand(book).launched()
    hand.ready()
    hand.exits()
    assert book.disk.prompts[uuid(1)].state == "queued"
    book.tick(2)
    assert [launch.worker for launch in book.launches] == ["w-1", "w-2"]
    second = Hand(book, 2).launched()
    _, lease, give = second.ready()
    assert isinstance(lease, bus.Lease)
    assert lease.epoch == 3
    assert give == bus.Give(
        session=second.session or "", epoch=3, prompt=uuid(1), client="laptop", again=True
    )


def test_a_prompt_is_not_tried_for_ever() -> None:
    book = Playbook()
    book.connect(1)
    book.prompts(1, 1)
    for number in (1, 2, 3):
        Hand(book, number).launched().exits()
        book.tick(5)
    *_, finished, done = book.hears(1)
    assert isinstance(finished, m.Finished)
    assert finished.state is m.PromptState.VOID
    assert "3 times" in finished.reason
    assert done == m.Done()
    assert len(book.launches) == 3


def test_a_prompt_that_was_given_to_the_last_of_them_may_have_begun() -> None:
    book = Playbook()
    book.connect(1)
    book.prompts(1, 1)
    for number in (1, 2):
        Hand(book, number).launched().exits()
        book.tick(5)
    hand = Hand(book, 3).launched()
    hand.ready()
    hand.exits()
    *_, finished, done = book.hears(1)
    assert isinstance(finished, m.Finished)
    assert (finished.state, done) == (m.PromptState.INTERRUPTED, m.Done())
    assert "3 times" in finished.reason


def test_a_worker_that_cannot_be_started_is_tried_again() -> None:
    book = Playbook()
    book.connect(1)
    book.prompts(1, 1)
    book << ports.LaunchFailed("w-1", "no memory")
    book.tick(2)
    book << ports.LaunchFailed("w-2", "no memory")
    book.tick(3)
    book << ports.LaunchFailed("w-3", "no memory")
    *_, finished, _ = book.hears(1)
    assert isinstance(finished, m.Finished)
    assert "no memory" in finished.reason


def test_a_worker_that_does_not_report_is_killed() -> None:
    book = Playbook()
    book.connect(1)
    book.prompts(1, 1)
    Hand(book).launched()
    book.tick(32)
    assert book.kills == ["w-1"]
    assert len(book.launches) == 1
    book << ports.WorkerExited("w-1")
    book.tick(2)
    assert len(book.launches) == 2


def test_a_silent_worker_is_lost_and_killed_only_when_it_is_needed() -> None:
    book = Playbook()
    hand = begun(book)
    book.tick(60)
    assert states(book) == {"fix-failing-test": "lost"}
    assert book.kills == []
    book.connect(2)
    book.prompts(2, 2, session="fix-failing-test")
    assert [type(message) for message in book.hears(2)] == [m.Accepted, m.Waiting]
    book.tick(2)
    assert book.kills == ["w-1"]
    hand.prints(b'"it woke up"')
    assert hand.hear() == []
    assert len(book.launches) == 1
    hand.exits()
    assert [launch.worker for launch in book.launches] == ["w-1", "w-2"]
    assert names(Hand(book, 2).ready()) == ["Welcome", "Lease", "Give"]


def test_a_pause_of_our_own_is_not_the_workers() -> None:
    book = Playbook()
    begun(book)
    book.tick(1)
    book.now += 3600
    book.tick(1)
    assert states(book) == {"fix-failing-test": "working"}


def test_a_worker_without_a_lease_is_killed() -> None:
    book = Playbook()
    book << ports.WorkerLaunched("w-77", 1, 1.0)
    assert book.kills == ["w-77"]


def test_other_options_end_an_idle_claude_and_start_the_next_with_them() -> None:
    book = Playbook()
    hand = begun(book)
    hand.finishes(1)
    hand.hear()
    book.prompts(1, 2, session="fix-failing-test", options=("--model", "opus", "--max-turns", "3"))
    assert hand.hear() == [bus.Release(session=hand.session or "", epoch=1, how="park")]
    book.worker_says(hand.route, bus.Gone(session=hand.session or "", epoch=1))
    hand.exits()
    second = Hand(book, 2).launched()
    _, lease, give = second.ready()
    assert isinstance(lease, bus.Lease)
    assert (lease.options, lease.model) == (("--max-turns=3",), "opus")
    assert isinstance(give, bus.Give)
    assert not give.again
    second.starts(2)
    second.finishes(2)
    second.states(facts.SessionChanged(model="claude-opus-9"))
    second.hear()
    book.prompts(1, 3, session="fix-failing-test", options=("--model", "opus"))
    assert names(second.hear()) == ["Give"]


# --- a new broker --------------------------------------------------------------------------------------


def test_a_new_broker_adopts_a_worker_in_the_middle_of_a_turn() -> None:
    book = Playbook()
    hand = begun(book)
    hand.prints(b'"a"')
    hand.hear()

    book = hand.book = Playbook(disk=book.disk)
    assert book.launches == []
    book.worker_says(hand.route, bus.Beat())
    assert hand.hear() == [bus.Who()]
    hand.launched()
    book << ports.WorkersKnown()
    assert book.kills == []
    assert hand.ready(route=b"new") == [bus.Welcome(acked=2)]
    hand.batch(2, b'"a"\n"b"\n')
    hand.next = 4
    hand.finishes(1)
    book.connect(1)
    book.says(
        1,
        m.Prompt(id=uuid(1), target=m.Target(), size=20, after=m.Cursor(1, 2)),
        b"fix the failing test",
    )
    accepted, one, two, finished, _ = book.hears(1)
    assert isinstance(accepted, m.Accepted)
    assert isinstance(one, m.Events)
    assert isinstance(two, m.Events)
    assert (one.first, two.first) == (3, 4)
    assert finished == m.Finished(prompt=uuid(1), state=m.PromptState.DONE)


def test_a_new_broker_gives_again_what_never_arrived() -> None:
    book = Playbook()
    book.connect(1)
    book.prompts(1, 1)
    hand = Hand(book).launched()
    hand.ready()
    hand.prompts = []
    book = hand.book = Playbook(disk=book.disk)
    hand.launched()
    assert names(hand.ready(route=b"new")) == ["Welcome", "Give"]


def test_a_new_broker_whose_workers_did_not_survive() -> None:
    book = Playbook()
    hand = begun(book)
    book.connect(2)
    book.prompts(2, 2, session="fix-failing-test")
    book = hand.book = Playbook(disk=book.disk)
    book << ports.WorkersKnown()
    assert book.kills == ["w-1"]
    hand.exits()
    assert book.disk.prompts[uuid(1)].state == "interrupted"
    assert [launch.worker for launch in book.launches] == ["w-101"]
    second = Hand(book, 101).launched()
    assert names(second.ready()) == ["Welcome", "Lease", "Give"]
    assert second.prompts == [uuid(2)]


def test_a_worker_that_knows_more_than_the_journal_is_ended_and_readers_are_told() -> None:
    book = Playbook()
    hand = begun(book)
    book.connect(2)
    book.says(2, m.Attach(session="fix-failing-test"))
    book.hears(2)
    hand.acked = 9
    assert hand.ready(route=b"r-2") == []
    assert book.kills == ["w-1"]
    assert book.hears(2) == [m.Reset(cursor=m.Cursor(2, 1))]
    hand.exits()
    assert book.disk.prompts[uuid(1)].state == "interrupted"
    assert [e.generation for e in book.hears(2) if isinstance(e, m.Events)] == [2]


def test_a_claude_that_is_refused_its_conversation_leaves_nothing_waiting() -> None:
    book = Playbook()
    book.connect(1)
    book.prompts(1, 1)
    accepted = book.hears(1)[0]
    assert isinstance(accepted, m.Accepted)
    session = accepted.session.id
    book.connect(2)
    book.prompts(2, 2, session=session)
    hand = Hand(book, 1).launched()
    hand.ready()
    hand.states(facts.ClaudeExited(code=None, expected=False, refused=True, reason="It is open elsewhere."))
    for conn in (1, 2):
        (finished,) = [each for each in book.hears(conn) if isinstance(each, m.Finished)]
        assert (finished.state, finished.reason) == (m.PromptState.VOID, "It is open elsewhere.")
