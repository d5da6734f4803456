"""Each verb of the bus: twice, stale, in another order, lost."""

from __future__ import annotations

import pytest

from claude_remote import bus, facts
from claude_remote import messages as m
from tests.broker.playbook import PHONE, Hand, Playbook, uuid

QUESTION = facts.ApprovalOpened(
    approval=uuid(90), tool="Bash", input=b'{"command":"ls"}', summary="ls", tool_use="t"
)


def begun(book: Playbook, route: bytes = b"r-1") -> Hand:
    """Prompt 1 runs; event 1 is stored."""
    book.connect(1)
    book.prompts(1, 1)
    hand = Hand(book, route=route).launched()
    hand.ready()
    hand.starts(1)
    hand.hear()
    book.hears(1)
    return hand


def names(verbs: list[bus.Verb]) -> list[str]:
    return [type(verb).__name__ for verb in verbs]


def lines(book: Playbook, hand: Hand) -> list[bytes]:
    return book.disk.lines(hand.session or "")


# --- What is stopped ------------------------------------------------------------------------------------


def test_what_was_stopped_does_not_stop_what_comes_after_it() -> None:
    book = Playbook()
    hand = begun(book)
    book.connect(2, PHONE)
    book.prompts(2, 2, session="fix-failing-test")
    book.connect(3, PHONE)
    book.says(3, m.Interrupt(session="fix-failing-test"))
    assert names(hand.hear()) == ["Stop"]
    hand.finishes(1, outcome="interrupted")
    hand.starts(2)
    assert "Give" in names(hand.hear())
    assert names(hand.ready(route=b"r-2")) == ["Welcome"]
    data = b"and be quick"
    target = m.Target(session="fix-failing-test")
    book.says(3, m.Prompt(id=uuid(3), target=target, size=len(data), follow=False, now=True), data)
    assert names(hand.hear()) == ["Give"]


def test_what_is_stopped_is_stopped_again_on_a_new_route() -> None:
    book = Playbook()
    hand = begun(book)
    book.connect(3, PHONE)
    book.says(3, m.Interrupt(session="fix-failing-test"))
    assert names(hand.hear()) == ["Stop"]
    hand.prints(b'"it goes on"')
    assert "Stop" in names(hand.ready(route=b"r-2"))


# --- Ready ---------------------------------------------------------------------------------------------


def test_ready_twice_brings_what_is_lacking_and_no_more() -> None:
    book = Playbook()
    hand = begun(book)
    assert names(hand.ready()) == ["Welcome"]
    assert names(hand.ready(route=b"r-2")) == ["Welcome"]
    assert book.kills == []


def test_ready_before_the_launcher_has_told_of_the_worker() -> None:
    book = Playbook()
    book.connect(1)
    book.prompts(1, 1)
    hand = Hand(book)
    assert names(hand.ready()) == ["Welcome", "Lease", "Give"]
    hand.launched()
    assert hand.hear() == []


def test_ready_whose_answer_was_lost_brings_the_lease_and_the_prompt_again() -> None:
    book = Playbook()
    book.connect(1)
    book.prompts(1, 1)
    hand = Hand(book)
    hand.ready()
    hand.session, hand.epoch, hand.prompts = None, 0, []
    assert names(hand.ready(route=b"r-2")) == ["Welcome", "Lease", "Give"]


def test_ready_with_the_token_of_another_is_not_answered() -> None:
    book = Playbook()
    hand = begun(book)
    thief = Hand(book, route=b"thief")
    thief.token = "t-2"
    assert thief.ready() == []
    hand.prints(b"{}")
    assert names(hand.hear()) == ["Ack"]


def test_ready_of_a_worker_that_nobody_knows_is_not_answered() -> None:
    book = Playbook()
    assert Hand(book, 9).ready() == []


def test_ready_for_another_lease_is_a_worker_that_must_end() -> None:
    book = Playbook()
    hand = begun(book)
    hand.epoch = 7
    assert hand.ready() == []
    assert book.kills == ["w-1"]


def test_what_an_old_socket_says_after_a_new_one_is_not_heard() -> None:
    book = Playbook()
    hand = begun(book)
    hand.ready(route=b"r-2")
    hand.route = b"r-1"
    hand.prints(b"{}")
    assert hand.hear() == [bus.Who()]
    assert len(lines(book, hand)) == 1


# --- Batch and Ack -------------------------------------------------------------------------------------


def test_batch_twice_is_stored_once_and_acknowledged_twice() -> None:
    book = Playbook()
    hand = begun(book)
    hand.batch(2, b"a\nb\n")
    hand.batch(2, b"a\nb\n")
    ack = bus.Ack(session=hand.session or "", epoch=1, seq=3)
    assert hand.hear() == [ack, ack]
    assert lines(book, hand)[1:] == [b"a", b"b"]
    assert [e.first for e in book.hears(1) if isinstance(e, m.Events)] == [2]


