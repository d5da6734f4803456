"""A stream whose link breaks: asked for again from the next event on, nothing lost and nothing twice."""

from __future__ import annotations

import pytest
from msgspec import Raw

from claude_remote import facts, messages
from claude_remote.client import Exchange, Verdict, connect
from claude_remote.client.events import Event, Line, Reconnected, Reconnecting, Tail
from claude_remote.errors import LinkLost, NoSuchSession, ShuttingDown
from claude_remote.messages import Behavior, Cursor, PromptState, Source
from tests.claude_remote.client.scripted import GENERATION, SESSION, Connection, Script, session_info
from tests.claude_remote.serving import Serve

APPROVAL = "22222222-2222-4222-8222-222222222222"


def attached(server: Connection) -> messages.Attach:
    """The server's side, up to the request."""
    server.hello()
    return server.expect(messages.Attach)


def hang_up(server: Connection) -> None:
    server.hello()


def lines(events: list[Event]) -> list[bytes]:
    return [event.raw for event in events if isinstance(event, Line)]


def follow(serve: Serve, *scripts: Script) -> list[Event]:
    serve(*scripts)
    with connect() as home:
        exchange = home.attach(SESSION, patience=None)
        assert isinstance(exchange, Exchange)
        return list(exchange)


def test_it_goes_on_with_the_next_event(serve_locally: Serve) -> None:
    def first(server: Connection) -> None:
        assert attached(server).after is None
        server.lines(b"1", b"2")

    def second(server: Connection) -> None:
        assert attached(server).after == Cursor(GENERATION, 2)
        server.seq = 1  # a server that sends more than was asked for
        server.lines(b"2", b"3")
        server.send(messages.Tail(cursor=Cursor(GENERATION, 3)))
        server.send(messages.Done())

    events = follow(serve_locally, first, second)
    assert lines(events) == [b"1", b"2", b"3"]
    assert [type(event) for event in events] == [Line, Line, Reconnecting, Reconnected, Line, Tail]


def test_a_line_that_was_cut_comes_whole(serve_locally: Serve) -> None:
    def first(server: Connection) -> None:
        attached(server)
        part = messages.Events(
            generation=GENERATION, first=1, count=1, source=Source.CLAUDE, at=1.0, more=True
        )
        server.send(part, b"begun but")

    def second(server: Connection) -> None:
        assert attached(server).after is None
        server.lines(b"all of it")
        server.send(messages.Done())

    assert lines(follow(serve_locally, first, second)) == [b"all of it"]


def test_a_server_that_restarts_is_waited_for(serve_locally: Serve) -> None:
    def first(server: Connection) -> None:
        attached(server)
        server.lines(b"1")
        server.send(messages.Error(code="shutting-down", message="The server is shutting down."))

    def second(server: Connection) -> None:
        attached(server)
        server.send(messages.Error(code="shutting-down", message="The server is shutting down."))

    def third(server: Connection) -> None:
        assert attached(server).after == Cursor(GENERATION, 1)
        server.send(messages.Done())

    events = follow(serve_locally, first, second, third)
    assert [type(event) for event in events if not isinstance(event, Line)] == [
        Reconnecting,
        Reconnected,
        Reconnecting,
        Reconnected,
    ]


def test_one_that_shuts_down_before_anything_came_is_an_error(serve_locally: Serve) -> None:
    def refuses(server: Connection) -> None:
        attached(server)
        server.send(messages.Error(code="shutting-down", message="The server is shutting down."))

    with pytest.raises(ShuttingDown):
        follow(serve_locally, refuses)


def test_an_error_ends_it(serve_locally: Serve) -> None:
    def forgets(server: Connection) -> None:
        attached(server)
        server.send(messages.Error(code="no-such-session", message="There is no such session."))

    with pytest.raises(NoSuchSession):
        follow(serve_locally, forgets)


def test_without_patience_a_broken_link_is_an_error(serve_locally: Serve) -> None:
    serve_locally(hang_up)
    with connect() as home, pytest.raises(LinkLost):
        list(home.attach(SESSION, patience=0.0))


def test_a_decision_that_the_link_lost_is_sent_again(serve_locally: Serve) -> None:
    opened = facts.ApprovalOpened(
        approval=APPROVAL, tool="Bash", input=Raw(b"{}"), summary="Bash: pytest", tool_use="toolu_1"
    )

    def accept(server: Connection) -> messages.Prompt:
        server.hello()
        prompt = server.expect(messages.Prompt)
        server.send(messages.Accepted(prompt=prompt.id, session=session_info(), cursor=Cursor(GENERATION, 0)))
        return prompt

    def first(server: Connection) -> None:
        accept(server)
        server.lines(facts.encode(opened), source=Source.FACT)
        server.expect(messages.Decide)  # and is killed before it is recorded

    def second(server: Connection) -> None:
        prompt = accept(server)
        again = server.expect(messages.Decide)
        assert again == messages.Decide(approval=APPROVAL, behavior=Behavior.ALLOW)
        server.send(messages.Decided(approval=APPROVAL, behavior=Behavior.ALLOW, by="me"))
        server.send(messages.Finished(prompt=prompt.id, state=PromptState.DONE))
        server.send(messages.Done())

    serve_locally(first, second)
    with connect() as home:
        turn = home.prompt("x", on_approval=lambda _: Verdict(behavior=Behavior.ALLOW))
        assert turn.wait().state is PromptState.DONE


def test_an_interrupt_that_the_link_lost_is_sent_again(serve_locally: Serve) -> None:
    def first(server: Connection) -> None:
        server.hello()
        prompt = server.expect(messages.Prompt)
        server.send(messages.Accepted(prompt=prompt.id, session=session_info(), cursor=Cursor(GENERATION, 0)))
        server.expect(messages.Interrupt)

    def second(server: Connection) -> None:
        server.hello()
        prompt = server.expect(messages.Prompt)
        server.send(messages.Accepted(prompt=prompt.id, session=session_info(), cursor=Cursor(GENERATION, 0)))
        server.expect(messages.Interrupt)
        server.send(messages.Finished(prompt=prompt.id, state=PromptState.INTERRUPTED))
        server.send(messages.Done())

    serve_locally(first, second)
    with connect() as home:
        turn = home.prompt("x")
        next(turn)
        turn.interrupt()
        assert turn.wait().state is PromptState.INTERRUPTED
