"""Errands: who may begin one, what passes through, how each ends, and what nobody can make them cost."""

from __future__ import annotations

from claude_remote import bus, codec
from claude_remote import messages as m
from claude_remote.errors import NoSuchFolder, OutOfTurn
from claude_remote.rights import WORK
from claude_remote_broker import ports
from claude_remote_broker.core import Limits
from tests.broker.playbook import LAPTOP, OWNER, PHONE, Playbook

REQUEST = m.Exec(cwd="project")
HEADER = codec.pack(m.Input())
ROUTE = b"route"
INFO = m.ClientInfo(
    fingerprint=LAPTOP.fingerprint,
    state=m.ClientState.APPROVED,
    name="laptop",
    user="me",
    host="laptop",
    words="",
    address="",
    rights=(),
    first_seen=0.0,
    last_seen=0.0,
)


class Play:
    """A playbook with one errand of the laptop's, on connection 1."""

    def __init__(self, limits: Limits | None = None, roots: tuple[str, ...] = ()) -> None:
        self.book = Playbook(limits=limits)
        self.book.table.rooted[LAPTOP.fingerprint] = roots
        self.book.connect(1)
        self.book.says(1, REQUEST, b"ls\0")

    def launched(self) -> ports.Launch:
        (launch,) = self.book.launches
        return launch

    def ready(self, route: bytes = ROUTE, **change: str) -> list[tuple[bus.Verb, bytes]]:
        """Its process says who it is."""
        launch = self.launched()
        self.book << ports.WorkerLaunched(launch.worker, 4242, 17.0)
        fields = {"token": launch.token, "worker": launch.worker} | change
        self.book.worker_says(route, bus.Ready(pid=4242, started=17.0, **fields))
        return self.book.worker_reads(route)

    def errand_says(self, verb: bus.Verb, payload: bytes = b"") -> None:
        self.book.worker_says(ROUTE, verb, payload)

    def client_says(self, message: m.Message, payload: bytes = b"") -> None:
        self.book.says(1, message, payload)

    def hears(self) -> list[tuple[m.Message, bytes]]:
        return self.book.reads(1)

    def tells(self) -> list[tuple[bus.Verb, bytes]]:
        return self.book.worker_reads(ROUTE)

    def exits(self) -> None:
        self.book << ports.WorkerExited(self.launched().worker)

    def code(self) -> str:
        """Of the error that the client has heard."""
        return next(message.code for message, _ in self.hears() if isinstance(message, m.Error))


def running() -> Play:
    play = Play()
    play.ready()
    return play


def test_a_request_is_launched_and_told_what_to_do() -> None:
    play = Play()
    assert play.launched().errand
    assert play.book.folder_checks[0].path == "project"
    (begun,) = play.ready()
    assert begun == (
        bus.Begin(request=codec.pack(REQUEST), client="laptop", cwd="/home/me/project"),
        b"ls\0",
    )
    assert codec.unpack(codec.pack(REQUEST), m.FromClient) == REQUEST


def test_parcels_and_credit_pass_through_both_ways() -> None:
    play = running()
    play.client_says(m.Parcel(header=HEADER), b"in")
    play.errand_says(bus.Credit(parcels=1))
    play.errand_says(bus.Parcel(header=HEADER), b"out")
    play.client_says(m.Credit(parcels=1))
    assert play.tells() == [(bus.Parcel(header=HEADER), b"in"), (bus.Credit(parcels=1), b"")]
    assert play.hears() == [(m.Credit(parcels=1), b""), (m.Parcel(header=HEADER), b"out")]


def test_what_the_client_says_before_the_process_is_there_waits_for_it() -> None:
    play = Play()
    play.client_says(m.Parcel(header=HEADER), b"early")
    assert [type(verb).__name__ for verb, _ in play.ready()] == ["Begin", "Parcel"]


