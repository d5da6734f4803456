"""Each request without the right that it needs, and with that one alone."""

from __future__ import annotations

import pytest

from claude_remote import messages as m
from claude_remote.rights import Right
from claude_remote_broker import ports
from tests.broker.playbook import LAPTOP, OWNER, PHONE, Hand, Playbook, uuid

REQUESTS: dict[type[m.Message], m.Message] = {
    type(request): request
    for request in (
        m.Ping(),
        m.Open(target=m.Target()),
        m.Prompt(id=uuid(7), target=m.Target(), size=2),
        m.Attach(session="mine"),
        m.ListSessions(),
        m.ShowStatus(),
        m.Await(session="mine"),
        m.Rename(session="mine", name="other"),
        m.Close(session="mine"),
        m.Control(session="mine", subtype="get_status"),
        m.Watch(),
        m.Decide(approval=uuid(8), behavior=m.Behavior.ALLOW),
        m.ListApprovals(),
        m.ShowApproval(approval=uuid(8)),
        m.AddRule(rule="Bash", scope=m.Scope.EVERYWHERE),
        m.ListRules(),
        m.RemoveRule(rule=uuid(8)),
        m.Interrupt(session="mine"),
        m.ListClients(),
        m.Approve(which="x"),
        m.Refuse(which="x"),
        m.Revoke(which="x"),
        m.Exec(),
        m.Shutdown(),
        m.ServerLogs(),
        m.Get(),
        m.Put(),
        m.ListConversations(),
        m.ChangeRights(which="x", add=(Right.VIEW,)),
        m.ReadAudit(),
        m.CheckAudit(seq=1),
        m.Update(),
        m.ListWorkers(),
        m.ScaleWorkers(least=0, most=3),
    )
}
ASKED = [kind for kind in m.NEEDS if kind is not m.Withdraw]
RIGHTED = [kind for kind in ASKED if m.NEEDS[kind] is not None]


def began(rights: frozenset[Right]) -> Playbook:
    """A client with a session called mine, in which claude is idle, and with these rights from now on."""
    book = Playbook()
    book.connect(1)
    book.prompts(1, 1, name="mine")
    hand = Hand(book).launched()
    hand.ready()
    hand.starts(1)
    hand.finishes(1)
    book.hears(1)
    hand.hear()
    book.table.given[LAPTOP.fingerprint] = rights
    return book


def answered(book: Playbook, kind: type[m.Message]) -> list[m.Message]:
    payload = b"hi" if kind is m.Prompt else b""
    book.says(1, REQUESTS[kind], payload)
    return book.hears(1)


def lacks(answer: list[m.Message]) -> str | None:
    match answer:
        case [m.Error(code="right-missing", detail=detail)]:
            return detail["right"]
        case _:
            return None


def _stored(book: Playbook) -> tuple[object, ...]:
    return {**book.disk.sessions}, {**book.disk.prompts}, {**book.disk.approvals}


def test_every_request_is_looked_at() -> None:
    asked = set(m.Request.__args__) - {m.Ring}
    assert asked == set(REQUESTS)
    assert asked <= set(m.NEEDS)


@pytest.mark.parametrize("kind", RIGHTED)
def test_without_its_right_a_request_changes_nothing(kind: type[m.Message]) -> None:
    needed = m.NEEDS[kind]
    book = began(frozenset(Right) - {needed})
    stored, launched = _stored(book), len(book.launches)
    assert lacks(answered(book, kind)) == needed
    assert (_stored(book), len(book.launches)) == (stored, launched)
    assert not book.administered
    assert not book.worker_hears(b"r-1")
    # The connection goes on.
    assert answered(book, m.Ping) == [m.Done()]


@pytest.mark.parametrize("missing", Right)
@pytest.mark.parametrize("kind", ASKED)
def test_only_the_right_that_it_needs_is_missed(kind: type[m.Message], missing: Right) -> None:
    book = began(frozenset(Right) - {missing})
    assert lacks(answered(book, kind)) == (missing if m.NEEDS[kind] is missing else None)


@pytest.mark.parametrize(
    "request_",
    [request for request in REQUESTS.values() if getattr(request, "session", None)]
    + [
        m.ListSessions(session="mine"),
        m.Open(target=m.Target(session="mine")),
        m.Prompt(id=uuid(7), target=m.Target(session="mine"), size=2),
        m.Prompt(id=uuid(7), target=m.Target(session="mine", fork=True), size=2),
    ],
    ids=lambda request: type(request).__name__,
)
def test_without_view_the_sessions_of_others_do_not_exist(request_: m.Message) -> None:
    book = began(frozenset(Right))
    book.table.given[PHONE.fingerprint] = frozenset(Right) - {Right.VIEW}
    book.connect(2, PHONE)
    book.says(2, request_, b"hi" if isinstance(request_, m.Prompt) else b"")
    (error,) = book.hears(2)
    assert isinstance(error, m.Error)
    assert (error.code, error.message) == ("no-such-session", "There is no session 'mine'.")


@pytest.mark.parametrize("kind", ASKED)
def test_with_its_right_alone_it_is_served(kind: type[m.Message]) -> None:
    needed = m.NEEDS[kind]
    book = began(frozenset() if needed is None else frozenset({needed}))
    assert lacks(answered(book, kind)) is None


@pytest.mark.parametrize("kind", RIGHTED)
def test_without_any_right(kind: type[m.Message]) -> None:
    assert lacks(answered(began(frozenset()), kind)) == m.NEEDS[kind]


@pytest.mark.parametrize("kind", REQUESTS)
def test_a_stranger_asks_nothing(kind: type[m.Message]) -> None:
    book = Playbook()
    book.connect(1, ports.Peer("SHA256:" + "S" * 43, "stranger", m.Door.BELL))
    (error,) = answered(book, kind)
    assert isinstance(error, m.Error)
    assert error.code == "unknown-message"


def test_in_the_course_of_a_turn_rights_are_looked_up_anew() -> None:
    book = Playbook()
    book.connect(1)
    book.prompts(1, 1, name="mine")
    hand = Hand(book).launched()
    hand.ready()
    hand.starts(1)
    book.hears(1)
    hand.hear()
    book.table.given[LAPTOP.fingerprint] = frozenset({Right.VIEW})
    for message, needed in (
        (m.Decide(approval=uuid(8), behavior=m.Behavior.ALLOW), Right.APPROVE),
        (m.Interrupt(), Right.PROMPT),
    ):
        book.connect(2)
        book.says(2, m.Attach(session="mine"))
        book.hears(2)
        book.says(2, message)
        assert lacks(book.hears(2)) == needed
    assert not book.worker_hears(b"r-1")


def test_the_owner_lacks_nothing() -> None:
    for kind, request in REQUESTS.items():
        book = began(frozenset())
        book.connect(9, OWNER)
        book.says(9, request, b"hi" if kind is m.Prompt else b"")
        assert lacks(book.hears(9)) is None
