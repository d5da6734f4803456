"""The library's requests about whole sessions, against a scripted server."""

from __future__ import annotations

import pytest

from claude_remote import connect, messages
from claude_remote.client import steering
from claude_remote.client.steering import Sent
from claude_remote.errors import (
    BadMessage,
    LinkLost,
    NoSuchSession,
    QueueFull,
    ShuttingDown,
    TimedOut,
    Unreachable,
)
from claude_remote.messages import Cursor, PromptState, SessionInfo, SessionState
from tests.claude_remote.client.scripted import GENERATION, SESSION, Connection, session_info
from tests.claude_remote.client.test_client import client
from tests.claude_remote.serving import Serve

OTHER = "44444444-4444-4444-8444-444444444444"


def accept(server: Connection) -> messages.Prompt:
    prompt = server.expect(messages.Prompt)
    server.send(messages.Accepted(prompt=prompt.id, session=session_info(), cursor=Cursor(GENERATION, 3)))
    return prompt


def told(server: Connection, **fields: object) -> None:
    server.send(messages.Sessions(sessions=(session_info(**fields),)))


def test_a_prompt_is_sent_and_left(serve_locally: Serve) -> None:
    asked: list[messages.Prompt] = []

    def takes(server: Connection) -> None:
        asked.append(accept(server))
        server.send(messages.Waiting(why="turn", place=2))

    def has_had(server: Connection) -> None:
        accept(server)
        server.send(messages.Finished(prompt=OTHER, state=PromptState.DONE))

    with client(serve_locally, takes, has_had) as home:
        sent = home.send("go on", session="fix-test", now=True)
        assert sent == Sent(prompt=asked[0].id, session=session_info(), waits="turn", place=2)
        assert home.send("go on", session="fix-test", id=OTHER).state is PromptState.DONE
    assert (asked[0].follow, asked[0].now, asked[0].target.session) == (False, True, "fix-test")


def test_a_prompt_that_the_link_lost_is_sent_once_more(serve_locally: Serve) -> None:
    ids: list[str] = []

    def first(server: Connection) -> None:
        server.hello()
        ids.append(server.expect(messages.Prompt).id)

    def second(server: Connection) -> None:
        server.hello()
        ids.append(accept(server).id)
        server.send(messages.Done())

    serve_locally(first, second)
    with connect() as home:
        home.send("go on", session="fix-test")
    assert ids[0] == ids[1]


def test_in_the_end_its_id_is_told(serve_locally: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steering, "_AGAIN", 0.01)

    def loses(server: Connection) -> None:
        server.hello()
        server.expect(messages.Prompt)

    serve_locally(loses)
    with connect() as home, pytest.raises(LinkLost) as caught:
        home.send("go on", session="fix-test", id=OTHER, patience=0.05)
    assert caught.value.detail == {"prompt": OTHER}


def test_what_never_reached_the_server_is_not_tried_again(serve_locally: Serve) -> None:
    def refuses(server: Connection) -> None:
        server.expect(messages.Prompt)
        server.send(messages.Error(code="queue-full", message="Too many wait."))

    with client(serve_locally, refuses) as home, pytest.raises(QueueFull):
        home.send("go on", session="fix-test")


def test_one_session_is_found_also_by_a_server_that_lists_all(serve_locally: Serve) -> None:
    def lists(server: Connection) -> None:
        assert server.expect(messages.ListSessions).session == "FIX-test"
        told(server, name="other", id=OTHER)
        told(server)

    with client(serve_locally, lists, lists) as home:
        assert home.find("FIX-test").id == SESSION


def test_none_is_found(serve_locally: Serve) -> None:
    finds = client(serve_locally, lambda server: server.expect(messages.ListSessions))
    with finds as home, pytest.raises(NoSuchSession):
        home.find("nothing")


def test_the_tail(serve_locally: Serve) -> None:
    def attached(server: Connection) -> None:
        asked = server.expect(messages.Attach)
        assert not asked.follow
        assert asked.after is not None
        server.send(messages.Reset(cursor=Cursor(GENERATION, 30)))

    with client(serve_locally, attached) as home:
        assert home.tail("fix-test") == Cursor(GENERATION, 30)


def test_waiting_tells_what_changes(serve_locally: Serve) -> None:
    def waits(server: Connection) -> None:
        assert server.expect(messages.Await).session == "fix-test"
        told(server)
        told(server, state=SessionState.WAITING, approvals=1)
        told(server, state=SessionState.IDLE, outcome="done")

    seen: list[SessionInfo] = []
    with client(serve_locally, waits) as home:
        assert home.wait("fix-test", on_change=seen.append).outcome == "done"
    assert [each.state for each in seen] == [SessionState.WORKING, SessionState.WAITING, SessionState.IDLE]


def test_waiting_outlives_the_link(serve_locally: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steering, "_AGAIN", 0.01)

    def first(server: Connection) -> None:
        server.hello()
        server.expect(messages.Await)
        told(server)

    def second(server: Connection) -> None:
        server.hello()
        assert server.expect(messages.Await).session == SESSION, "by its id, for its name may have changed"
        server.send(messages.Error(code="shutting-down", message="…"))

    def third(server: Connection) -> None:
        server.hello()
        server.expect(messages.Await)
        told(server, state=SessionState.IDLE)
        server.send(messages.Done())

    serve_locally(first, second, third)
    with connect() as home:
        assert home.wait("fix-test").state is SessionState.IDLE


def test_waiting_has_an_end(serve_locally: Serve) -> None:
    def waits(server: Connection) -> None:
        server.hello()
        server.expect(messages.Await)
        told(server)
        server.receive()

    serve_locally(waits)
    with connect() as home, pytest.raises(TimedOut):
        home.wait("fix-test", timeout=0.05)


@pytest.mark.parametrize("error", [LinkLost, ShuttingDown, Unreachable])
def test_what_was_never_there_is_not_waited_for(serve_locally: Serve, error: type[Exception]) -> None:
    def refuses(server: Connection) -> None:
        server.hello()
        server.expect(messages.Await)
        if error is not LinkLost:
            code = "shutting-down" if error is ShuttingDown else "unreachable"
            server.send(messages.Error(code=code, message="no"))

    serve_locally(refuses)
    with connect() as home, pytest.raises(error):
        home.wait("fix-test")


def test_renaming_and_closing(serve_locally: Serve) -> None:
    def renames(server: Connection) -> None:
        assert server.expect(messages.Rename) == messages.Rename(session="fix-test", name="tests")
        told(server, name="tests")

    def closes(server: Connection) -> None:
        assert server.expect(messages.Close).session == "tests"
        told(server, name="tests", state=SessionState.CLOSED)

    def says_nothing(server: Connection) -> None:
        server.expect(messages.Close)

    with client(serve_locally, renames, closes, says_nothing) as home:
        assert home.rename("fix-test", "tests").name == "tests"
        assert home.close_session("tests").state is SessionState.CLOSED
        with pytest.raises(BadMessage):
            home.close_session("tests")