def test_over_is_done_and_the_next_request_may_follow() -> None:
    play = running()
    play.errand_says(bus.Over())
    assert play.hears() == [(m.Done(), b"")]
    assert play.tells() == [(bus.Dismiss(), b"")]
    # What was on its way is nobody's mistake.
    play.client_says(m.Parcel(header=HEADER), b"late")
    play.client_says(m.Credit(parcels=1))
    play.client_says(m.Ping())
    assert play.hears() == [(m.Done(), b"")]
    play.exits()
    assert play.book.kills == []
    assert play.book.core.quiet


def test_what_came_of_it_is_in_the_audit() -> None:
    play = running()
    play.errand_says(bus.Over(outcome={"exit": "3", "outcome": "forged", "note": "unknown"}))
    (ended,) = [entry for entry in play.book.recorded if entry.kind == "exec-ended"]
    assert (ended.outcome, ended.detail) == ("done", {"exit": "3"})


def test_over_with_an_error_is_that_error() -> None:
    play = running()
    play.errand_says(bus.Over(code="no-such-folder", message="There is none.", detail={"folder": "x"}))
    assert play.hears() == [
        (m.Error(code="no-such-folder", message="There is none.", detail={"folder": "x"}), b"")
    ]


def test_the_right_is_needed() -> None:
    book = Playbook()
    book.table.given[LAPTOP.fingerprint] = WORK
    book.connect(1)
    book.says(1, REQUEST, b"ls\0")
    assert [message.code for message in book.hears(1) if isinstance(message, m.Error)] == ["right-missing"]
    assert book.launches == []


def test_the_folder_must_be_allowed() -> None:
    book = Playbook()
    book.folders["project"] = ports.FolderChecked(0, error=NoSuchFolder("no"))
    book.connect(1)
    book.says(1, REQUEST, b"ls\0")
    assert [message.code for message in book.hears(1) if isinstance(message, m.Error)] == ["no-such-folder"]
    assert book.launches == []
    assert book.core.quiet


def test_roots_are_told() -> None:
    play = Play(roots=("/srv",))
    ((begin, _),) = play.ready()
    assert isinstance(begin, bus.Begin)
    assert begin.roots == ("/srv",)


def test_it_ends_when_its_right_is_taken() -> None:
    play = running()
    play.book << ports.ClientUpdated(INFO)
    assert play.hears() == []
    play.book.table.given[LAPTOP.fingerprint] = WORK
    play.book << ports.ClientUpdated(INFO)
    assert play.code() == "right-missing"
    assert play.tells() == [(bus.Dismiss(), b"")]


def test_it_ends_when_its_folders_are_others() -> None:
    play = running()
    play.book.table.rooted[LAPTOP.fingerprint] = ("/srv",)
    play.book << ports.ClientUpdated(INFO)
    assert play.code() == "outside-roots"


def test_files_are_named_below_the_folder_of_a_session() -> None:
    book = Playbook()
    book.connect(1)
    book.connect(2)
    book.prompts(1, 1, name="mine")
    book.says(2, m.Get(session="nobody"), b"x\0")
    assert [message.code for message in book.hears(2) if isinstance(message, m.Error)] == ["no-such-session"]
    book.says(2, m.Get(session="mine"), b"x\0")
    launch = book.launches[-1]
    assert launch.errand
    book << ports.WorkerLaunched(launch.worker, 4242, 17.0)
    book.worker_says(ROUTE, bus.Ready(pid=4242, started=17.0, token=launch.token, worker=launch.worker))
    ((begin, payload),) = book.worker_reads(ROUTE)
    assert isinstance(begin, bus.Begin)
    assert (begin.cwd, payload) == ("/home/me", b"x\0")


# --- ends ------------------------------------------------------------------------------------------------


def test_a_client_that_goes_takes_its_errand_with_it() -> None:
    play = running()
    play.book << ports.Disconnected(1)
    assert play.tells() == [(bus.Dismiss(), b"")]
    play.book.tick(9)
    assert play.book.kills == [play.launched().worker]
    assert not play.book.core.quiet
    play.exits()
    assert play.book.core.quiet