def test_batch_twice_before_it_is_stored_is_stored_once() -> None:
    book = Playbook()
    hand = begun(book)
    book.hold = True
    hand.batch(2, b"a\n")
    hand.batch(2, b"a\nb\n")
    assert hand.hear() == []
    book.hold = False
    book.release()
    assert lines(book, hand)[1:] == [b"a", b"b"]


@pytest.mark.parametrize("boundaries", [[2, 3, 4], [2, 4], [2]])
def test_batch_again_with_other_boundaries_adds_what_is_new(boundaries: list[int]) -> None:
    book = Playbook()
    hand = begun(book)
    hand.batch(2, b"a\nb\n")
    text = [b"a\n", b"b\n", b"c\n", b"d\n"]
    for start, end in zip(boundaries, [*boundaries[1:], 6], strict=True):
        hand.batch(start, b"".join(text[start - 2 : end - 2]))
    assert lines(book, hand)[1:] == [b"a", b"b", b"c", b"d"]


def test_a_fact_that_comes_twice_counts_once() -> None:
    book = Playbook()
    hand = begun(book)
    fact = facts.encode(facts.TurnFinished(prompt=uuid(1), outcome="done", cost=0.5))
    hand.batch(2, fact, m.Source.FACT)
    hand.batch(2, fact + facts.encode(facts.Notice(level="info", text="x")), m.Source.FACT)
    (session,) = book.disk.sessions.values()
    assert (session.turns, session.cost) == (1, 0.5)


def test_batch_beyond_a_gap_is_refused_once_and_taken_when_it_comes_again() -> None:
    book = Playbook()
    hand = begun(book)
    hand.batch(3, b"b\n")
    hand.batch(4, b"c\n")
    assert hand.hear() == [bus.Welcome(acked=1)]
    assert len(lines(book, hand)) == 1
    hand.batch(2, b"a\nb\nc\n")
    assert lines(book, hand)[1:] == [b"a", b"b", b"c"]
    hand.batch(9, b"z\n")
    assert hand.hear()[-1] == bus.Welcome(acked=4)


@pytest.mark.parametrize("change", [{"epoch": 9}, {"session": uuid(4)}])
def test_batch_of_another_lease_is_dropped(change: dict[str, object]) -> None:
    book = Playbook()
    hand = begun(book)
    hand.batch(2, b"a\n", **change)
    assert hand.hear() == []
    assert len(lines(book, hand)) == 1


def test_batch_of_a_worker_that_is_gone_is_not_taken() -> None:
    book = Playbook()
    hand = begun(book)
    hand.exits()
    tail = len(lines(book, hand))
    hand.batch(2, b"a\n")
    hand.batch(tail + 1, b"a\n")
    assert hand.hear() == [bus.Who(), bus.Who()]
    assert len(lines(book, hand)) == tail


@pytest.mark.parametrize("text", [b"a\nb", b"a\nb\nc\n", b""])
def test_batch_that_lies_about_its_lines_ends_its_worker(text: bytes) -> None:
    book = Playbook()
    hand = begun(book)
    hand.batch(2, text, count=2)
    assert book.kills == ["w-1"]
    assert len(lines(book, hand)) == 1


def test_a_worker_that_sends_without_end_is_ended() -> None:
    from claude_remote_broker.core import Limits

    book = Playbook(limits=Limits(unstored_of_worker=100))
    hand = begun(book)
    book.hold = True
    hand.prints(b"x" * 90)
    hand.prints(b"x" * 90)
    assert book.kills == ["w-1"]


def test_a_line_of_facts_that_is_none_is_kept_and_means_nothing() -> None:
    book = Playbook()
    hand = begun(book)
    fact = facts.encode(facts.TurnFinished(prompt=uuid(1), outcome="done"))
    hand.batch(2, b'{"type":"claude_remote","fact":"from-the-future"}\nrubbish\n' + fact, m.Source.FACT)
    assert book.disk.prompts[uuid(1)].ends == 4
    assert len(lines(book, hand)) == 4


def test_acks_that_were_lost_come_with_the_welcome() -> None:
    book = Playbook()
    hand = begun(book)
    hand.batch(2, b"a\n")
    book.worker_hears(hand.route)
    assert hand.ready(route=b"r-2") == [bus.Welcome(acked=2)]


# --- Beat and Who --------------------------------------------------------------------------------------


def test_beat_of_an_unknown_socket_is_asked_who_it_is() -> None:
    book = Playbook()
    book.worker_says(b"r-9", bus.Beat())
    assert book.worker_hears(b"r-9") == [bus.Who()]


