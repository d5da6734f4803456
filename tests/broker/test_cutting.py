"""Rights that are taken while their client is in the midst of something."""

from __future__ import annotations

from claude_remote import bus, facts
from claude_remote import messages as m
from claude_remote.rights import FULL, Right
from claude_remote_broker import ports
from tests.broker.playbook import LAPTOP, PHONE, Hand, Playbook, uuid


def info(book: Playbook, peer: ports.Peer) -> m.ClientInfo:
    return m.ClientInfo(
        name=peer.name,
        state=m.ClientState.APPROVED,
        fingerprint=peer.fingerprint,
        words="",
        address="",
        rights=tuple(book.table.rights(peer.fingerprint)),
        first_seen=1.0,
        last_seen=1.0,
    )


def change(book: Playbook, peer: ports.Peer, *taken: Right, roots: tuple[str, ...] = ()) -> None:
    book.table.given[peer.fingerprint] = FULL - {*taken}
    book.table.rooted[peer.fingerprint] = roots
    book << ports.ClientUpdated(info(book, peer))


def running(peer: ports.Peer = LAPTOP) -> tuple[Playbook, Hand]:
    """Its turn runs on connection 1."""
    book = Playbook()
    for each in (LAPTOP, PHONE):
        book << ports.ClientUpdated(info(book, each))
    book.connect(1, peer)
    book.prompts(1, 1, name="mine", cwd="work")
    hand = Hand(book).launched()
    hand.ready()
    hand.starts(1)
    book.hears(1)
    hand.hear()
    return book, hand


def kinds(messages: list[m.Message]) -> list[str]:
    return [each.code if isinstance(each, m.Error) else type(each).__name__ for each in messages]


def test_who_loses_sight_is_told_and_the_connection_goes_on() -> None:
    book, _ = running()
    for conn, request in enumerate((m.Watch(), m.Attach(session="mine"), m.Await(session="mine")), 2):
        book.connect(conn, PHONE)
        book.says(conn, request)
        book.hears(conn)
    change(book, PHONE, Right.VIEW)
    for conn in (2, 3, 4):
        assert kinds(book.hears(conn)) == ["right-missing"]
        book.says(conn, m.Ping())
        assert kinds(book.hears(conn)) == ["Done"]
        book.says(conn, m.Attach(session="mine"))
        assert kinds(book.hears(conn)) == ["no-such-session"]


def test_what_is_its_own_it_goes_on_seeing() -> None:
    book, hand = running()
    book.connect(2)
    book.says(2, m.Attach(session="mine"))
    book.hears(2)
    change(book, LAPTOP, Right.VIEW)
    assert book.hears(1) == book.hears(2) == []
    hand.prints(b'{"type":"assistant"}')
    assert kinds(book.hears(1)) == kinds(book.hears(2)) == ["Events"]
    book.connect(3)
    book.says(3, m.Attach(session="mine"))
    assert kinds(book.hears(3)) == ["Events", "Events", "Tail"]


def test_without_prompt_what_waits_is_taken_back_and_what_runs_is_interrupted() -> None:
    book, hand = running()
    book.connect(2)
    book.prompts(2, 2, session="mine")
    book.connect(3, PHONE)
    book.prompts(3, 3, session="mine")
    book.hears(2)
    book.hears(3)
    change(book, LAPTOP, Right.PROMPT)
    assert hand.hear() == [bus.Stop(session=hand.session or "", epoch=1, prompt=uuid(1))]
    finished, done = book.hears(2)
    assert isinstance(finished, m.Finished)
    assert finished.state is m.PromptState.VOID
    assert finished.reason == "The right to prompt was taken from this client."
    assert isinstance(done, m.Done)
    assert book.hears(3) == [m.Waiting(why="turn", place=1)]
    hand.states(facts.TurnFinished(prompt=uuid(1), outcome="interrupted"))
    assert [type(verb) for verb in hand.hear()][-1] is bus.Give  # the phone's
    assert book.disk.prompts[uuid(1)].state == "interrupted"


def test_a_prompt_that_is_just_being_stored_is_taken_back_too() -> None:
    book, _ = running(PHONE)
    book.hold = True
    book.connect(2)
    book.prompts(2, 2, session="mine")
    change(book, LAPTOP, Right.PROMPT)
    book.hold = False
    book.release()
    assert book.disk.prompts[uuid(2)].state == "void"


def test_a_turn_in_a_folder_that_is_taken_ends() -> None:
    book, hand = running()
    change(book, LAPTOP, roots=("/home/me/work",))
    assert hand.hear() == []
    change(book, LAPTOP, roots=("/home/me/wor",))
    assert hand.hear() == [bus.Stop(session=hand.session or "", epoch=1, prompt=uuid(1))]


def test_what_was_taken_while_no_broker_ran_is_cut_at_its_start() -> None:
    book, _ = running()
    book.connect(2)
    book.prompts(2, 2, session="mine")
    after = Playbook(disk=book.disk, start=False)
    after.table.given[LAPTOP.fingerprint] = frozenset()
    after.perform(after.core.start(after.now))
    assert after.disk.prompts[uuid(2)].state == "void"


def test_who_is_seen_again_loses_nothing() -> None:
    book, hand = running()
    for _ in range(3):
        book << ports.ClientUpdated(info(book, LAPTOP))
    change(book, PHONE, Right.PROMPT)
    assert hand.hear() == []
    assert book.disk.prompts[uuid(1)].state == "running"
