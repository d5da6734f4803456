"""`attach` and `logs` against a scripted server: the text, the numbers, what is asked."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from msgspec import Raw, structs

from claude_remote import facts, messages
from claude_remote.cli import main
from claude_remote.messages import Behavior, Cursor, Source
from claude_remote.rights import Right
from tests.claude_remote.client.lines import (
    assistant,
    delta,
    line,
    result,
    tool_result,
)
from tests.claude_remote.client.scripted import GENERATION, SESSION, Connection, Script, session_info
from tests.claude_remote.serving import Serve
from tests.e2e.programs import Terminal

APPROVAL = "22222222-2222-4222-8222-222222222222"
PROMPT = "33333333-3333-4333-8333-333333333333"
SAYS = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
ROOT = Path(__file__).parents[3]
PROGRAM = "import sys; from claude_remote.cli import main; sys.exit(main())"

Capture = pytest.CaptureFixture[bytes]


def echo(text: str, prompt: str = PROMPT) -> bytes:
    return line("user", isReplay=True, uuid=prompt, message={"role": "user", "content": text})


def opened() -> facts.ApprovalOpened:
    return facts.ApprovalOpened(
        approval=APPROVAL,
        tool="Bash",
        input=Raw(b'{"command":"pytest -x"}'),
        summary="Bash: pytest -x",
        tool_use="toolu_1",
    )


def state(server: Connection, *fact: facts.Fact) -> None:
    server.lines(*(facts.encode(each) for each in fact), source=Source.FACT)


def begins() -> bytes:
    """The head of the message whose blocks `assistant` gives."""
    event = {"type": "message_start", "message": {"id": "msg"}}
    return line("stream_event", event=event, parent_tool_use_id=None)


def uses_bash() -> dict[str, object]:
    return {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "pytest -x"}}


def a_turn(server: Connection) -> None:
    """Fourteen events."""
    state(server, facts.TurnStarted(prompt=PROMPT, client="alice"))
    server.lines(echo("fix the test\nplease"), begins(), delta("I look."))
    server.lines(assistant("I look.", uses_bash()))
    state(server, opened())
    state(server, facts.ApprovalDelivered(approval=APPROVAL, behavior=Behavior.ALLOW, by="bob"))
    state(server, facts.ApprovalTaken(approval=APPROVAL))
    server.lines(tool_result("3 passed\nin 2 s"))
    state(server, facts.ToolFinished(approval=APPROVAL, error=False))
    server.lines(begins(), delta("Fixed"), assistant("Fixed."), result("Fixed."))
    state(server, facts.TurnFinished(prompt=PROMPT, outcome="done", cost=0.25, duration=65.0))


TOLD = f"""\
alice {SAYS} fix the test
  please

I look.

● Bash pytest -x
  ? waits for an approval
  ✓ allowed by bob
  ✓ taken by Claude
  ✓ 3 passed (+1 line)

Fixed.
  1 min 5 s · $0.25