def test_beats_go_to_every_worker_and_their_loss_shows() -> None:
    book = Playbook()
    hand = begun(book)
    book.items()
    book.tick(6)
    assert [type(verb) for verb, _ in book._told[hand.route]] == [bus.Beat] * 6
    assert "silent" in [getattr(item, "state", "") for item in book.items()]
    assert book.kills == []
    book.worker_says(hand.route, bus.Beat())
    book.tick(1)
    states = [getattr(item, "state", "") for item in book.items()]
    assert "leased" in states
    book.worker_says(hand.route, bus.Beat())
    assert book.items() == []


# --- Give ----------------------------------------------------------------------------------------------


def test_give_that_was_lost_is_given_again_and_one_that_came_is_not() -> None:
    book = Playbook()
    book.connect(1)
    book.prompts(1, 1)
    hand = Hand(book).launched()
    hand.ready()
    hand.prompts = []
    assert names(hand.ready(route=b"r-2")) == ["Welcome", "Give"]
    assert names(hand.ready(route=b"r-3")) == ["Welcome"]


def test_turn_started_twice_and_finished_twice_by_facts() -> None:
    book = Playbook()
    hand = begun(book)
    hand.starts(1)
    hand.finishes(1)
    hand.finishes(1, outcome="interrupted")
    assert book.disk.prompts[uuid(1)].state == "done"
    assert book.disk.prompts[uuid(1)].ends == 3


# --- Verdict -------------------------------------------------------------------------------------------


def test_verdict_that_was_lost_is_sent_again_and_one_that_came_is_not() -> None:
    book = Playbook()
    hand = begun(book)
    hand.states(QUESTION)
    book.says(1, m.Decide(approval=uuid(90), behavior=m.Behavior.ALLOW), b'{"command":"ls -l"}')
    verdict = bus.Verdict(
        session=hand.session or "",
        epoch=1,
        approval=uuid(90),
        behavior=m.Behavior.ALLOW,
        by="laptop",
    )
    assert book.worker_reads(hand.route)[-1] == (verdict, b'{"command":"ls -l"}')
    assert hand.ready(route=b"r-2") == [bus.Welcome(acked=2), verdict]
    assert hand.ready(route=b"r-3") == [bus.Welcome(acked=2)]
    hand.decisions = []
    hand.states(facts.ApprovalDelivered(approval=uuid(90), behavior=m.Behavior.ALLOW, by="laptop"))
    assert names(hand.ready(route=b"r-4")) == ["Welcome"]


# --- Stop, Ask and Reply, Release, Gone ----------------------------------------------------------------


def test_ask_that_was_lost_is_asked_again_and_a_second_reply_is_nothing() -> None:
    book = Playbook()
    hand = begun(book)
    book.connect(2, PHONE)
    book.says(2, m.Control(session="fix-failing-test", subtype="set_model"), b'{"model":"opus"}')
    (ask,) = hand.hear()
    assert isinstance(ask, bus.Ask)
    assert hand.ready(route=b"r-2")[-1] == ask
    book.worker_says(hand.route, bus.Reply(request=ask.request, ok=True), b'{"a":1}')
    book.worker_says(hand.route, bus.Reply(request=ask.request, ok=True), b'{"a":1}')
    book.worker_says(hand.route, bus.Reply(request="another", ok=True), b'{"a":1}')
    assert book.reads(2) == [(m.Answer(), b'{"a":1}'), (m.Done(), b"")]
    assert ask not in hand.ready(route=b"r-3")


def test_release_that_was_lost_is_said_again() -> None:
    book = Playbook()
    hand = begun(book)
    book.perform(book.core.shutdown(book.now))
    (release,) = hand.hear()
    why = "the server is shutting down"
    assert release == bus.Release(session=hand.session or "", epoch=1, how="now", reason=why)
    assert hand.ready(route=b"r-2")[-1] == release


def test_gone_twice_or_for_another_epoch() -> None:
    book = Playbook()
    hand = begun(book)
    hand.finishes(1)
    book.worker_says(hand.route, bus.Gone(session=hand.session or "", epoch=9))
    book.prompts(1, 2, session="fix-failing-test")
    assert names(hand.hear())[-1] == "Give"
    hand.starts(2)
    hand.finishes(2)
    hand.hear()
    book.worker_says(hand.route, bus.Gone(session=hand.session or "", epoch=1))
    book.worker_says(hand.route, bus.Gone(session=hand.session or "", epoch=1))
    book.prompts(1, 3, session="fix-failing-test")
    assert hand.hear() == []
    hand.exits()
    assert [launch.worker for launch in book.launches] == ["w-1", "w-2"]
    assert names(Hand(book, 2).ready()) == ["Welcome", "Lease", "Give"]
