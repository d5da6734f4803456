"""Approvals as lists, followed, and one of them whole."""

from __future__ import annotations

from msgspec import Raw

from claude_remote import bus, facts
from claude_remote import messages as m
from claude_remote.rights import Right
from claude_remote_broker import ports
from claude_remote_broker.core import Limits
from tests.broker.playbook import PHONE, Playbook, uuid
from tests.broker.test_approvals import ALLOW, asked, code
from tests.broker.test_bus_verbs import QUESTION

ID = uuid(90)


def heard(book: Playbook, conn: int = 2) -> list[m.Approvals]:
    return [message for message in book.hears(conn) if isinstance(message, m.Approvals)]


def test_those_that_are_open_are_listed() -> None:
    book = Playbook()
    asked(book)
    book.says(2, m.ListApprovals())
    listed, done = book.hears(2)
    assert done == m.Done()
    assert isinstance(listed, m.Approvals)
    assert (listed.begins, listed.more) == (True, False)
    (info,) = listed.approvals
    assert (info.id, info.tool, info.summary, info.client) == (ID, "Bash", "ls", "laptop")
    assert (info.host, info.cwd, info.state) == ("home", "/home/me", m.ApprovalState.OPEN)


def test_without_view_there_are_only_those_of_own_sessions() -> None:
    book = Playbook()
    asked(book)
    book.table.given[PHONE.fingerprint] = frozenset({Right.APPROVE})
    book.says(2, m.ListApprovals(follow=True))
    assert heard(book) == [m.Approvals(begins=True)]
    book.says(1, ALLOW)
    assert heard(book) == []
    book.says(2, m.Cancel())
    assert book.hears(2) == [m.Done()]
    book.says(2, m.ShowApproval(approval=ID))
    assert code(book, 2)[0] == "no-such-approval"


def test_what_becomes_of_them_is_told() -> None:
    book = Playbook()
    hand = asked(book)
    book.says(2, m.ListApprovals(follow=True))
    heard(book)
    book.says(1, ALLOW)
    hand.states(facts.ApprovalDelivered(approval=ID, behavior=m.Behavior.ALLOW, by="laptop"))
    hand.states(facts.ApprovalTaken(approval=ID))
    hand.states(facts.ToolFinished(approval=ID, error=True))
    told = [info for message in heard(book) for info in message.approvals]
    assert [(info.state, info.by, info.reason) for info in told] == [
        ("decided", "laptop", ""),
        ("delivered", "laptop", ""),
        ("taken", "laptop", ""),
        ("finished", "laptop", "failed"),
    ]


def test_who_cannot_keep_up_gets_a_new_list() -> None:
    book = Playbook()
    hand = asked(book)
    book.says(2, m.ListApprovals(follow=True))
    heard(book)
    book << ports.Congested(2)
    book.says(1, ALLOW)
    hand.states(facts.ApprovalVoid(approval=ID, reason="gone"))
    assert heard(book) == []
    book << ports.Drained(2)
    assert heard(book) == [m.Approvals(begins=True)]


def test_followers_are_counted() -> None:
    book = Playbook(limits=Limits(watchers=1))
    asked(book)
    book.says(2, m.ListApprovals(follow=True))
    book.connect(3, PHONE)
    book.says(3, m.ListApprovals(follow=True))
    assert code(book, 3)[0] == "queue-full"
    book << ports.Disconnected(2)
    book.says(3, m.ListApprovals(follow=True))
    assert heard(book, 3)


def test_many_fit_their_frames() -> None:
    book = Playbook()
    hand = asked(book)
    summary = "ü" * 400
    hand.states(
        *(
            facts.ApprovalOpened(
                approval=uuid(number), tool="Read", input=Raw(b"{}"), summary=summary, tool_use="t"
            )
            for number in range(100, 400)
        )
    )
    book.says(2, m.ListApprovals())
    listed = heard(book)
    assert [message.begins for message in listed] == [True] + [False] * (len(listed) - 1)
    assert [message.more for message in listed] == [True] * (len(listed) - 1) + [False]
    assert sum(len(message.approvals) for message in listed) == 301


# --- one of them ---------------------------------------------------------------------------------------


def test_the_whole_of_one_by_the_beginning_of_its_id() -> None:
    book = Playbook()
    hand = asked(book)
    hand.states(facts.Notice(level="info", text="before"), QUESTION, facts.Notice(level="info", text="after"))
    book.says(2, m.ShowApproval(approval=ID[:8]))
    (approval, payload), (done, _) = book.reads(2)
    assert isinstance(approval, m.Approval)
    assert approval.approval.id == ID
    assert facts.encode(facts.decode(payload)) == payload == facts.encode(QUESTION)
    assert done == m.Done()


