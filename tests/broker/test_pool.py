"""The pool: how many workers, who waits, who makes room."""

from __future__ import annotations

from claude_remote import bus, facts
from claude_remote import messages as m
from claude_remote.scale import Scale
from claude_remote_broker import ports
from claude_remote_broker.core import Limits
from claude_remote_broker.scale import Scaled, parse_scaled
from tests.broker.playbook import OWNER, PHONE, Hand, Playbook, uuid
from tests.broker.test_bus_verbs import QUESTION, names


def waiting(book: Playbook, conn: int) -> list[m.Waiting]:
    return [message for message in book.hears(conn) if isinstance(message, m.Waiting)]


def start(book: Playbook, number: int) -> Hand:
    """Session `s<number>` on connection <number> in the middle of a turn."""
    book.connect(number)
    book.prompts(number, number, name=f"s{number}")
    hand = Hand(book, number).launched()
    hand.ready()
    hand.starts(number)
    hand.hear()
    return hand


def test_a_prompt_waits_for_a_worker_and_is_told_its_place() -> None:
    book = Playbook(workers=1)
    first = start(book, 1)
    for number in (2, 3, 4):
        book.connect(number)
        book.prompts(number, number, name=f"s{number}")
    assert waiting(book, 2) == [m.Waiting(why="worker", place=0)]
    assert waiting(book, 4) == [m.Waiting(why="worker", place=2)]
    assert len(book.launches) == 1

    first.finishes(1)
    assert names(first.hear())[-1] == "Release"
    assert len(book.launches) == 1
    first.exits()
    assert [launch.worker for launch in book.launches] == ["w-1", "w-2"]
    assert waiting(book, 2) == [m.Waiting(why="start")]
    assert waiting(book, 3)[-1] == m.Waiting(why="worker", place=0)
    assert waiting(book, 4) == [m.Waiting(why="worker", place=1)]


def test_the_longest_idle_makes_room() -> None:
    book = Playbook(workers=2)
    one, two = start(book, 1), start(book, 2)
    two.finishes(2)
    book.tick(5)
    one.finishes(1)
    one.hear()
    two.hear()
    book.connect(3)
    book.prompts(3, 3, name="s3")
    assert names(two.hear()) == ["Release"]
    assert one.hear() == []
    two.exits()
    assert [launch.worker for launch in book.launches] == ["w-1", "w-2", "w-3"]
    assert book.disk.sessions[two.session or ""].lease is None


def test_a_session_that_is_being_parked_gets_its_next_prompt_afterwards() -> None:
    book = Playbook(workers=1)
    one = start(book, 1)
    one.finishes(1)
    book.connect(2)
    book.prompts(2, 2, name="s2")
    book.prompts(1, 11, session="s1")
    assert names(one.hear())[-1] == "Release"
    one.exits()
    assert len(book.launches) == 2
    two = Hand(book, 2).launched()
    two.ready()
    two.starts(2)
    two.finishes(2)
    two.exits()
    three = Hand(book, 3).launched()
    three.ready()
    assert three.session == one.session
    assert three.prompts == [uuid(11)]


def test_who_waits_for_an_approval_takes_no_place() -> None:
    book = Playbook(workers=1)
    one = start(book, 1)
    book.connect(2)
    book.prompts(2, 2, name="s2")
    assert len(book.launches) == 1
    one.states(QUESTION)
    assert len(book.launches) == 2


def test_waiting_sessions_have_a_bound_of_their_own() -> None:
    book = Playbook(workers=1, limits=Limits(waiting_workers=1))
    start(book, 1).states(QUESTION)
    two = start(book, 2)
    two.states(
        facts.ApprovalOpened(approval=uuid(91), tool="Bash", input=b"{}", summary="", tool_use="u")  # type: ignore[arg-type]
    )
    book.connect(3)
    book.prompts(3, 3, name="s3")
    assert len(book.launches) == 2


def test_a_prompt_that_is_withdrawn_leaves_the_line() -> None:
    book = Playbook(workers=1)
    start(book, 1)
    for number in (2, 3):
        book.connect(number)
        book.prompts(number, number, name=f"s{number}")
        book.hears(number)
    book.says(2, m.Withdraw())
    assert waiting(book, 3) == [m.Waiting(why="worker", place=0)]


def test_a_session_that_could_not_be_stored_leaves_the_line() -> None:
    book = Playbook(workers=1)
    start(book, 1)
    book.connect(2)
    book.hold = True
    book.prompts(2, 2, name="s2")
    book.release(reason="disk full")
    book.hold = False
    book.connect(3)
    book.prompts(3, 3, name="s3")
    assert waiting(book, 3) == [m.Waiting(why="worker", place=0)]


def test_a_lease_that_could_not_be_stored_gives_its_place_back() -> None:
    book = Playbook(workers=1)
    book.connect(1)
    book.hold = True
    book.prompts(1, 1, name="s1")
    book.release(reason="disk full")
    book.hold = False
    book.tick(2)
    book.prompts(1, 1, name="s1")
    assert len(book.launches) == 1


