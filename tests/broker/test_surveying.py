"""ShowStatus: what was measured, and nothing else."""

from claude_remote import bus
from claude_remote import messages as m
from claude_remote.rights import Right
from claude_remote_broker.core import Keep
from tests.broker.playbook import LAPTOP, PHONE, Hand, Playbook


def asked(book: Playbook, conn: int, session: str | None = None) -> tuple[m.Status, list[m.SessionVitals]]:
    book.says(conn, m.ShowStatus(session=session))
    status, *pages, done = book.hears(conn)
    assert isinstance(status, m.Status)
    assert isinstance(done, m.Done)
    return status, [each for page in pages if isinstance(page, m.Vitals) for each in page.sessions]


def test_what_was_not_heard_is_not_told() -> None:
    book = Playbook(keep=Keep(days=30, size=10**9))
    book.connect(1)
    book.prompts(1, 1)
    book.connect(2)
    status, (session,) = asked(book, 2)
    assert (status.workers, status.workers_most, status.prompts, status.launcher) == (1, 4, 1, 8)
    assert status.journal is not None
    assert (status.journal.keep_days, status.journal.keep_size) == (30, 10**9)
    assert session.worker == "w-1"
    assert (session.worker_ago, session.beat, session.claude_ago) == (None, None, None)


def test_a_beat_tells_its_round_trip_and_how_claude_fares() -> None:
    book = Playbook()
    book.connect(1)
    book.prompts(1, 1)
    hand = Hand(book, 1).launched()
    hand.ready()
    hand.starts(1)
    book._told.clear()
    book.tick(1)
    sent = [verb for verb, _ in book._told[hand.route] if isinstance(verb, bus.Beat)][-1]
    assert sent.at == book.now
    book.now += 0.75
    answer = bus.Beat(echo=sent.at, held=0.5, claude=99, claude_ago=2.0, kept=1234)
    book.worker_says(hand.route, answer)
    book.now += 3.0
    book.connect(2)
    _, (session,) = asked(book, 2)
    assert session.beat == 0.25
    assert (session.worker_ago, session.claude, session.claude_ago) == (3.0, 99, 5.0)
    assert (session.unacknowledged, session.readers, session.behind) == (1234, 1, 0)
    # An older worker's beats tell nothing, and so nothing is told.
    book.worker_says(hand.route, bus.Beat())
    _, (session,) = asked(book, 2)
    assert (session.claude_ago, session.claude) == (None, 0)


def test_without_view_it_is_about_ones_own_sessions() -> None:
    book = Playbook()
    book.connect(1)
    book.prompts(1, 1)
    book.table.given[PHONE.fingerprint] = frozenset({Right.PROMPT})
    book.connect(2, PHONE)
    status, sessions = asked(book, 2)
    assert (status.sessions, status.prompts, sessions) == (0, 0, [])
    book.says(2, m.ShowStatus(session="fix-failing-test"))
    (error,) = book.hears(2)
    assert isinstance(error, m.Error)
    assert error.code == "no-such-session"
    book.table.given[LAPTOP.fingerprint] = frozenset({Right.PROMPT})
    book.connect(3)
    assert len(asked(book, 3)[1]) == 1


def test_a_parked_session_is_told_of_when_it_is_named() -> None:
    book = Playbook()
    book.connect(1)
    book.prompts(1, 1)
    hand = Hand(book, 1).launched()
    hand.ready()
    hand.starts(1)
    hand.finishes(1)
    hand.exits()
    book.connect(2)
    assert asked(book, 2)[1] == []
    (session,) = asked(book, 2, "fix-failing-test")[1]
    assert (session.state, session.worker, session.tail) == (m.SessionState.PARKED, "", 2)
