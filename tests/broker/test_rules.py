"""Standing rules: what they answer, for whom, where, and how long."""

from __future__ import annotations

import pytest
from msgspec import Raw

from claude_remote import bus, facts, feed
from claude_remote import messages as m
from claude_remote.rights import FULL, WORK, Right
from claude_remote_broker import ports
from claude_remote_broker.core import Limits
from tests.broker.playbook import LAPTOP, PHONE, Hand, Playbook, uuid
from tests.broker.test_approvals import code
from tests.broker.test_bus_verbs import begun

EVERYWHERE = m.AddRule(rule="Bash(ls *)", scope=m.Scope.EVERYWHERE)


def question(number: int, command: str = "ls", **change: object) -> facts.ApprovalOpened:
    fields: dict[str, object] = {
        "approval": uuid(number),
        "tool": "Bash",
        "input": Raw(b'{"command":"' + command.encode() + b'"}'),
        "summary": command,
        "tool_use": f"t{number}",
    }
    return facts.ApprovalOpened(**(fields | change))  # type: ignore[arg-type]


def ruled(book: Playbook, request: m.AddRule = EVERYWHERE, peer: ports.Peer = PHONE) -> m.RuleInfo:
    """A client (2) adds a rule."""
    book.connect(2, peer)
    book.says(2, request)
    told, done = book.hears(2)
    assert isinstance(told, m.Rules), told
    assert done == m.Done()
    return told.rules[0]


def answered(hand: Hand, asked: facts.ApprovalOpened) -> bool:
    """Whether a rule answers this question."""
    hand.hear()
    hand.states(asked)
    return any(isinstance(verb, bus.Verdict) for verb in hand.hear())


def listed(book: Playbook) -> tuple[m.RuleInfo, ...]:
    book.connect(9, LAPTOP)
    book.says(9, m.ListRules())
    told = [message for message in book.hears(9) if isinstance(message, m.Rules)]
    return tuple(rule for message in told for rule in message.rules)


def test_a_rule_answers_in_the_transaction_in_which_the_question_opens() -> None:
    book = Playbook()
    hand = begun(book)
    rule = ruled(book)
    hand.hear()
    hand.states(question(90))
    _, verdict = hand.hear()
    assert isinstance(verdict, bus.Verdict)
    assert (verdict.behavior, verdict.by, verdict.rule) == ("allow", "phone", rule.id)
    book.tick(1)
    states = [(item.state, item.by) for item in book.items() if isinstance(item, feed.ApprovalUpdated)]
    assert states == [("decided", "phone")]
    assert book.disk.approvals[uuid(90)].decision is not None


def test_its_use_is_counted() -> None:
    book = Playbook()
    hand = begun(book)
    ruled(book)
    hand.states(question(90), question(91), question(92, "rm x"))
    (rule,) = listed(book)
    assert (rule.used, rule.last_used) == (2, book.now)
    assert book.disk.approvals[uuid(92)].state == "open"


def test_what_it_does_not_match_waits_for_a_person() -> None:
    book = Playbook()
    hand = begun(book)
    ruled(book)
    assert not answered(hand, question(90, "rm x"))
    assert not answered(hand, question(91, reason_type="safetyCheck"))
    assert not answered(hand, question(92, guarded=True))
    assert not answered(hand, question(93, tool="AskUserQuestion"))
    assert answered(hand, question(94))


def test_in_plan_mode_nothing_runs_by_a_rule() -> None:
    book = Playbook()
    hand = begun(book)
    ruled(book)
    hand.states(facts.SessionChanged(mode="plan"))
    assert not answered(hand, question(90))
    hand.states(facts.SessionChanged(mode="default"))
    assert answered(hand, question(91))


def test_it_does_not_answer_what_is_open_already() -> None:
    book = Playbook()
    hand = begun(book)
    hand.states(question(90))
    ruled(book)
    assert book.disk.approvals[uuid(90)].state == "open"


def test_a_question_that_is_told_again_is_not_answered_again() -> None:
    book = Playbook()
    hand = begun(book)
    ruled(book)
    hand.states(question(90))
    hand.hear()
    hand.states(question(90))
    assert [verb for verb in hand.hear() if isinstance(verb, bus.Verdict)] == []


@pytest.mark.parametrize(
    ("request_", "is_meant"),
    [
        (m.AddRule(rule="Bash", scope=m.Scope.SESSION, session="other"), False),
        (m.AddRule(rule="Bash", scope=m.Scope.SESSION, session="mine"), True),
        (m.AddRule(rule="Bash", scope=m.Scope.FOLDER, folder="work"), True),
        (m.AddRule(rule="Bash", scope=m.Scope.FOLDER, folder="wo"), False),
        (m.AddRule(rule="Bash", scope=m.Scope.FOLDER), True),
        (m.AddRule(rule="Bash", scope=m.Scope.CLIENT), False),  # of the phone; the laptop prompts
        (m.AddRule(rule="Bash", scope=m.Scope.EVERYWHERE), True),
    ],
)
def test_where_it_holds(request_: m.AddRule, *, is_meant: bool) -> None:
    book = Playbook()
    book.connect(1)
    book.says(1, m.Open(target=m.Target(name="other")))
    book.hears(1)
    book.prompts(1, 1, name="mine", cwd="work/deep")
    hand = Hand(book, 2).launched()
    hand.ready()
    hand.starts(1)
    ruled(book, request_)
    assert answered(hand, question(90)) is is_meant