def test_open_starts_a_claude_before_there_is_a_prompt() -> None:
    book = Playbook(workers=1)
    book.connect(1)
    book.says(1, m.Open(target=m.Target(name="soon", cwd="src")))
    opened, done = book.hears(1)
    assert isinstance(opened, m.Opened)
    assert opened.session.name == "soon"
    assert done == m.Done()
    hand = Hand(book).launched()
    assert names(hand.ready()) == ["Welcome", "Lease"]
    book.prompts(1, 1, session="soon")
    assert names(hand.hear()) == ["Give"]
    book.says(1, m.Cancel())
    book.hears(1)
    book.says(1, m.Open(target=m.Target(session="soon")))
    assert [type(message) for message in book.hears(1)] == [m.Opened, m.Done]
    assert len(book.launches) == 1
    assert hand.hear() == []


def test_one_client_opens_only_so_many_that_wait() -> None:
    book = Playbook(workers=1, limits=Limits(opens_of_client=2))
    book.connect(1)
    book.connect(2, PHONE)
    said = []
    for _ in range(4):
        book.says(1, m.Open(target=m.Target()))
        said.append(book.hears(1)[0])
    # The first has a worker, two wait.
    assert [type(message) for message in said] == [m.Opened, m.Opened, m.Opened, m.Error]
    book.says(2, m.Open(target=m.Target()))
    assert isinstance(book.hears(2)[0], m.Opened)


def test_idle_workers_stay_while_nobody_waits() -> None:
    book = Playbook(workers=1)
    hand = start(book, 1)
    hand.finishes(1)
    book.tick(3)
    assert [verb for verb in hand.hear() if isinstance(verb, bus.Release)] == []


def test_a_new_broker_runs_what_waited() -> None:
    book = Playbook(workers=1)
    hand = start(book, 1)
    book.connect(2)
    book.prompts(2, 2, name="s2")
    book = Playbook(workers=1, disk=book.disk)
    assert book.launches == []
    book << ports.WorkersKnown()
    book << ports.WorkerExited(hand.worker)
    assert len(book.launches) == 1


def released(hand: Hand) -> list[str]:
    return [verb.how for verb in hand.hear() if isinstance(verb, bus.Release)]


def done(book: Playbook, number: int) -> Hand:
    """Session `s<number>` after its turn."""
    hand = start(book, number)
    hand.finishes(number)
    hand.hear()
    return hand


def test_what_is_idle_for_long_is_parked() -> None:
    book = Playbook(idle=60)
    hand = done(book, 1)
    book.tick(59)
    assert released(hand) == []
    book.tick(2)
    assert released(hand) == ["park"]
    hand.states(facts.ClaudeExited(code=0, expected=True, reason="Claude was parked."))
    hand.exits()
    (session,) = book.core._context.sessions
    assert session.state is m.SessionState.PARKED


def test_it_is_parked_though_the_clock_was_set_back() -> None:
    book = Playbook(idle=60)
    hand = done(book, 1)
    book.tick(1)
    book.now -= 3600
    for _ in range(70):
        book.worker_says(hand.route, bus.Beat())
        book.tick(1)
    assert released(hand) == ["park"]


def test_the_time_begins_anew_with_each_turn() -> None:
    book = Playbook(idle=60)
    hand = done(book, 1)
    book.tick(50)
    book.prompts(1, 11, session="s1")
    hand.starts(11)
    book.tick(100)
    hand.finishes(11)
    book.tick(59)
    assert released(hand) == []
    book.tick(2)
    assert released(hand) == ["park"]


def test_tasks_in_the_background_keep_a_claude() -> None:
    book = Playbook(workers=1, idle=60)
    hand = start(book, 1)
    hand.states(facts.BackgroundChanged(tasks=1))
    hand.finishes(1)
    book.connect(2)
    book.prompts(2, 2, name="s2")
    book.tick(100)
    assert released(hand) == []
    assert waiting(book, 2) == [m.Waiting(why="worker", place=0)]
    hand.states(facts.BackgroundChanged(tasks=0))
    assert released(hand) == ["park"]


def test_tasks_end_with_their_claude() -> None:
    book = Playbook()
    hand = start(book, 1)
    hand.states(facts.BackgroundChanged(tasks=1))
    hand.exits()
    assert book.disk.sessions[hand.session or ""].background == 0


def test_so_many_are_kept_the_longest_idle_go_first() -> None:
    book = Playbook(least=1, idle=60)
    one, two = done(book, 1), done(book, 2)
    book.prompts(1, 11, session="s1")
    book.tick(10)
    one.starts(11)
    one.finishes(11)
    book.tick(200)
    assert released(two) == ["park"]
    assert released(one) == []
    # Also not when the other is gone.
    two.exits()
    book.tick(200)
    assert released(one) == []


def test_what_waits_for_room_gets_it_from_those_that_are_kept() -> None:
    book = Playbook(workers=1, least=1)
    one = done(book, 1)
    book.connect(2)
    book.prompts(2, 2, name="s2")
    assert released(one) == ["park"]


def scale(book: Playbook, least: int, most: int) -> list[m.Message]:
    book.connect(99, OWNER)
    book.says(99, m.ScaleWorkers(least=least, most=most))
    return book.hears(99)