def test_one_that_has_ended() -> None:
    book = Playbook()
    hand = asked(book)
    hand.states(facts.ApprovalVoid(approval=ID, reason="gone"))
    for known in (ID, ID[:8]):
        book.says(2, m.ShowApproval(approval=known))
        (approval, _), _ = book.reads(2)
        assert isinstance(approval, m.Approval)
        assert (approval.approval.state, approval.approval.reason) == ("void", "gone")


def test_a_beginning_of_several() -> None:
    book = Playbook()
    hand = asked(book)
    other = facts.ApprovalOpened(
        approval=ID[:-1] + "1", tool="Read", input=Raw(b"{}"), summary="", tool_use="u"
    )
    hand.states(other)
    book.says(2, m.ShowApproval(approval=ID[:8]))
    assert code(book, 2)[0] == "ambiguous"


def test_a_long_one_comes_in_pieces_as_the_client_takes_them() -> None:
    book = Playbook(limits=Limits(read_ahead=1000))
    hand = asked(book)
    long = facts.ApprovalOpened(
        approval=uuid(91),
        tool="Write",
        input=Raw(b'{"content":"' + b"x" * 5000 + b'"}'),
        summary="",
        tool_use="u",
    )
    hand.states(long)
    book << ports.Congested(2)
    book.says(2, m.ShowApproval(approval=uuid(91)))
    assert book.hears(2) == []
    book << ports.Drained(2)
    *pieces, (done, _) = book.reads(2)
    assert len(pieces) == 6
    assert [message.more for message, _ in pieces if isinstance(message, m.Approval)] == [True] * 5 + [False]
    assert b"".join(payload for _, payload in pieces) == facts.encode(long)
    assert done == m.Done()


def test_the_file_that_it_is_about_is_read_by_its_worker() -> None:
    book = Playbook()
    hand = asked(book)
    hand.states(
        facts.ApprovalOpened(
            approval=uuid(91), tool="Edit", input=Raw(b'{"file_path":"a"}'), summary="", tool_use="u"
        )
    )
    hand.hear()
    book.says(2, m.ShowApproval(approval=uuid(91), file=True))
    assert len(book.reads(2)) == 1
    (look,) = hand.hear()
    assert isinstance(look, bus.Look)
    assert look.approval == uuid(91)
    seen = bus.Seen(request=look.request, path="/home/me/a")
    book.worker_says(hand.route, seen, b"old\n")
    assert book.reads(2) == [(m.File(path="/home/me/a"), b"old\n"), (m.Done(), b"")]
    book.worker_says(hand.route, seen, b"old\n")
    assert book.reads(2) == []


def test_a_worker_that_does_not_answer_or_is_not_there() -> None:
    book = Playbook()
    hand = asked(book)
    question = facts.ApprovalOpened(
        approval=uuid(91), tool="Edit", input=Raw(b'{"file_path":"a"}'), summary="", tool_use="u"
    )
    hand.states(question)
    book.says(2, m.ShowApproval(approval=uuid(91), file=True))
    book.reads(2)
    book.tick(11)
    file, done = book.hears(2)
    assert file == m.File(refused="its worker does not answer")
    assert done == m.Done()
    hand.exits()
    book.says(2, m.ShowApproval(approval=uuid(91), file=True))
    _, file, _ = book.hears(2)
    assert file == m.File(refused="its claude does not run")


def test_the_file_is_for_those_who_may_decide_and_inside_their_roots() -> None:
    book = Playbook()
    hand = asked(book)
    question = facts.ApprovalOpened(
        approval=uuid(91), tool="Edit", input=Raw(b'{"file_path":"a"}'), summary="", tool_use="u"
    )
    hand.states(question)
    hand.hear()
    book.table.given[PHONE.fingerprint] = frozenset({Right.VIEW})
    book.says(2, m.ShowApproval(approval=uuid(91), file=True))
    assert book.hears(2)[1] == m.File(refused="this client lacks the right `approve`")
    assert hand.hear() == []
    book.table.given[PHONE.fingerprint] = frozenset({Right.VIEW, Right.APPROVE})
    book.table.rooted[PHONE.fingerprint] = ("/home/me",)
    book.says(2, m.ShowApproval(approval=uuid(91), file=True))
    (look,) = hand.hear()
    assert isinstance(look, bus.Look)
    book.hears(2)
    book.worker_says(hand.route, bus.Seen(request=look.request, path="/home/mexico/a"), b"secret")
    assert book.reads(2)[0] == (m.File(refused="it is outside of what this client may use"), b"")