def test_what_a_client_prompts_and_what_another_steers_into_it() -> None:
    book = Playbook()
    hand = begun(book)
    ruled(book, m.AddRule(rule="Bash", scope=m.Scope.CLIENT), LAPTOP)
    assert answered(hand, question(90))
    book.connect(3, PHONE)
    session = hand.session or ""
    book.says(3, m.Prompt(id=uuid(2), target=m.Target(session=session), size=2, now=True), b"hi")
    hand.states(facts.Steered(prompt=uuid(2)))
    assert not answered(hand, question(91))


def test_it_ends_in_mid_session() -> None:
    book = Playbook()
    hand = begun(book)
    rule = ruled(book, m.AddRule(rule="Bash", scope=m.Scope.EVERYWHERE, seconds=60))
    assert rule.expires == book.now + 60
    assert answered(hand, question(90))
    book.now += 60
    assert not answered(hand, question(91))
    book.tick()
    assert listed(book) == ()
    assert book.disk.rules == {}
    (ended,) = [entry for entry in book.recorded if entry.kind == "rule-ended"]
    assert (ended.outcome, ended.name, ended.detail) == (
        "expired",
        "",
        {"rule": rule.id, "words": "Bash", "by": "phone"},
    )


def test_withdrawn_it_answers_nothing_from_that_moment() -> None:
    book = Playbook()
    hand = begun(book)
    rule = ruled(book)
    book.hold = True
    book.says(2, m.RemoveRule(rule=rule.id[:8]))
    assert [type(message) for message in book.hears(2)] == [m.Rules, m.Done]
    hand.states(question(90))
    book.release()
    assert book.disk.approvals[uuid(90)].state == "open"
    assert book.disk.rules == {}


def test_it_dies_with_the_right_of_its_client() -> None:
    book = Playbook()
    hand = begun(book)
    ruled(book)
    book.table.given[PHONE.fingerprint] = frozenset(Right) - {Right.APPROVE}
    assert not answered(hand, question(90))
    book << ports.ClientCutOff(PHONE.fingerprint)
    book.table.given[PHONE.fingerprint] = FULL
    assert not answered(hand, question(91))
    assert [entry.outcome for entry in book.recorded if entry.kind == "rule-ended"] == ["right-lost"]
    assert book.disk.rules == {}


def test_what_its_client_does_not_see_or_may_not_use_it_does_not_answer() -> None:
    book = Playbook()
    hand = begun(book)
    ruled(book)
    book.table.given[PHONE.fingerprint] = frozenset({Right.APPROVE})
    assert not answered(hand, question(90))
    book.table.given[PHONE.fingerprint] = WORK
    book.table.rooted[PHONE.fingerprint] = ("/srv",)
    assert not answered(hand, question(91))
    book.table.rooted[PHONE.fingerprint] = ("/home/me",)
    assert answered(hand, question(92))


def test_it_outlives_the_broker_but_not_the_right() -> None:
    book = Playbook()
    hand = begun(book)
    ruled(book)
    book = hand.book = Playbook(disk=book.disk)
    hand.launched()
    hand.ready(route=b"new")
    assert answered(hand, question(90))
    given = {LAPTOP.fingerprint: FULL}
    book = hand.book = Playbook(disk=book.disk, start=False)
    book.table.given = given
    book.perform(book.core.start(book.now))
    assert book.disk.rules == {}


def test_what_is_no_rule_is_told_in_words() -> None:
    book = Playbook()
    book.connect(2, PHONE)
    book.says(2, m.AddRule(rule="Write(src/**)", scope=m.Scope.EVERYWHERE))
    told, words = code(book, 2)
    assert told == "bad-option"
    assert "Edit(src/**)" in words
    book.says(2, m.AddRule(rule="Bash", scope=m.Scope.SESSION, session="nobody"))
    assert code(book, 2)[0] == "no-such-session"
    book.says(2, m.RemoveRule(rule="abcd"))
    assert code(book, 2)[0] == "no-such-rule"
    book.says(2, m.RemoveRule(rule=""))
    assert code(book, 2)[0] == "no-such-rule"


def test_what_cannot_be_stored_does_not_hold() -> None:
    book = Playbook()
    hand = begun(book)
    book.disk.full = "disk full"
    book.connect(2, PHONE)
    book.says(2, EVERYWHERE)
    assert code(book, 2)[0] == "storage-failed"
    book.disk.full = ""
    assert not answered(hand, question(90))


def test_what_cannot_be_dropped_is_dropped_later() -> None:
    book = Playbook()
    rule = ruled(book)
    book.disk.full = "disk full"
    book.says(2, m.RemoveRule(rule=rule.id))
    assert listed(book) == ()
    book.disk.full = ""
    book.tick(2)
    assert book.disk.rules == {}


def test_they_are_counted() -> None:
    book = Playbook(limits=Limits(rules_of_client=1))
    ruled(book)
    book.says(2, EVERYWHERE)
    assert code(book, 2)[0] == "queue-full"


def test_without_view_there_are_only_its_own() -> None:
    book = Playbook()
    ruled(book)
    book.table.given[LAPTOP.fingerprint] = frozenset({Right.APPROVE})
    assert listed(book) == ()
    book.table.given[LAPTOP.fingerprint] = WORK
    assert [rule.by for rule in listed(book)] == ["phone"]
