"""The link: hello, frames, heartbeats, silence, sending from elsewhere."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from claude_remote import messages
from claude_remote.client import link as link_module
from claude_remote.client.link import Link
from claude_remote.errors import LinkLost, NoCommonVersion, NotApproved, TimedOut, Unreachable
from tests.claude_remote.client.scripted import SESSION, Connection


@pytest.fixture
def ends() -> Iterator[tuple[Link, Connection]]:
    ours, theirs = socket.socketpair()
    link = Link(ours, "home")
    with theirs:
        yield link, Connection(theirs)
        link.close()


def test_hellos_are_exchanged(ends: tuple[Link, Connection]) -> None:
    link, server = ends
    server.send(messages.Hello(version="9", host="home"))

    assert link.greet(5).host == "home"
    assert server.expect(messages.Hello).protocols == (messages.PROTOCOL,)


def test_a_server_that_speaks_something_else_is_named(ends: tuple[Link, Connection]) -> None:
    link, server = ends
    server.stream.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with pytest.raises(Unreachable, match="home answers, but it is not a claude-remote server"):
        link.greet(5)


def test_no_common_version(ends: tuple[Link, Connection]) -> None:
    link, server = ends
    server.send(messages.Hello(version="9", protocols=(99,)))

    with pytest.raises(NoCommonVersion, match="update the older"):
        link.greet(5)


def test_a_mute_server_is_named(ends: tuple[Link, Connection]) -> None:
    link, _ = ends
    with pytest.raises(Unreachable, match="does not answer"):
        link.greet(0.05)


def test_an_error_becomes_its_exception(ends: tuple[Link, Connection]) -> None:
    link, server = ends
    server.send(messages.Error(code="not-approved", message="wait", detail={"state": "pending"}))

    with pytest.raises(NotApproved, match="wait") as caught:
        link.receive(5)
    assert caught.value.detail == {"state": "pending"}


def test_the_end_of_the_stream_is_told_after_what_came_before_it(ends: tuple[Link, Connection]) -> None:
    link, server = ends
    server.send(messages.Done())
    server.stream.close()

    assert link.receive(5).message == messages.Done()
    with pytest.raises(LinkLost, match="home closed the connection"):
        link.receive(5)


def test_heartbeats_are_sent_in_silence_and_not_shown(
    ends: tuple[Link, Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "HEARTBEAT_EVERY", 0.02)
    link, server = ends
    server.send(messages.Heartbeat())

    with pytest.raises(TimedOut):
        link.receive(0.2)
    server.send(messages.Done())
    assert link.receive(5).message == messages.Done()
    link.send(messages.Ping())
    server.expect(messages.Ping)
    assert server.heartbeats >= 2


def test_silence_is_a_dead_link(ends: tuple[Link, Connection], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "DEAD_AFTER", 0.05)
    link, _ = ends
    with pytest.raises(LinkLost, match="has not been heard"):
        link.receive()


def test_another_thread_sends_while_this_one_waits(ends: tuple[Link, Connection]) -> None:
    link, server = ends

    def answer() -> None:
        server.expect(messages.Interrupt)
        server.send(messages.Done())

    answering = threading.Thread(target=answer)
    answering.start()
    sending = threading.Timer(0.05, lambda: link.send(messages.Interrupt(session=SESSION)))
    sending.start()

    assert link.receive(10).message == messages.Done()
    answering.join(10)
    sending.join(10)


def test_many_threads_send_whole_frames(ends: tuple[Link, Connection]) -> None:
    link, server = ends
    received: list[bytes] = []

    def read() -> None:
        for _ in range(80):
            server.expect(messages.Part)
            received.append(server.payload)
        server.send(messages.Done())

    def send(letter: bytes) -> None:
        for _ in range(20):
            link.send(messages.Part(), letter * 50_000)

    threads = [threading.Thread(target=read)]
    threads += [threading.Thread(target=send, args=(letter,)) for letter in (b"a", b"b", b"c", b"d")]
    for thread in threads:
        thread.start()

    assert link.receive(20).message == messages.Done()
    for thread in threads:
        thread.join(10)
    assert sorted(payload[:1] for payload in received) == sorted([b"a", b"b", b"c", b"d"] * 20)
    assert all(payload == payload[:1] * 50_000 for payload in received)


def test_a_link_with_something_unread_is_not_quiet(ends: tuple[Link, Connection]) -> None:
    link, server = ends
    server.send(messages.Heartbeat())
    assert link.is_quiet()
    server.send(messages.Done())
    assert not link.is_quiet()
    server.stream.close()
    assert not link.is_quiet()
