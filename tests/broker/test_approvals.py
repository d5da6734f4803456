"""Approvals: the first decision wins, each step is stored before it is told, who is late is told."""

from __future__ import annotations

from claude_remote import bus, facts, feed
from claude_remote import messages as m
from claude_remote.rights import Right
from tests.broker.playbook import LAPTOP, PHONE, Hand, Playbook, uuid
from tests.broker.test_bus_verbs import QUESTION, begun, names

ALLOW = m.Decide(approval=uuid(90), behavior=m.Behavior.ALLOW)
DENY = m.Decide(approval=uuid(90), behavior=m.Behavior.DENY, message="no")


def asked(book: Playbook) -> Hand:
    hand = begun(book)
    hand.states(QUESTION)
    hand.hear()
    book.hears(1)
    book.connect(2, PHONE)
    return hand


def code(book: Playbook, conn: int) -> tuple[str, str]:
    (error,) = book.hears(conn)
    assert isinstance(error, m.Error)
    return error.code, error.message


def test_a_decision_from_another_client() -> None:
    book = Playbook()
    hand = asked(book)
    book.says(2, ALLOW)
    assert book.hears(2) == [
        m.Decided(approval=uuid(90), behavior=m.Behavior.ALLOW, by="phone"),
        m.Done(),
    ]
    assert names(hand.hear()) == ["Verdict"]


def test_a_decision_in_the_course_of_the_prompt() -> None:
    book = Playbook()
    hand = asked(book)
    book.says(1, DENY)
    assert book.hears(1) == [m.Decided(approval=uuid(90), behavior=m.Behavior.DENY, by="laptop")]
    assert names(hand.hear()) == ["Verdict"]
    hand.finishes(1)
    assert [type(message) for message in book.hears(1)] == [m.Events, m.Finished, m.Done]


def test_the_first_decision_wins_and_the_second_is_told_whose_it_was() -> None:
    book = Playbook()
    hand = asked(book)
    book.hold = True
    book.says(2, ALLOW)
    book.says(1, DENY)
    assert book.hears(2) == []
    assert hand.hear() == []
    book.hold = False
    book.release()
    assert [type(message) for message in book.hears(2)] == [m.Decided, m.Done]
    assert book.hears(1) == [m.Decided(approval=uuid(90), behavior=m.Behavior.ALLOW, by="phone")]
    (verdict,) = hand.hear()
    assert isinstance(verdict, bus.Verdict)
    assert (verdict.behavior, verdict.by) == ("allow", "phone")


def test_a_late_decision_is_an_error_that_names_the_first() -> None:
    book = Playbook()
    hand = asked(book)
    book.says(1, ALLOW)
    book.says(2, DENY)
    assert code(book, 2) == ("already-decided", "laptop has allowed it already.")
    hand.states(
        facts.ApprovalDelivered(approval=uuid(90), behavior=m.Behavior.ALLOW, by="laptop"),
        facts.ApprovalTaken(approval=uuid(90)),
        facts.ToolFinished(approval=uuid(90), error=False),
    )
    book.says(2, DENY)
    assert code(book, 2) == ("already-decided", "laptop has allowed it already.")


def test_the_same_decision_again_is_the_same_decision() -> None:
    book = Playbook()
    hand = asked(book)
    book.says(2, ALLOW)
    book.hears(2)
    hand.hear()
    book.says(2, ALLOW)
    assert [type(message) for message in book.hears(2)] == [m.Decided, m.Done]
    assert hand.hear() == []


def test_a_decision_of_a_question_that_is_no_more() -> None:
    book = Playbook()
    hand = asked(book)
    hand.states(facts.ApprovalVoid(approval=uuid(90), reason="its turn was stopped"))
    book.hears(1)
    book.says(2, ALLOW)
    assert code(book, 2) == ("already-decided", "This question is no more: its turn was stopped.")
    book.says(1, ALLOW)
    (decided,) = book.hears(1)
    assert isinstance(decided, m.Decided)
    assert decided.lost == "This question is no more: its turn was stopped."
    assert names(hand.hear()) == ["Ack"]


def test_a_decision_while_its_claude_dies_is_void() -> None:
    book = Playbook()
    hand = asked(book)
    book.hold = True
    hand.exits()
    book.says(2, ALLOW)
    book.hold = False
    book.release()
    assert code(book, 2)[0] == "already-decided"


def test_a_decision_that_could_not_be_delivered_is_void_when_its_claude_dies() -> None:
    book = Playbook()
    hand = asked(book)
    book.says(2, ALLOW)
    hand.exits()
    assert book.disk.approvals[uuid(90)].state == "void"
    book.tick(1)
    states = [item.state for item in book.items() if isinstance(item, feed.ApprovalUpdated)]
    assert states == ["open", "decided", "void"]


def test_a_decision_that_cannot_be_stored() -> None:
    book = Playbook()
    hand = asked(book)
    book.disk.full = "disk full"
    book.says(2, ALLOW)
    assert code(book, 2)[0] == "storage-failed"
    book.disk.full = ""
    book.tick(2)
    assert hand.hear() == []
    book.says(2, ALLOW)
    assert names(hand.hear()) == ["Verdict"]


def test_an_approval_outlives_the_broker() -> None:
    book = Playbook()
    hand = asked(book)
    book = hand.book = Playbook(disk=book.disk)
    hand.launched()
    book.connect(2, PHONE)
    book.says(2, ALLOW)
    assert [type(message) for message in book.hears(2)] == [m.Decided, m.Done]
    assert names(hand.ready(route=b"new")) == ["Welcome", "Verdict"]


def test_nobody_decides_what_is_not_there_or_what_it_does_not_see() -> None:
    book = Playbook()
    asked(book)
    book.says(2, m.Decide(approval=uuid(91), behavior=m.Behavior.ALLOW))
    assert code(book, 2)[0] == "no-such-approval"
    book.table.given[PHONE.fingerprint] = frozenset({Right.APPROVE})
    book.says(2, ALLOW)
    assert code(book, 2)[0] == "no-such-approval"
    book.table.given[PHONE.fingerprint] = frozenset({Right.VIEW})
    book.says(2, ALLOW)
    assert code(book, 2)[0] == "right-missing"
    book.table.given[LAPTOP.fingerprint] = frozenset({Right.PROMPT})
    book.says(1, ALLOW)
    assert code(book, 1)[0] == "right-missing"


def test_the_input_of_a_tool_is_an_object() -> None:
    book = Playbook()
    hand = asked(book)
    book.says(2, ALLOW, b"[1]")
    assert code(book, 2)[0] == "bad-message"
    book.says(2, ALLOW, b"{")
    assert code(book, 2)[0] == "bad-message"
    assert hand.hear() == []


def test_a_session_that_waits_for_an_approval_says_so() -> None:
    book = Playbook()
    asked(book)
    book.says(2, m.ListSessions())
    sessions, _ = book.hears(2)
    assert isinstance(sessions, m.Sessions)
    assert [(info.state, info.approvals) for info in sessions.sessions] == [("waiting", 1)]
    book.says(2, ALLOW)
    book.hears(2)
    book.says(2, m.ListSessions())
    sessions, _ = book.hears(2)
    assert isinstance(sessions, m.Sessions)
    assert [(info.state, info.approvals) for info in sessions.sessions] == [("working", 0)]
