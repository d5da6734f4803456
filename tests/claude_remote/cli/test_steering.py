"""`send`, `wait`, `interrupt`, `stop`, `rename` and `--bg` against a scripted server."""

from __future__ import annotations

import json

import pytest

from claude_remote import messages
from claude_remote.cli import main
from claude_remote.messages import Cursor, SessionState
from tests.claude_remote.cli.test_print_mode import stdin
from tests.claude_remote.client.scripted import GENERATION, SESSION, Connection, Script, session_info
from tests.claude_remote.client.test_steering import told
from tests.claude_remote.serving import Serve

__all__ = ["stdin"]

Capture = pytest.CaptureFixture[bytes]
PROMPT = "33333333-3333-4333-8333-333333333333"


def plays(*exchanges: Script) -> Script:
    def script(server: Connection) -> None:
        server.hello()
        for exchange in exchanges:
            exchange(server)
            server.send(messages.Done())

    return script


def test_sending_prints_the_prompts_id(serve_locally: Serve, capsysbinary: Capture) -> None:
    texts: list[bytes] = []

    def takes(server: Connection) -> None:
        prompt = server.expect(messages.Prompt)
        texts.append(server.payload)
        assert (prompt.id, prompt.follow, prompt.now) == (PROMPT, False, len(texts) == 2)
        server.send(messages.Accepted(prompt=prompt.id, session=session_info(), cursor=Cursor(GENERATION, 3)))
        server.send(messages.Waiting(why="turn", place=1))

    serve_locally(plays(takes), plays(takes))
    assert main(["send", "fix-test", "and", "the docs", "--id", PROMPT]) == 0
    assert capsysbinary.readouterr() == (f"{PROMPT}\n".encode(), b"")
    assert main(["send", "fix-test", "--now", "x", "--id", PROMPT, "--json"]) == 0
    sent = json.loads(capsysbinary.readouterr().out)
    assert (sent["prompt"], sent["session"], sent["waits"], sent["place"]) == (PROMPT, SESSION, "turn", 1)
    assert texts == [b"and the docs", b"x"]


def test_an_id_is_a_uuid(paths: object, capsysbinary: Capture) -> None:
    assert main(["send", "fix-test", "x", "--id", "1"]) == 2
    assert b"--id takes" in capsysbinary.readouterr().err


@pytest.mark.parametrize(
    ("fields", "code", "said"),
    [
        ({"outcome": "done"}, 0, b""),
        ({}, 0, b""),
        ({"outcome": "error", "reason": "No credit."}, 1, b"claude-remote: fix-test: No credit.\n"),
        ({"outcome": "interrupted"}, 1, b"claude-remote: fix-test: the last turn was interrupted\n"),
    ],
)
def test_waiting_ends_as_the_last_turn_did(
    serve_locally: Serve, capsysbinary: Capture, fields: dict[str, object], code: int, said: bytes
) -> None:
    def waits(server: Connection) -> None:
        server.expect(messages.Await)
        told(server, state=SessionState.IDLE, **fields)

    serve_locally(plays(waits), plays(waits))
    assert main(["wait", "fix-test"]) == code
    assert capsysbinary.readouterr() == (b"", said)
    assert main(["wait", "fix-test", "--json"]) == code
    assert json.loads(capsysbinary.readouterr().out)["outcome"] == fields.get("outcome", "")


def test_waiting_no_longer_than(serve_locally: Serve, capsysbinary: Capture) -> None:
    def waits(server: Connection) -> None:
        server.expect(messages.Await)
        told(server)
        server.receive()

    serve_locally(plays(waits))
    assert main(["wait", "fix-test", "--timeout", "0.05"]) == 3
    assert capsysbinary.readouterr().err == b"claude-remote: fix-test is not idle after 0.05 s (working)\n"


def test_interrupting(serve_locally: Serve) -> None:
    def finds(server: Connection) -> None:
        server.expect(messages.ListSessions)
        told(server)

    def interrupts(server: Connection) -> None:
        assert server.expect(messages.Interrupt).session == SESSION

    serve_locally(plays(finds, interrupts))
    assert main(["interrupt", "fix-test"]) == 0


@pytest.mark.parametrize("command", ["stop", "close"])
def test_stopping_several(serve_locally: Serve, command: str) -> None:
    closed: list[str] = []

    def closes(server: Connection) -> None:
        closed.append(server.expect(messages.Close).session)
        told(server, state=SessionState.CLOSED)

    serve_locally(plays(closes, closes))
    assert main([command, "one", "two"]) == 0
    assert closed == ["one", "two"]


def test_renaming(serve_locally: Serve, capsysbinary: Capture) -> None:
    def renames(server: Connection) -> None:
        server.expect(messages.Rename)
        server.send(messages.Error(code="name-taken", message="Another session is called 'x'."))

    serve_locally(plays(renames))
    assert main(["rename", "fix-test", "x"]) == 2
    assert capsysbinary.readouterr().err == b"claude-remote: Another session is called 'x'.\n"


@pytest.mark.parametrize("option", ["--bg", "--detach"])
def test_in_the_background(serve_locally: Serve, capsysbinary: Capture, option: str) -> None:
    def takes(server: Connection) -> None:
        prompt = server.expect(messages.Prompt)
        assert (prompt.target.name, prompt.target.cwd, prompt.follow) == ("fix-test", "src", False)
        assert "opus" in "".join(prompt.target.options)
        server.send(messages.Accepted(prompt=prompt.id, session=session_info(), cursor=Cursor(GENERATION, 0)))
        server.send(messages.Waiting(why="start"))

    serve_locally(plays(takes), plays(takes))
    words = ["-n", "fix-test", "-C", "src", "--model", "opus", "-p", "x", option]
    assert main(words) == 0
    assert capsysbinary.readouterr() == (f"fix-test {SESSION}\n".encode(), b"")
    assert main([*words, "--output-format", "json"]) == 0
    begun = json.loads(capsysbinary.readouterr().out)
    assert (begun["name"], begun["session"], begun["cwd"]) == ("fix-test", SESSION, "/home/me/src/api")


@pytest.mark.parametrize(
    "words",
    [["--output-format", "stream-json"], ["--timeout", "5"], ["--on-approval", "deny"], ["--fork-session"]],
    ids=" ".join,
)
def test_what_means_nothing_in_the_background(paths: object, capsysbinary: Capture, words: list[str]) -> None:
    assert main(["-p", "x", "--bg", *words]) == 2
    assert capsysbinary.readouterr().err


@pytest.mark.parametrize(
    "command",
    ["attach", "logs", "send", "wait", "interrupt", "stop", "close", "rename", "sessions", "completion"],
)
def test_help_teaches(capsysbinary: Capture, command: str) -> None:
    assert main([command, "--help"]) == 0
    told_so = capsysbinary.readouterr().out.decode()
    assert told_so.startswith(f"Usage: claude-remote {command} ")
    assert max(map(len, told_so.splitlines())) <= 100
