"""Servers that end, well or badly, and what lives on."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from tests.e2e import leftovers
from tests.e2e.lab import Lab
from tests.fakes.messages_api import Gate, bash, reply, say, text

pytestmark = pytest.mark.e2e


def test_a_killed_broker_is_no_end_of_a_turn(own_lab: Lab) -> None:
    """SIGKILL in the middle of an answer: the worker is adopted, the client goes on where it was."""
    lab = own_lab
    first = lab.start()
    alice = lab.approved("alice")
    gate = Gate()
    pieces = [f"piece {number}, " for number in range(200)]
    lab.api.on("a long story", reply(say("".join(pieces), chunks=200, gate=gate, gate_after=100)))
    with alice.watch("-n", "story", "-p", "a long story") as running:
        running.wait_for("piece 9")
        claudes = lab.claudes()
        first.kill()
        assert lab.claudes() == claudes  # it outlives the broker
        lab.start(port=first.port)
        gate.open()
        ran = running.finish()
    assert (ran.code, ran.out.replace("\n", "")) == (0, "".join(pieces)), ran
    assert len(lab.api.calls) == 1  # the prompt ran once
    assert lab.claudes() == claudes  # adopted, not begun anew
    # The log is whole: who reads it from the beginning reads every piece once, in order.
    lab.api.on("a long story", text("The end."))
    assert alice.run("-r", "story", "-p", "and then?").out == "The end.\n"
    assert lab.claudes() == claudes


def test_a_turn_ends_while_no_broker_lives(own_lab: Lab) -> None:
    lab = own_lab
    first = lab.start()
    alice = lab.approved("alice")
    gate = Gate()
    lab.api.on("alone", text("I went on alone.", gate=gate))
    with alice.start("-p", "alone") as running:
        gate.wait()
        first.kill()
        gate.open()
        lab.start(port=first.port)
        assert running.finish().out == "I went on alone.\n"


def test_sigterm_ends_everything(own_lab: Lab) -> None:
    """Within ten seconds, with a tool of Claude's running that ignores signals."""
    lab = own_lab
    server = lab.start()
    alice = lab.approved("alice")
    stubborn = "trap '' TERM INT HUP; touch running; sleep 300"
    lab.api.on("stubborn", bash(stubborn), text("never said"))
    with alice.start("-p", "--allowedTools=Bash", "stubborn") as running:
        _wait_for(lab.work / "running")
        assert server.stop(within=10.0).code == 0
        assert leftovers.wait_until_gone(lab.mark, within=2.0).keys() <= {running.process.pid}
        ran = running.finish(10)
    assert ran.code == 3, ran
    assert "the server is shutting down, and the turn was stopped" in ran.err
    assert "claude-remote -r" in ran.err


def test_ctrl_c_when_the_server_just_died(own_lab: Lab) -> None:
    """Nobody is there who could stop the turn: the client does not wait for ever."""
    lab = own_lab
    server = lab.start()
    alice = lab.approved("alice")
    gate = Gate()
    lab.api.on("alone", text("never heard", gate=gate))
    with alice.start("-p", "alone") as running:
        gate.wait()
        server.kill()
        running.wait_for("reconnecting", stream="err")
        running.interrupt()
        assert running.finish(20).code == 130
    gate.open()
    lab.start(port=server.port)  # it takes over what was left, and ends it with itself


def test_a_second_server_is_refused(own_lab: Lab) -> None:
    lab = own_lab
    lab.start()
    ran = lab.run("claude-remote-server", "-p", "0", "--no-gui", env=lab.server_environment)
    assert ran.code != 0
    assert str(lab.server.pid) in ran.err


def test_a_port_in_use(own_lab: Lab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = own_lab.run("claude-remote-server", "-p", port, "--no-gui", env=own_lab.server_environment)
    assert ran.code != 0
    assert port in ran.err
    assert "Traceback" not in ran.err


def test_a_unix_socket(own_lab: Lab) -> None:
    """The same TLS, the same trust."""
    lab = own_lab
    path = lab.folder / "door"
    lab.start("--unix", str(path))
    alice = lab.client("alice")
    address = f"unix:{path}"
    fingerprint = lab.server.fingerprint
    assert alice.run("servers", "add", "home", address, "--fingerprint", fingerprint).code == 4
    (pending,) = [entry for entry in lab.server.clients() if entry["state"] == "pending"]
    lab.server.approve(pending["fingerprint"])
    lab.api.on("over a socket", text("Heard."))
    assert alice.run("-p", "over a socket").out == "Heard.\n"


def test_old_tls_is_refused(own_lab: Lab) -> None:
    server = own_lab.start()
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain,
        pytest.raises((ssl.SSLError, ConnectionError)),
        context.wrap_socket(plain),
    ):
        pass


def _wait_for(path: Path) -> None:
    import time

    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, path
        time.sleep(0.02)
