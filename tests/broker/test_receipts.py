"""Decide with a receipt: what becomes of it, to whoever decided."""

from __future__ import annotations

from claude_remote import bus, facts
from claude_remote import messages as m
from claude_remote.rights import WORK
from tests.broker.playbook import LAPTOP, PHONE, Hand, Playbook, uuid
from tests.broker.test_approvals import asked

ID = uuid(90)
ALLOW = m.Decide(approval=ID, behavior=m.Behavior.ALLOW, receipt=True)
DENY = m.Decide(approval=ID, behavior=m.Behavior.DENY, message="no", receipt=True)
DELIVERED = facts.ApprovalDelivered(approval=ID, behavior=m.Behavior.ALLOW, by="phone")
TAKEN = facts.ApprovalTaken(approval=ID)
FINISHED = facts.ToolFinished(approval=ID, error=False)
VOID = facts.ApprovalVoid(approval=ID, reason="Claude has ended.")


def receipt(state: m.ApprovalState, reason: str = "") -> m.Receipt:
    return m.Receipt(approval=ID, state=state, reason=reason)


def decided(behavior: m.Behavior = m.Behavior.ALLOW, by: str = "phone") -> m.Decided:
    return m.Decided(approval=ID, behavior=behavior, by=by)


def test_each_step_is_told_when_it_is_stored() -> None:
    book = Playbook()
    hand = asked(book)
    book.says(2, ALLOW)
    assert book.hears(2) == [decided()]
    book.hold = True
    hand.states(DELIVERED)
    assert book.hears(2) == []
    book.release()
    assert book.hears(2) == [receipt(m.ApprovalState.DELIVERED)]
    hand.states(TAKEN)
    book.release()
    assert book.hears(2) == [receipt(m.ApprovalState.TAKEN), m.Done()]
    book.says(2, m.Ping())
    assert book.hears(2) == [m.Done()]


def test_several_steps_in_one_transaction_are_told_as_the_last() -> None:
    book = Playbook()
    hand = asked(book)
    book.says(2, ALLOW)
    hand.states(DELIVERED, TAKEN, FINISHED)
    assert book.hears(2) == [decided(), receipt(m.ApprovalState.FINISHED), m.Done()]


def test_a_decision_that_claude_never_took() -> None:
    book = Playbook()
    hand = asked(book)
    book.says(2, ALLOW)
    hand.states(DELIVERED, VOID)
    assert book.hears(2) == [decided(), receipt(m.ApprovalState.VOID, "Claude has ended."), m.Done()]


def test_a_decision_whose_worker_is_killed() -> None:
    book = Playbook()
    hand = asked(book)
    book.says(2, ALLOW)
    hand.exits()
    first, second, last = book.hears(2)
    assert first == decided()
    assert isinstance(second, m.Receipt)
    assert second.state is m.ApprovalState.VOID
    assert second.reason
    assert last == m.Done()


def test_who_was_not_first_follows_what_was_decided() -> None:
    book = Playbook()
    hand = asked(book)
    book.connect(3, LAPTOP)
    book.hold = True
    book.says(2, ALLOW)
    book.says(3, DENY)
    book.hold = False
    book.release()
    assert book.hears(3) == [decided()]
    hand.states(DELIVERED, TAKEN)
    assert book.hears(3) == [receipt(m.ApprovalState.TAKEN), m.Done()]


def test_long_after_the_end_it_is_told_at_once() -> None:
    book = Playbook()
    hand = asked(book)
    book.says(2, m.Decide(approval=ID, behavior=m.Behavior.ALLOW))
    hand.states(DELIVERED, TAKEN, FINISHED)
    book.hears(2)
    book.says(2, ALLOW)
    assert book.hears(2) == [decided(), receipt(m.ApprovalState.FINISHED), m.Done()]


def test_a_question_that_was_void_before_is_an_error() -> None:
    book = Playbook()
    hand = asked(book)
    hand.states(VOID)
    book.says(2, ALLOW)
    (error,) = book.hears(2)
    assert isinstance(error, m.Error)
    assert error.code == "already-decided"


def test_the_same_decision_goes_on_at_the_next_broker() -> None:
    book = Playbook()
    hand = asked(book)
    book.says(2, ALLOW)
    book.hears(2)
    book = hand.book = Playbook(disk=book.disk)
    hand.launched()
    hand.decisions.append(ID)
    hand.ready(route=b"new")
    book.connect(2, PHONE)
    book.says(2, ALLOW)
    assert book.hears(2) == [decided()]
    hand.states(DELIVERED, TAKEN)
    assert book.hears(2) == [receipt(m.ApprovalState.TAKEN), m.Done()]


def test_it_ends_when_the_server_does() -> None:
    book = Playbook()
    asked(book)
    book.says(2, ALLOW)
    book.hears(2)
    book.perform(book.core.shutdown(book.now))
    (error,) = [message for message in book.hears(2) if isinstance(message, m.Error)]
    assert error.code == "shutting-down"


def test_who_leaves_leaves_the_decision_behind() -> None:
    book = Playbook()
    hand = asked(book)
    book.says(2, ALLOW)
    book.says(2, m.Cancel())
    assert book.hears(2) == [decided(), m.Done()]
    hand.states(DELIVERED, TAKEN)
    assert book.hears(2) == []
    assert book.disk.approvals[ID].state == "taken"


def test_the_mode_goes_with_the_decision_and_needs_its_right() -> None:
    book = Playbook()
    hand = asked(book)
    book.table.given[PHONE.fingerprint] = WORK
    book.says(2, m.Decide(approval=ID, behavior=m.Behavior.ALLOW, mode="bypassPermissions"))
    (error,) = book.hears(2)
    assert isinstance(error, m.Error)
    assert (error.code, error.detail) == ("right-missing", {"right": "exec"})
    book.says(2, m.Decide(approval=ID, behavior=m.Behavior.ALLOW, mode="nonsense"))
    (error,) = book.hears(2)
    assert isinstance(error, m.Error)
    assert error.code == "bad-option"
    book.says(2, m.Decide(approval=ID, behavior=m.Behavior.DENY, mode="plan"))
    (error,) = book.hears(2)
    assert isinstance(error, m.Error)
    assert error.code == "bad-message"
    book.says(2, m.Decide(approval=ID, behavior=m.Behavior.ALLOW, mode="acceptEdits"))
    (verdict,) = hand.hear()
    assert isinstance(verdict, bus.Verdict)
    assert verdict.mode == "acceptEdits"


def test_two_connections_of_one_client_decide_the_same() -> None:
    book = Playbook()
    hand: Hand = asked(book)
    book.connect(3, PHONE)
    book.says(2, ALLOW)
    book.says(3, ALLOW)
    hand.states(DELIVERED, TAKEN)
    for conn in (2, 3):
        assert book.hears(conn)[0] == decided()