"""


def attached(play: Script, **hello: object) -> Script:
    """A server that finds the session and plays one attach."""

    def script(server: Connection) -> None:
        server.hello(**hello)
        assert server.expect(messages.ListSessions).session == "fix-test"
        server.send(messages.Sessions(sessions=(session_info(),)))
        server.send(messages.Done())
        assert server.expect(messages.Attach).session == SESSION
        play(server)
        server.send(messages.Done())

    return script


def test_a_turn_as_text(serve_locally: Serve, capsysbinary: Capture) -> None:
    serve_locally(attached(a_turn))
    assert main(["attach", "fix-test", "--no-follow"]) == 0
    told = capsysbinary.readouterr()
    assert told.out.decode() == TOLD
    assert told.err == b""


def test_steering_denials_and_ends(serve_locally: Serve, capsysbinary: Capture) -> None:
    def play(server: Connection) -> None:
        state(server, facts.TurnStarted(prompt=PROMPT, client="alice"))
        server.lines(echo("go"), assistant("", uses_bash()))
        state(server, opened(), facts.Steered(prompt=SESSION, client="bob"))
        server.lines(echo("not that", SESSION))
        denied = facts.ApprovalDelivered(
            approval=APPROVAL, behavior=Behavior.DENY, by="carol", message="use \x1b[2J a copy"
        )
        state(server, denied, facts.Notice(level="warning", text="The model is busy."))
        state(
            server, facts.TurnFinished(prompt=PROMPT, outcome="interrupted", reason="The turn was stopped.")
        )

    serve_locally(attached(play))
    assert main(["attach", "fix-test"]) == 0
    told = capsysbinary.readouterr().out.decode()
    assert f"\nbob {SAYS} not that\n" in told
    assert "  ⊘ denied by carol: use \\x1b[2J a copy\n" in told
    assert "▲ The model is busy.\n" in told
    assert "■ The turn was stopped. 0.0 s\n" in told


def test_every_event_with_its_number(serve_locally: Serve, capsysbinary: Capture) -> None:
    serve_locally(attached(a_turn))
    assert main(["attach", "fix-test", "--no-follow", "--output-format", "json"]) == 0
    told = [json.loads(each) for each in capsysbinary.readouterr().out.splitlines()]
    assert [each["seq"] for each in told] == list(range(1, len(told) + 1))
    assert {(each["generation"], each["at"]) for each in told} == {(GENERATION, 1.0)}
    assert told[0]["source"] == "fact"
    assert told[0]["event"]["fact"] == "turn-started"
    assert told[1]["event"]["type"] == "user"


@pytest.mark.parametrize("partial", [False, True])
def test_claudes_own_lines(serve_locally: Serve, capsysbinary: Capture, *, partial: bool) -> None:
    serve_locally(attached(a_turn))
    words = ["attach", "fix-test", "--no-follow", "--output-format", "stream-json"]
    assert main([*words, *(["--include-partial-messages"] if partial else [])]) == 0
    told = [json.loads(each)["type"] for each in capsysbinary.readouterr().out.splitlines()]
    assert ("stream_event" in told) == partial
    assert [each for each in told if each != "stream_event"] == [
        "user",
        "assistant",
        "user",
        "assistant",
        "result",
    ]


def test_from_a_number_on(serve_locally: Serve, capsysbinary: Capture) -> None:
    def play(server: Connection) -> None:
        server.send(messages.Reset(cursor=Cursor(GENERATION, 5)))
        server.seq = 5
        server.lines(assistant("Only this."))

    server = serve_locally(attached(play))
    assert main(["attach", "fix-test", "--no-follow", "--after", "5"]) == 0
    assert capsysbinary.readouterr() == (b"Only this.\n", b"")
    assert server.connections == 1


def test_from_a_number_that_is_not_there_yet(serve_locally: Serve, capsysbinary: Capture) -> None:
    serve_locally(attached(lambda server: server.send(messages.Reset(cursor=Cursor(GENERATION, 2)))))
    assert main(["attach", "fix-test", "--no-follow", "--after", "7"]) == 0
    assert b"only 2 events" in capsysbinary.readouterr().err


@pytest.mark.parametrize("after", ["x", "1:", "-1", "1:2:3", "9" * 40])
def test_what_is_no_number(paths: object, capsysbinary: Capture, after: str) -> None:
    assert main(["attach", "fix-test", f"--after={after}"]) == 2
    assert b"--after takes" in capsysbinary.readouterr().err


def test_a_lost_part_of_the_log_is_said(serve_locally: Serve, capsysbinary: Capture) -> None:
    def play(server: Connection) -> None:
        server.send(messages.Reset(cursor=Cursor(GENERATION + 1, 0)))

    serve_locally(attached(play))
    assert main(["attach", "fix-test", "--no-follow", "--after", f"{GENERATION}:9"]) == 0
    assert b"lost a part" in capsysbinary.readouterr().out


def test_logs_are_the_last_turns(serve_locally: Serve, capsysbinary: Capture) -> None:
    def script(server: Connection) -> None:
        server.hello()
        server.expect(messages.ListSessions)
        server.send(messages.Sessions(sessions=(session_info(),)))
        server.send(messages.Done())
        asked = server.expect(messages.Attach)
        assert not asked.follow
        server.send(messages.Reset(cursor=Cursor(GENERATION, 30)))
        server.send(messages.Done())
        assert server.expect(messages.Attach).after == Cursor(GENERATION, 0)
        for _ in range(3):
            a_turn(server)
        whole = server.seq
        server.send(messages.Done())
        begin = server.expect(messages.Attach).after
        assert begin == Cursor(GENERATION, whole // 3 * 2)
        server.seq = whole // 3 * 2
        a_turn(server)
        server.send(messages.Done())

    serve_locally(script)
    assert main(["logs", "fix-test", "-n", "1"]) == 0
    assert capsysbinary.readouterr().out.decode() == TOLD


# --- on a terminal -------------------------------------------------------------------------------------


def on_terminal(tmp_path: Path, *argv: str) -> Terminal:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "CLAUDE_REMOTE_HOME": str(tmp_path / "home")}
    return Terminal([sys.executable, "-c", PROGRAM, *argv], env, tmp_path)


@pytest.mark.e2e
def test_what_is_still_open_is_asked_and_the_past_is_not(serve_locally: Serve, tmp_path: Path) -> None:
    decided: list[messages.Decide] = []

    def play(server: Connection) -> None:
        a_turn(server)
        state(server, facts.TurnStarted(prompt=SESSION, client="bob"))
        state(server, structs.replace(opened(), approval=SESSION, tool_use="toolu_2"))
        server.send(messages.Tail(cursor=Cursor(GENERATION, server.seq)))
        decided.append(server.expect(messages.Decide))
        server.send(messages.Decided(approval=SESSION, behavior=Behavior.DENY, by="me"))
        state(
            server,
            facts.ApprovalDelivered(approval=SESSION, behavior=Behavior.DENY, by="me", message="no"),
            facts.TurnFinished(prompt=SESSION, outcome="done", duration=1.0),
        )

    serve_locally(attached(play))
    with on_terminal(tmp_path, "attach", "fix-test") as terminal:
        terminal.wait_for(r"home:/home/me/src/api · session fix-test · working")
        terminal.wait_for(rf"Bash: pytest -x    \[y\]es \[s\]ession \[n\]o {SAYS} ")
        terminal.type("n no\r")
        terminal.wait_for("denied by me: no")
        assert terminal.finish().code == 0
        assert terminal.screen.count("[y]es") == 1
    assert decided == [messages.Decide(approval=SESSION, behavior=Behavior.DENY, message="no")]


@pytest.mark.e2e
def test_who_may_not_approve_is_not_asked(serve_locally: Serve, tmp_path: Path) -> None:
    def play(server: Connection) -> None:
        state(server, facts.TurnStarted(prompt=PROMPT, client="bob"), opened())
        server.send(messages.Tail(cursor=Cursor(GENERATION, server.seq)))

    serve_locally(attached(play, rights=(Right.VIEW,)))
    with on_terminal(tmp_path, "attach", "fix-test") as terminal:
        terminal.wait_for("waits for an approval")
        assert terminal.finish().code == 0
        assert "[y]es" not in terminal.screen


@pytest.mark.e2e
def test_ctrl_c_leaves(serve_locally: Serve, tmp_path: Path) -> None:
    def play(server: Connection) -> None:
        state(server, facts.TurnStarted(prompt=PROMPT, client="bob"), opened())
        server.send(messages.Tail(cursor=Cursor(GENERATION, server.seq)))
        server.receive()

    serve_locally(attached(play))
    with on_terminal(tmp_path, "attach", "fix-test") as terminal:
        terminal.wait_for(rf"{SAYS} ")
        terminal.type("\x03")
        assert terminal.finish().code == 130
        assert "Traceback" not in terminal.screen
