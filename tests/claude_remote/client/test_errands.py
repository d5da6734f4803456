"""Errands from the client's side, against a scripted server."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from selectors import EVENT_READ

import pytest

from claude_remote import codec, connect, messages
from claude_remote.client import link
from claude_remote.client.client import Client
from claude_remote.errors import BadMessage, ErrandFailed, LinkLost, TimedOut
from claude_remote.messages import BULK, Credit, Done, Exec, Input, Output, Parcel
from claude_remote.parcels import union
from tests.claude_remote.client.scripted import Connection
from tests.claude_remote.serving import Serve


def client(serve_locally: Serve, script: Callable[[Connection], None]) -> Client:
    """A client whose server says hello and then plays this."""

    def play(server: Connection) -> None:
        server.hello()
        script(server)

    serve_locally(play)
    return connect()


OUTPUT = Parcel(header=codec.pack(Output()))


def test_parcels_come_until_it_is_done_and_the_connection_is_used_again(serve_locally: Serve) -> None:
    def script(server: Connection) -> None:
        assert server.expect(Exec) == Exec(cwd="src")
        assert server.payload == b"ls\0"
        server.send(OUTPUT, b"one")
        server.send(OUTPUT, b"two")
        server.send(Done())
        server.expect(messages.Ping)
        server.send(Done())

    with client(serve_locally, script) as home:
        with home.run_errand(Exec(cwd="src"), b"ls\0") as errand:
            got = []
            while (parcel := errand.receive()) is not None:
                assert parcel.read(union(messages.FromCommand)) == Output()
                got.append(parcel.payload)
        assert got == [b"one", b"two"]
        assert errand.done
        home.ping()


def test_what_is_taken_is_credited_and_what_is_not_is_not(serve_locally: Serve) -> None:
    def script(server: Connection) -> None:
        server.expect(Exec)
        for _ in range(BULK):
            server.send(OUTPUT, b"x")
        left = BULK
        while left:
            left -= server.expect(Credit).parcels
        server.send(Done())

    with client(serve_locally, script) as home, home.run_errand(Exec(), b"ls\0") as errand:
        while errand.receive() is not None:
            pass


def test_sending_waits_for_room_and_urgent_parcels_do_not(serve_locally: Serve) -> None:
    def script(server: Connection) -> None:
        server.expect(Exec)
        for _ in range(BULK):
            assert not server.expect(Parcel).urgent
        assert server.expect(Parcel).urgent
        server.send(Credit(parcels=2))
        assert server.expect(Parcel) == Parcel(header=codec.pack(Input(last=True)))
        server.send(Done())

    with client(serve_locally, script) as home, home.run_errand(Exec(), b"ls\0") as errand:
        for _ in range(BULK):
            errand.send(Input(), b"x")
        assert errand.room == 0
        errand.send(messages.Signalled(signal="INT"), urgent=True)
        errand.send(Input(last=True))
        assert errand.receive() is None


def test_a_server_that_sends_more_than_it_may_is_left(serve_locally: Serve) -> None:
    """What it sends is kept until it is taken, and it should not fill the memory with it."""

    def script(server: Connection) -> None:
        server.expect(Exec)
        with pytest.raises((EOFError, ConnectionError)):
            while True:
                server.send(OUTPUT, bytes(messages.PARCEL))

    with (
        client(serve_locally, script) as home,
        home.run_errand(Exec(), b"ls\0") as errand,
        pytest.raises(BadMessage, match="more parcels than it may"),
    ):
        until = time.monotonic() + 10
        while time.monotonic() < until:
            errand.turn(0.1)


def test_who_does_something_else_for_long_says_that_it_lives(
    serve_locally: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "HEARTBEAT_EVERY", 0.5)
    beats: list[int] = []

    def script(server: Connection) -> None:
        server.expect(Exec)
        server.expect(Parcel)
        beats.append(server.heartbeats)
        server.send(Done())

    with client(serve_locally, script) as home, home.run_errand(Exec(), b"ls\0") as errand:
        for _ in range(10):
            time.sleep(0.25)
            errand.breathe()
        errand.send(Input(last=True))
        assert errand.receive() is None
    assert beats[0] >= 3


def test_its_error_is_raised(serve_locally: Serve) -> None:
    def script(server: Connection) -> None:
        server.expect(Exec)
        server.send(OUTPUT, b"x")
        server.send(messages.Error(code="errand-failed", message="It died."))

    with (
        client(serve_locally, script) as home,
        home.run_errand(Exec(), b"ls\0") as errand,
        pytest.raises(ErrandFailed, match="It died"),
    ):
        while errand.receive() is not None:
            pass


def test_a_link_that_breaks_is_told_and_not_made_again(serve_locally: Serve) -> None:
    def script(server: Connection) -> None:
        server.expect(Exec)

    with (
        client(serve_locally, script) as home,
        home.run_errand(Exec(), b"ls\0") as errand,
        pytest.raises(LinkLost),
    ):
        errand.receive()


def test_leaving_early_hangs_up(serve_locally: Serve) -> None:
    def script(server: Connection) -> None:
        server.expect(Exec)
        with pytest.raises((EOFError, ConnectionError)):
            server.receive()

    with client(serve_locally, script) as home, home.run_errand(Exec(), b"ls\0"):
        pass


def test_cancel_is_asked_for_and_ends_it(serve_locally: Serve) -> None:
    def script(server: Connection) -> None:
        server.expect(Exec)
        server.expect(messages.Cancel)
        server.send(Done())

    with client(serve_locally, script) as home, home.run_errand(Exec(), b"ls\0") as errand:
        errand.cancel()
        assert errand.receive() is None


def test_waiting_ends_with_what_else_is_ready(serve_locally: Serve) -> None:
    def script(server: Connection) -> None:
        server.expect(Exec)
        server.expect(Parcel)
        server.send(Done())

    reader, writer = os.pipe()
    try:
        with client(serve_locally, script) as home, home.run_errand(Exec(), b"ls\0") as errand:
            assert errand.turn(0.01, {reader: EVENT_READ}) == set()
            os.write(writer, b"x")
            while not errand.turn(5, {reader: EVENT_READ}):
                pass
            with pytest.raises(TimedOut):
                errand.receive(0.01)
            errand.send(Input())
            assert errand.receive() is None
    finally:
        os.close(reader)
        os.close(writer)


def test_a_server_that_says_something_else_is_not_believed(serve_locally: Serve) -> None:
    def script(server: Connection) -> None:
        server.expect(Exec)
        server.send(messages.Waiting(why="turn"))

    with (
        client(serve_locally, script) as home,
        home.run_errand(Exec(), b"ls\0") as errand,
        pytest.raises(BadMessage),
    ):
        errand.receive()
