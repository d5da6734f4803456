"""The library's requests, against a scripted server."""

from __future__ import annotations

from claude_remote import connect, facts, messages
from claude_remote.client import Client, Verdict
from claude_remote.client.events import Finished, Line, Tail
from claude_remote.messages import Behavior, Cursor, PromptState
from tests.claude_remote.cli.test_print_mode import APPROVAL, Turn, turns
from tests.claude_remote.client.lines import assistant, result
from tests.claude_remote.client.scripted import GENERATION, SESSION, Connection, session_info
from tests.claude_remote.serving import Serve


def client(serve_locally: Serve, *exchanges: object) -> Client:
    """A client whose server plays these exchanges, one after the other on one connection."""

    def script(server: Connection) -> None:
        server.hello()
        for exchange in exchanges:
            exchange(server)  # type: ignore[operator]
            server.send(messages.Done())

    serve_locally(script)
    return connect()


def test_a_turn_from_prompt_to_result(serve_locally: Serve) -> None:
    def play(turn: Turn) -> None:
        assert turn.text == b"hello"
        turn.ask()
        assert turn.server.expect(messages.Decide).for_session
        turn.server.send(messages.Decided(approval=APPROVAL, behavior=Behavior.ALLOW, by="me"))
        turn.server.lines(assistant("Hi."), result("Hi."))
        turn.finish()

    serve_locally(turns(play))
    asked: list[str] = []

    def allow(approval: facts.ApprovalOpened) -> Verdict:
        asked.append(approval.tool)
        return Verdict(behavior=Behavior.ALLOW, for_session=True)

    with connect() as home, home.prompt("hello", on_approval=allow) as turn:
        outcome = turn.wait()
        assert (outcome.state, outcome.result) == (PromptState.DONE, result("Hi."))
        assert asked == ["Bash"]
        assert turn.session == session_info()
        assert turn.cursor == Cursor(GENERATION, 4)


def test_a_long_prompt_comes_in_parts(serve_locally: Serve) -> None:
    text = "x" * (2 * 1024 * 1024 + 5)

    def script(server: Connection) -> None:
        server.hello()
        prompt = server.expect(messages.Prompt)
        got = server.payload
        while len(got) < prompt.size:
            server.expect(messages.Part)
            got += server.payload
        assert got == text.encode()
        server.send(messages.Accepted(prompt=prompt.id, session=session_info(), cursor=Cursor(GENERATION, 0)))
        server.send(messages.Finished(prompt=prompt.id, state=PromptState.DONE))
        server.send(messages.Done())

    serve_locally(script)
    with connect() as home:
        assert home.prompt(text).wait().state is PromptState.DONE


def test_attaching(serve_locally: Serve) -> None:
    def exchange(server: Connection) -> None:
        assert server.expect(messages.Attach).after == Cursor(GENERATION, 2)
        server.seq = 2
        server.lines(b"{}")
        server.send(messages.Tail(cursor=Cursor(GENERATION, 3)))

    with client(serve_locally, exchange) as home:
        events = list(home.attach(SESSION, Cursor(GENERATION, 2)))
    assert events == [Line(b"{}", Cursor(GENERATION, 3), at=1.0), Tail(Cursor(GENERATION, 3))]


def test_requests_with_one_answer(serve_locally: Serve) -> None:
    def opens(server: Connection) -> None:
        assert server.expect(messages.Open).target.name == "fix"
        server.send(messages.Opened(session=session_info(), cursor=Cursor(GENERATION, 0)))

    def decides(server: Connection) -> None:
        assert server.expect(messages.Decide).behavior is Behavior.DENY
        server.send(messages.Decided(approval=APPROVAL, behavior=Behavior.DENY, by="me"))

    def interrupts(server: Connection) -> None:
        assert server.expect(messages.Interrupt).session == SESSION

    def controls(server: Connection) -> None:
        assert server.expect(messages.Control).subtype == "set_permission_mode"
        assert server.payload == b'{"mode":"plan"}'
        server.send(messages.Answer(more=True), b'{"mo')
        server.send(messages.Answer(), b'de":"plan"}')

    with client(serve_locally, opens, decides, interrupts, controls) as home:
        assert home.open(name="fix").session.id == SESSION
        assert home.deny(APPROVAL, "no").by == "me"
        home.interrupt(SESSION)
        assert home.control(SESSION, "set_permission_mode", mode="plan") == {"mode": "plan"}


def test_two_at_once_are_two_connections(serve_locally: Serve) -> None:
    def play(turn: Turn) -> None:
        turn.server.expect(messages.Cancel)
        turn.finish()

    server = serve_locally(turns(play))
    with connect() as home:
        first, second = home.prompt("one"), home.prompt("two")
        assert server.connections == 2
        for turn in (first, second):
            turn.cancel()
            assert isinstance(list(turn)[-1], Finished)
