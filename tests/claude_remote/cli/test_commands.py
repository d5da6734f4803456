"""ping, servers, config, sessions, clients against a scripted server."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from claude_remote import messages
from claude_remote.cli import find_command, main
from claude_remote.cli.terminal import escape
from claude_remote.identity import Identity, load_or_create
from claude_remote.messages import ClientState
from claude_remote.paths import Paths
from claude_remote.rights import Right
from tests.claude_remote.client.scripted import Connection, session_info
from tests.claude_remote.client.test_connecting import answer_pings, bell, look_away
from tests.claude_remote.serving import Serve

Capture = pytest.CaptureFixture[bytes]


@pytest.fixture
def ours(paths: Paths) -> Identity:
    return load_or_create(paths.client_key, paths.client_certificate)


def test_ping_tells_connection_and_request_apart(serve_locally: Serve, capsysbinary: Capture) -> None:
    serve_locally(answer_pings)
    assert main(["ping"]) == 0
    assert b"connection" in capsysbinary.readouterr().out
    assert main(["ping", "-c", "3", "--json"]) == 0
    report = json.loads(capsysbinary.readouterr().out)
    assert report["host"] == "home"
    assert report["connect_ms"] > 0
    assert len(report["request_ms"]) == 3


def test_a_server_is_added_used_and_forgotten(
    serve_tls: Serve, server_identity: Identity, ours: Identity, capsysbinary: Capture
) -> None:
    server = serve_tls(look_away, answer_pings, approved=(ours.der,))
    fingerprint = server_identity.fingerprint
    assert main(["servers", "add", "home", server.address, "--fingerprint", fingerprint]) == 0
    assert "✓ identity matches; now your default server" in capsysbinary.readouterr().err.decode()

    assert main(["servers", "--json"]) == 0
    assert json.loads(capsysbinary.readouterr().out) == [
        {
            "name": "home",
            "address": server.address,
            "fingerprint": fingerprint,
            "approved": True,
            "default": True,
        }
    ]
    for argv in (["ping"], ["ping", "-s", "home"], ["-s", server.address, "ping"], ["servers"]):
        assert main(argv) == 0
    assert main(["-s", "hom", "ping"]) == 3
    assert b"did you mean your server home?" in capsysbinary.readouterr().err

    assert main(["servers", "forget", "home"]) == 0
    assert main(["servers", "forget", "home"]) == 2
    assert main(["servers", "--json"]) == 0
    assert json.loads(capsysbinary.readouterr().out) == []


def test_adding_ends_with_four_while_approval_is_pending(
    serve_tls: Serve, server_identity: Identity, capsysbinary: Capture
) -> None:
    server = serve_tls(look_away, answer_pings, bell(ClientState.PENDING))
    argv = ["servers", "add", "home", server.address, "--fingerprint", server_identity.fingerprint]
    assert main(argv) == 4
    err = capsysbinary.readouterr().err
    assert b"waits for its owner's approval" in err
    assert b"Words: " in err


def test_config_chooses_the_default(serve_tls: Serve, ours: Identity, capsysbinary: Capture) -> None:
    server = serve_tls(look_away, answer_pings, approved=(ours.der,))
    assert main(["config", "--server", server.address, "--accept-new"]) == 0
    assert main(["ping"]) == 0


def test_sessions_are_listed_without_escapes(serve_locally: Serve, capsysbinary: Capture) -> None:
    def script(server: Connection) -> None:
        server.hello()
        while True:
            server.expect(messages.ListSessions)
            server.send(messages.Sessions(sessions=(session_info(name="a\x1b[2J", last_words="bye\nbye"),)))
            server.send(messages.Sessions(sessions=(session_info(name="b", changed=1.0),)))
            server.send(messages.Done())

    serve_locally(script)
    assert main(["sessions"]) == 0
    lines = capsysbinary.readouterr().out.decode().splitlines()
    assert [line.split()[0] for line in lines] == ["NAME", "a\\x1b[2J", "b"]
    assert main(["sessions", "--json"]) == 0
    assert [each["name"] for each in json.loads(capsysbinary.readouterr().out)] == ["a\x1b[2J", "b"]


def test_older_sessions_that_are_not_listed_are_counted(serve_locally: Serve, capsysbinary: Capture) -> None:
    def script(server: Connection) -> None:
        server.hello()
        while True:
            server.expect(messages.ListSessions)
            server.send(messages.Sessions(sessions=(session_info(name="a"),), left_out=1200))
            server.send(messages.Sessions(sessions=(session_info(name="b"),), left_out=1200))
            server.send(messages.Done())

    serve_locally(script)
    assert main(["sessions", "--json"]) == 0
    told = capsysbinary.readouterr()
    assert len(json.loads(told.out)) == 2
    assert told.err == b"only the latest 2 sessions are listed; 1,200 are older\n"
    assert main(["sessions"]) == 0
    assert capsysbinary.readouterr().err == told.err


def test_no_sessions(serve_locally: Serve, capsysbinary: Capture) -> None:
    def script(server: Connection) -> None:
        server.hello()
        server.expect(messages.ListSessions)
        server.send(messages.Done())

    serve_locally(script)
    assert main(["sessions"]) == 0
    assert b"No sessions yet" in capsysbinary.readouterr().err


def client_info(name: str, state: ClientState, letter: str) -> messages.ClientInfo:
    return messages.ClientInfo(
        name=name,
        state=state,
        fingerprint=f"SHA256:{letter * 43}",
        words=f"{letter.lower()} fox oak river moon tree",
        address="192.168.1.20",
        rights=(Right.VIEW,) if state is ClientState.APPROVED else (),
        first_seen=1.0,
        last_seen=2.0,
    )


STATE_AFTER = {
    messages.Approve: ClientState.APPROVED,
    messages.Refuse: ClientState.REFUSED,
    messages.Revoke: ClientState.REVOKED,
}


def decides(*known: messages.ClientInfo, asked: list[messages.Message]) -> Callable[[Connection], None]:
    """A server that tells these clients, and answers every decision with what follows from it."""

    def script(server: Connection) -> None:
        server.hello()
        while True:
            request = server.expect(messages.Message)
            match request:
                case messages.ListClients():
                    found = known
                case messages.Approve() | messages.Refuse() | messages.Revoke():
                    asked.append(request)
                    (one,) = [each for each in known if each.fingerprint == request.which]
                    found = (replace(one, state=STATE_AFTER[type(request)]),)
                case messages.ChangeRights():
                    asked.append(request)
                    found = tuple(each for each in known if each.fingerprint == request.which)
                case _:
                    raise TypeError(request)
            server.send(messages.Clients(clients=found))
            server.send(messages.Done())

    return script


def test_deciding_about_clients_from_afar(serve_locally: Serve, capsysbinary: Capture) -> None:
    waiting = client_info("evil\x1b[2J", ClientState.PENDING, "A")
    known = client_info("laptop", ClientState.APPROVED, "B")
    asked: list[messages.Message] = []
    serve_locally(decides(waiting, known, asked=asked))
    assert main(["clients", "approve"]) == 2  # nobody has seen its words
    assert main(["clients", "approve", "--yes", "--rights", "watch", "--name", "desk"]) == 0
    assert main(["clients", "refuse", "SHA256:" + "A" * 12]) == 0
    assert main(["clients", "revoke", *known.words.split()]) == 0
    assert main(["clients", "revoke", "laptop"]) == 0
    assert asked == [
        messages.Approve(which=waiting.fingerprint, name="desk", rights=(Right.VIEW,)),
        messages.Refuse(which=waiting.fingerprint),
        messages.Revoke(which=known.fingerprint),
        messages.Revoke(which=known.fingerprint),
    ]
    assert capsysbinary.readouterr().out.decode().splitlines() == [
        "✓ approved evil\\x1b[2J for nothing",
        "✓ refused evil\\x1b[2J",
        "✓ revoked laptop",
        "✓ revoked laptop",
    ]
    assert main(["clients"]) == 0
    shown = capsysbinary.readouterr().out.decode()
    assert [line.split()[0] for line in shown.splitlines()] == ["NAME", "evil\\x1b[2J", "laptop"]
    assert main(["clients", "--json"]) == 0
    assert [each["state"] for each in json.loads(capsysbinary.readouterr().out)] == ["pending", "approved"]


@pytest.mark.parametrize(
    ("words", "request_"),
    [
        (["+files", "-approve"], {"add": (Right.FILES,), "remove": (Right.APPROVE,)}),
        (["-view,prompt", "-exec"], {"remove": (Right.VIEW, Right.PROMPT, Right.EXEC)}),
        (["=watch", "+admin"], {"rights": (Right.VIEW,), "add": (Right.ADMIN,)}),
        (["--root", "/a", "--root", "=work"], {"roots": ("/a", "=work")}),
        (
            ["--no-roots", "=work"],
            {"rights": (Right.VIEW, Right.PROMPT, Right.APPROVE, Right.FILES), "roots": ()},
        ),
    ],
)
def test_changing_rights_from_afar(
    serve_locally: Serve, capsysbinary: Capture, words: list[str], request_: dict[str, object]
) -> None:
    known = client_info("laptop", ClientState.APPROVED, "B")
    asked: list[messages.Message] = []
    serve_locally(decides(known, asked=asked))
    assert main(["clients", "rights", "laptop", *words]) == 0
    assert asked == [messages.ChangeRights(which=known.fingerprint, **request_)]  # type: ignore[arg-type]
    assert capsysbinary.readouterr().out.decode() == "✓ laptop may now: watch\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "say what changes"),
        (["--root", "/a", "--no-roots"], "contradict"),
        (["+everything"], "say what changes"),
        (["-everything"], "No such option"),
    ],
)
def test_a_change_of_rights_that_says_nothing(
    serve_locally: Serve, capsysbinary: Capture, words: list[str], said: str
) -> None:
    serve_locally(decides(client_info("laptop", ClientState.APPROVED, "B"), asked=[]))
    assert main(["clients", "rights", "laptop", *words]) == 2
    assert said in capsysbinary.readouterr().err.decode()


@pytest.mark.parametrize(
    ("argv", "names", "words"),
    [
        (["approve"], (), "no client waits"),
        (["approve"], ("a\x1b[2J", "b"), "2 clients wait; say which:\n  SHA256:"),
        (["refuse", "nobody"], ("a",), "No client is known"),
        (["approve", "--rights", "everything"], ("a",), "--rights: no right is called"),
    ],
)
def test_which_client_is_meant_must_be_clear(
    serve_locally: Serve, capsysbinary: Capture, argv: list[str], names: tuple[str, ...], words: str
) -> None:
    known = [client_info(name, ClientState.PENDING, "AB"[at]) for at, name in enumerate(names)]
    serve_locally(decides(*known, asked=[]))
    assert main(["clients", *argv]) == 2
    said = capsysbinary.readouterr().err.decode()
    assert words in said
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("words", "server", "command", "rest"),
    [
        (["ping"], None, "ping", []),
        (["-s", "home", "ping", "-c", "2"], "home", "ping", ["-c", "2"]),
        (["--server=home", "servers"], "home", "servers", []),
        (["-p", "ping"], None, None, ["-p", "ping"]),
        (["-s", "home", "-p", "ping"], "home", None, ["-s", "home", "-p", "ping"]),
        ([], None, None, []),
    ],
)
def test_commands_are_told_from_prompts(
    words: list[str], server: str | None, command: str | None, rest: list[str]
) -> None:
    assert find_command(words) == (server, command, rest)


def test_arguments_that_are_not_text(paths: Paths, capsysbinary: Capture) -> None:
    assert main(["-p", "\udcff"]) == 2
    assert b"not UTF-8" in capsysbinary.readouterr().err


@given(st.text())
def test_escaped_text_cannot_move_the_cursor(text: str) -> None:
    shown = escape(text)
    assert not {unicodedata.category(letter) for letter in shown} & {"Cc", "Zl", "Zp", "Cs"}
    assert not set(shown) & set("\x00\x07\x08\n\r\t\x1b\x7f\x9b\u202e\u2066")


@pytest.mark.parametrize("text", ["", "plain", "ümlaut 漢字 ✓ 👩\u200d💻", "non breaking"])
def test_harmless_text_stays(text: str) -> None:
    assert escape(text) == text
