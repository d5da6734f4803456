"""What is asked again when the server restarts, and what is not."""

from __future__ import annotations

import pytest

from claude_remote import connect, messages
from claude_remote.client import asking
from claude_remote.errors import Exit, Restarting
from claude_remote.messages import Cursor, Message
from claude_remote.messages.requests import NEEDS
from tests.claude_remote.client.scripted import Connection, Script, session_info
from tests.claude_remote.serving import Serve

GONE = messages.Error(code="restarting", message="The server is restarting.")


def restarts(server: Connection) -> None:
    """Says so in the midst of an answer."""
    server.hello()
    server.receive()
    server.send(messages.Sessions(sessions=(session_info(name="half"),)))
    server.send(GONE)


def breaks(server: Connection) -> None:
    server.hello()
    server.receive()


def greets_so(server: Connection) -> None:
    server.expect(messages.Hello)
    server.send(GONE)


def answers(server: Connection) -> None:
    server.hello()
    while True:
        match server.receive()[0]:
            case messages.ListSessions():
                server.send(messages.Sessions(sessions=(session_info(),)))
            case messages.Attach():
                server.send(messages.Reset(cursor=Cursor(7, 5)))
            case _:
                pass
        server.send(messages.Done())


@pytest.mark.parametrize("gone", [restarts, breaks])
def test_what_changes_nothing_is_asked_again(serve_locally: Serve, gone: Script) -> None:
    serve_locally(gone, greets_so, breaks, answers)
    with connect() as home:
        assert home.sessions() == [session_info()]


def test_every_simple_question(serve_locally: Serve) -> None:
    for_each = [breaks, answers]
    server = serve_locally(*for_each)
    with connect() as home:
        home.ping()
        assert home.tail("fix-test") == Cursor(7, 5)
        assert home.find("fix-test") == session_info()
    assert server.connections == 2


def test_what_changes_something_is_not(serve_locally: Serve) -> None:
    server = serve_locally(restarts, answers)
    with connect() as home, pytest.raises(Restarting):
        home.rename("fix-test", "other")
    assert server.connections == 1


def test_it_gives_up(serve_locally: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_SAY_AFTER", 0.0)
    monkeypatch.setattr(asking, "PATIENCE", 0.3)
    server = serve_locally(breaks, greets_so)
    told: list[str] = []
    with connect() as home:
        home.tell_when_away(told.append)
        with pytest.raises(Restarting, match=r"closed the connection; and then: .* \(tried for") as caught:
            home.ping()
    assert caught.value.exit_code == Exit.UNREACHABLE
    assert told == ["the server on this machine closed the connection; trying again"]
    assert server.connections > 2


def test_only_what_is_a_request_is_in_the_table() -> None:
    changing: set[type[Message]] = {messages.Prompt, messages.Open, messages.Decide, messages.AddRule}
    assert set(NEEDS) >= asking.REPEATABLE
    assert not asking.REPEATABLE & changing