def test_scaled_down_no_turn_is_interrupted() -> None:
    book = Playbook(workers=3)
    one, two, three = start(book, 1), done(book, 2), start(book, 3)
    told, over = scale(book, 0, 1)
    assert isinstance(told, m.Workers)
    assert (told.most, told.counted, over) == (1, 3, m.Done())
    assert (released(one), released(two), released(three)) == ([], ["park"], [])
    two.exits()
    book.tick(5)
    assert (released(one), released(three)) == ([], [])
    one.finishes(1)
    book.tick(1)
    assert released(one) == ["park"]
    one.exits()
    three.finishes(3)
    book.tick(5)
    assert released(three) == []  # it is within the number
    book.connect(4)
    book.prompts(4, 4, name="s4")
    assert len(book.launches) == 3


def test_scaled_up_those_who_wait_begin() -> None:
    book = Playbook(workers=1)
    start(book, 1)
    for number in (2, 3, 4):
        book.connect(number)
        book.prompts(number, number, name=f"s{number}")
    scale(book, 0, 3)
    assert len(book.launches) == 3
    assert waiting(book, 4)[-1] == m.Waiting(why="worker", place=0)


def test_a_scale_is_stored_with_what_it_replaces() -> None:
    book = Playbook(started_with="0:4")
    scale(book, 2, 6)
    assert parse_scaled(book.disk.scale) == Scaled(Scale(2, 6), "0:4")


def test_a_scale_that_cannot_be_stored_does_not_hold() -> None:
    book = Playbook(workers=1)
    book.disk.full = "disk full"
    (error,) = scale(book, 0, 3)
    assert isinstance(error, m.Error)
    assert error.code == "storage-failed"
    assert book.core._context.pool.scale == Scale(0, 1)


def test_a_scale_that_is_none() -> None:
    (error,) = scale(Playbook(), 3, 2)
    assert isinstance(error, m.Error)
    assert error.code == "bad-message"


def test_starting_until_claude_is_ready() -> None:
    book = Playbook()
    book.connect(1)
    book.says(1, m.Open(target=m.Target(name="soon")))
    hand = Hand(book).launched()
    hand.ready()
    (session,) = book.core._context.sessions
    assert session.state is m.SessionState.STARTING
    hand.states(facts.ClaudeStarted(pid=5, claude_session="c", resumed=False))
    assert session.state is m.SessionState.STARTING
    hand.states(facts.ClaudeReady())
    assert session.state is m.SessionState.IDLE
    # A claude that ends before it is ready leaves nothing that starts.
    hand.exits()
    assert session.state is m.SessionState.PARKED


def test_what_was_allowed_for_a_session_is_told_to_its_next_claude() -> None:
    book = Playbook()
    one = start(book, 1)
    one.states(facts.RulesAdded(approval=uuid(91), rules=("Bash(git push *)", "WebSearch")))
    one.states(facts.RulesAdded(approval=uuid(92), rules=("WebSearch", "x" * 20_000)))
    one.finishes(1)
    one.exits()
    book.prompts(1, 11, session="s1")
    (_, lease, *_) = Hand(book, 2).launched().ready()
    assert isinstance(lease, bus.Lease)
    assert lease.rules == ("Bash(git push *)", "WebSearch")


def test_who_has_only_opened_a_session_waits_behind_those_with_prompts() -> None:
    book = Playbook(workers=1)
    one = start(book, 1)
    book.connect(2)
    book.says(2, m.Open(target=m.Target(name="soon")))
    for number in (3, 4):
        book.connect(number)
        book.prompts(number, number, name=f"s{number}")
    assert waiting(book, 4) == [m.Waiting(why="worker", place=1)]
    # With a prompt it stands where it came with that.
    book.prompts(2, 5, session="soon")
    assert waiting(book, 2) == [m.Waiting(why="worker", place=2)]
    book.connect(6)
    book.prompts(6, 6, name="s6")
    assert waiting(book, 6) == [m.Waiting(why="worker", place=3)]
    one.finishes(1)
    one.exits()
    assert book.disk.sessions[Hand(book, 2).launched().ready()[1].session].name == "s3"  # type: ignore[attr-defined]


def test_more_rules_than_there_is_room_for() -> None:
    book = Playbook()
    one = start(book, 1)
    for number in range(40):
        one.states(facts.RulesAdded(approval=uuid(91), rules=(f"{number:03d}" + "x" * 997,)))
    kept = book.disk.sessions[one.session or ""].rules
    assert [rule[:3] for rule in kept] == [f"{number:03d}" for number in range(24, 40)]


def test_the_time_begins_when_claude_is_ready() -> None:
    book = Playbook(idle=5)
    book.connect(1)
    book.says(1, m.Open(target=m.Target(name="slow")))
    hand = Hand(book).launched()
    hand.ready()
    book.tick(10)
    assert released(hand) == []
    hand.states(facts.ClaudeStarted(pid=5, claude_session="c", resumed=False), facts.ClaudeReady())
    book.tick(4)
    assert released(hand) == []
    book.tick(2)
    assert released(hand) == ["park"]