def test_a_client_that_goes_while_it_starts_has_it_killed() -> None:
    play = Play()
    play.book << ports.Disconnected(1)
    assert play.book.kills == [play.launched().worker]


def test_cancel_is_done_when_the_errand_has_ended() -> None:
    play = running()
    play.client_says(m.Cancel())
    assert play.hears() == []
    play.errand_says(bus.Parcel(header=HEADER), b"late")
    play.exits()
    assert play.hears() == [(m.Done(), b"")]


def test_an_errand_that_dies_is_an_error() -> None:
    play = running()
    play.exits()
    assert play.code() == "errand-failed"
    assert play.book.core.quiet


def test_one_that_cannot_be_started_is_an_error() -> None:
    play = Play()
    play.book << ports.LaunchFailed(play.launched().worker, "no memory")
    ((error, _),) = play.hears()
    assert isinstance(error, m.Error)
    assert "no memory" in error.message
    assert play.book.core.quiet


def test_one_that_does_not_report_is_given_up() -> None:
    play = Play()
    play.book.tick(40)
    assert play.code() == "errand-failed"
    assert play.book.kills == [play.launched().worker]


def test_one_that_falls_silent_is_killed_unless_it_was_us_who_slept() -> None:
    play = running()
    play.book.tick()
    play.book.now += 3600
    play.book.tick(2)
    assert play.hears() == []
    play.book.tick(70)
    assert play.code() == "errand-failed"
    assert play.book.kills == [play.launched().worker]


def test_it_is_beaten_to() -> None:
    play = running()
    play.book.tick()
    assert (bus.Beat(), b"") in play.book._told[ROUTE]


def test_a_shutdown_ends_them() -> None:
    play = running()
    play.book.perform(play.book.core.shutdown(play.book.now))
    assert play.code() == "shutting-down"
    assert play.tells() == [(bus.Dismiss(), b"")]
    assert not play.book.core.quiet
    play.exits()
    assert play.book.core.quiet


def test_one_of_a_broker_that_is_no_more_is_killed() -> None:
    book = Playbook()
    book << ports.WorkerLaunched("e-old", 4242, 17.0)
    assert book.kills == ["e-old"]


# --- what nobody can do ----------------------------------------------------------------------------------


def test_a_stranger_cannot_take_its_place() -> None:
    play = Play()
    assert play.ready(b"thief", token="wrong") == []
    assert [type(verb).__name__ for verb, _ in play.ready()] == ["Begin"]
    assert play.ready(b"second") == []


def test_a_client_that_exceeds_its_window_is_cut_off() -> None:
    play = running()
    for _ in range(m.BULK):
        play.client_says(m.Parcel(header=HEADER), b"x")
    for _ in range(m.WINDOW - m.BULK):
        play.client_says(m.Parcel(header=HEADER, urgent=True))
    assert play.book.hangups == []
    play.client_says(m.Parcel(header=HEADER, urgent=True))
    (hangup,) = play.book.hangups
    assert isinstance(hangup.error, OutOfTurn)


def test_ordinary_parcels_leave_room_for_urgent_ones() -> None:
    play = running()
    for _ in range(m.BULK + 1):
        play.client_says(m.Parcel(header=HEADER), b"x")
    assert len(play.book.hangups) == 1


def test_credit_that_nobody_owes_is_cut_off() -> None:
    play = running()
    play.client_says(m.Credit(parcels=1))
    assert len(play.book.hangups) == 1


def test_a_parcel_that_is_too_large_ends_it() -> None:
    play = running()
    play.client_says(m.Parcel(header=HEADER), bytes(m.PARCEL + 1))
    assert play.code() == "bad-message"
    assert play.tells() == [(bus.Dismiss(), b"")]


def test_an_errand_that_exceeds_its_window_is_ended() -> None:
    play = running()
    for _ in range(m.WINDOW + 1):
        play.errand_says(bus.Parcel(header=HEADER), b"x")
    heard = play.hears()
    assert len(heard) == m.WINDOW + 1
    assert isinstance(heard[-1][0], m.Error)
    assert play.tells() == [(bus.Dismiss(), b"")]


