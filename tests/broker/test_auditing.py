"""What the core tells the audit, and who reads it from afar."""

from __future__ import annotations

from claude_remote import facts
from claude_remote import messages as m
from claude_remote.audit import join
from claude_remote.rights import FULL, Right
from claude_remote_broker import ports
from tests.broker.playbook import LAPTOP, PHONE, Hand, Playbook, uuid

FROM_HOME = LAPTOP._replace(address="10.0.0.7")


def told(book: Playbook) -> list[tuple[str, str, str]]:
    """Kind, who, outcome; since the last call."""
    found = [(entry.kind, entry.name, entry.outcome) for entry in book.recorded]
    book.recorded.clear()
    return found


def test_a_turn_with_a_question_from_its_prompt_to_its_end() -> None:
    book = Playbook()
    book.connect(1, FROM_HOME)
    book.prompts(1, 1, "delete it", name="mine")
    begun, prompt = book.recorded
    assert (begun.kind, begun.session_name, begun.detail["cwd"]) == ("session-begun", "mine", "/home/me")
    assert (prompt.kind, prompt.client, prompt.name) == ("prompt", LAPTOP.fingerprint, "laptop")
    assert (prompt.address, prompt.text, prompt.at) == ("10.0.0.7", b"delete it", book.now)
    assert (prompt.session, prompt.detail) == (begun.session, {"prompt": uuid(1)})
    told(book)
    hand = Hand(book).launched()
    hand.ready()
    hand.starts(1)
    hand.states(
        facts.ApprovalOpened(
            approval=uuid(8), tool="Bash", tool_use="t", input={"command": "rm x"}, summary="rm x"
        )
    )
    assert told(book) == [("approval-opened", "", "open")]
    book.connect(2, PHONE._replace(address="10.0.0.8"))
    book.says(2, m.Decide(approval=uuid(8), behavior=m.Behavior.DENY, message="keep it", stop=True))
    (decision,) = book.recorded
    assert (decision.name, decision.address, decision.outcome) == ("phone", "10.0.0.8", "deny")
    assert decision.text == b"keep it"
    assert decision.detail == {"approval": uuid(8), "tool": "Bash", "scope": "once", "stop": "yes"}
    told(book)
    hand.states(facts.ApprovalDelivered(approval=uuid(8), behavior="deny", by="phone"))
    hand.states(facts.ApprovalTaken(approval=uuid(8)))
    hand.states(facts.ToolFinished(approval=uuid(8), error=True))
    hand.finishes(1)
    assert told(book) == [
        ("approval-delivered", "", "done"),
        ("approval-taken", "", "done"),
        ("approval-finished", "", "failed"),
        ("prompt-ended", "laptop", "done"),
    ]


def test_a_prompt_that_comes_twice_is_one() -> None:
    book = Playbook()
    for conn in (1, 2):
        book.connect(conn)
        book.prompts(conn, 1, name="mine")
    assert [entry.kind for entry in book.recorded] == ["session-begun", "prompt"]


def test_what_could_not_be_stored_has_not_happened() -> None:
    book = Playbook()
    book.connect(1)
    book.hold = True
    book.prompts(1, 1, name="mine")
    book.release(reason="disk full")
    assert told(book) == []


def test_what_is_done_to_a_session() -> None:
    book = Playbook()
    book.connect(1)
    book.prompts(1, 1, name="mine")
    hand = Hand(book).launched()
    hand.ready()
    hand.starts(1)
    told(book)
    book.connect(2, PHONE)
    book.says(2, m.Rename(session="mine", name="yours"))
    book.says(2, m.Interrupt(session="yours"))
    book.says(2, m.Control(session="yours", subtype="set_permission_mode"), b'{"mode":"plan"}')
    asked = book.recorded[-1]
    assert (asked.text, asked.detail) == (b'{"mode":"plan"}', {"subtype": "set_permission_mode"})
    book.connect(3, PHONE)
    book.says(3, m.Close(session="yours"))
    assert told(book) == [
        ("session-renamed", "phone", "done"),
        ("interrupt", "phone", "done"),
        ("control", "phone", "asked"),
        ("session-closed", "phone", "done"),
    ]


def test_what_is_denied_is_noted_but_not_as_often_as_somebody_can_try() -> None:
    book = Playbook()
    book.table.given[PHONE.fingerprint] = frozenset({Right.VIEW})
    book.connect(1, PHONE)
    for _ in range(5):
        book.says(1, m.Prompt(id=uuid(1), target=m.Target(), size=2), b"hi")
        book.says(1, m.ListClients())
        book.says(1, m.Attach(session="nothing"))  # that is no denial
    assert [entry.detail["request"] for entry in book.recorded] == ["prompt", "list-clients"]
    assert told(book)[0] == ("denied", "phone", "right-missing")
    book.tick(61)
    book.says(1, m.ListClients())
    assert told(book) == [("denied", "phone", "right-missing")]
    book.now -= 3600  # the clock is set back
    book.says(1, m.ListClients())
    assert told(book) == [("denied", "phone", "right-missing")]


def lines(count: int) -> list[bytes]:
    return [join(f"{number:064x}", b'{"seq":%d}' % number) for number in range(1, count + 1)]


def test_reading_it_to_the_end() -> None:
    book = Playbook()
    book.audit = lines(3)
    book.connect(1)
    book.says(1, m.ReadAudit(after=1))
    (records, payload), (done, _) = book.reads(1)
    assert (records, payload) == (m.AuditRecords(last=3), b"".join(book.audit[1:]))
    assert isinstance(done, m.Done)


def test_following_it_until_the_right_is_taken() -> None:
    book = Playbook()
    book.connect(1)
    book.says(1, m.ReadAudit(follow=True))
    assert book.hears(1) == []
    book.audit = lines(2)
    book << ports.AuditGrown(2)
    assert book.hears(1) == [m.AuditRecords(last=2)]
    book << ports.Congested(1)
    book.audit = lines(4)
    book << ports.AuditGrown(4)
    assert book.hears(1) == []
    book << ports.Drained(1)
    assert book.reads(1) == [(m.AuditRecords(last=4), b"".join(book.audit[2:]))]
    book.table.given[LAPTOP.fingerprint] = FULL - {Right.ADMIN}
    book << ports.ClientUpdated(
        m.ClientInfo(
            name="laptop",
            state=m.ClientState.APPROVED,
            fingerprint=LAPTOP.fingerprint,
            words="",
            address="",
            rights=(),
            first_seen=1.0,
            last_seen=1.0,
        )
    )
    (error,) = book.hears(1)
    assert isinstance(error, m.Error)
    assert error.code == "right-missing"


def test_a_witness_asks_for_one_record() -> None:
    book = Playbook()
    book.audit = lines(3)
    book.connect(1)
    for seq, seen in ((2, m.AuditHead(seq=2, hash=f"{2:064x}")), (3, m.AuditHead(seq=3, hash=f"{3:064x}"))):
        book.says(1, m.CheckAudit(seq=seq))
        assert book.hears(1) == [m.AuditSeen(head=seen), m.Done()]
    for seq in (0, 4, 2**53):
        book.says(1, m.CheckAudit(seq=seq))
        assert book.hears(1) == [m.AuditSeen(), m.Done()]