def test_there_are_only_so_many_of_one_client_and_in_all() -> None:
    book = Playbook(limits=Limits(errands_of_client=2, errands_in_all=3))
    for conn, peer in enumerate((LAPTOP, LAPTOP, LAPTOP, PHONE, OWNER)):
        book.connect(conn, peer)
        book.says(conn, REQUEST, b"ls\0")
    codes = [
        [message.code for message in book.hears(conn) if isinstance(message, m.Error)] for conn in range(5)
    ]
    assert codes == [[], [], ["too-many-errands"], [], ["too-many-errands"]]
    # The place of one that has ended is free when its process is gone.
    book << ports.Disconnected(0)
    book.says(2, REQUEST, b"ls\0")
    assert isinstance(book.hears(2)[0], m.Error)
    book << ports.WorkerExited(book.launches[0].worker)
    book.says(2, REQUEST, b"ls\0")
    assert book.hears(2) == []


# --- direct connections -----------------------------------------------------------------------------------

KNOWN = LAPTOP._replace(certificate=b"the laptop's")
SHOWN = b"the errand's"
TICKET = (1).to_bytes(m.TICKET, "big")


def moving(peer: ports.Peer = KNOWN, request: m.Errand | None = None) -> tuple[Play, bus.Begin]:
    """An errand that moves files, and has been told what to do."""
    play = Play.__new__(Play)
    play.book = Playbook()
    play.book.table.given[OWNER.fingerprint] = WORK
    play.book.connect(1, peer)
    play.client_says(request or m.Get(direct=True), b"file\0")
    ((begin, _),) = play.ready()
    assert isinstance(begin, bus.Begin)
    return play, begin


def test_a_direct_connection_is_offered_expected_and_cut() -> None:
    play, begin = moving()
    assert begin.certificate == b"the laptop's"
    play.errand_says(bus.Direct(), SHOWN)
    assert play.hears() == [(m.Direct(ticket=TICKET), SHOWN)]
    assert play.book.direct == [ports.ExpectDirect(TICKET, play.launched().worker)]
    play.errand_says(bus.Over())
    assert play.hears() == [(m.Done(), b"")]
    assert play.book.direct[1:] == [ports.CutDirect(TICKET, play.launched().worker)]


def test_there_is_one_of_each_errand() -> None:
    play, _ = moving()
    play.errand_says(bus.Direct(), SHOWN)
    play.errand_says(bus.Direct(), b"another")
    assert len(play.hears()) == len(play.book.direct) == 1


def test_nobody_is_offered_what_it_did_not_ask_for_or_cannot_have() -> None:
    for peer, request in (
        (KNOWN, m.Get()),
        (OWNER, m.Get(direct=True)),  # by the control socket, without a certificate
        (KNOWN, m.Exec()),
    ):
        play, begin = moving(peer, request)
        assert not begin.certificate
        play.errand_says(bus.Direct(), SHOWN)
        assert (play.hears(), play.book.direct) == ([], [])


def test_it_is_cut_with_its_client() -> None:
    for leaves in (
        lambda book: book << ports.Disconnected(1),
        lambda book: book << ports.WorkerExited(book.launches[0].worker),
    ):
        play, _ = moving()
        play.errand_says(bus.Direct(), SHOWN)
        leaves(play.book)
        assert play.book.direct[1:] == [ports.CutDirect(TICKET, play.launched().worker)]


def test_it_is_cut_when_the_right_is_taken() -> None:
    play, _ = moving()
    play.errand_says(bus.Direct(), SHOWN)
    play.book.table.given[LAPTOP.fingerprint] = frozenset()
    play.book << ports.ClientUpdated(INFO)
    assert play.book.direct[1:] == [ports.CutDirect(TICKET, play.launched().worker)]


def test_one_that_is_cancelled_is_offered_none() -> None:
    play, _ = moving()
    play.client_says(m.Cancel())
    play.errand_says(bus.Direct(), SHOWN)
    assert play.book.direct == []
