"""When claude, or the model behind it, does not do what it should: one sentence, and what to do."""

from __future__ import annotations

import pytest

from tests.e2e.lab import Client, Lab
from tests.e2e.programs import Ran
from tests.fakes.broken_claude import broken_claude
from tests.fakes.messages_api import Gate, Silence, failure, text

pytestmark = pytest.mark.e2e


def sentence(ran: Ran) -> str:
    """What went wrong: the last line, with no traceback before it."""
    assert "Traceback" not in ran.err
    return ran.err.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("instead", "told"),
    [
        ("echo 'cannot load libfoo.so' >&2; exit 127", "cannot load libfoo.so"),
        ("echo 'Welcome to the wrong program!'; exit 0", "Welcome to the wrong program!"),
        ("exit 0", "claude ended"),
    ],
    ids=["dies at its start", "prints rubbish", "ends without a word"],
)
def test_a_claude_that_does_not_work(own_lab: Lab, instead: str, told: str) -> None:
    program = broken_claude(own_lab.folder, instead)
    own_lab.start("--claude", str(program))
    alice = own_lab.approved("alice")
    ran = alice.run("-p", "hello")
    assert ran.code == 1, ran
    assert told in sentence(ran)


def test_claude_is_not_logged_in(own_lab: Lab) -> None:
    del own_lab.server_environment["ANTHROPIC_API_KEY"]
    ran = own_lab.run("claude-remote-server", "-p", "0", "--no-gui", env=own_lab.server_environment)
    assert ran.code != 0
    assert "claude-remote-server login" in sentence(ran)


def test_no_claude(own_lab: Lab) -> None:
    argv = ("-p", "0", "--no-gui", "--claude", "/nowhere/claude")
    ran = own_lab.run("claude-remote-server", *argv, env=own_lab.server_environment)
    assert ran.code != 0
    assert "/nowhere/claude" in sentence(ran)


def test_the_model_is_overloaded(lab: Lab, alice: Client, words: str) -> None:
    lab.api.on(words, failure(529), text("At last."))
    ran = alice.run("-p", words)
    assert (ran.code, ran.out) == (0, "At last.\n")
    assert "overloaded" in ran.err


def test_the_credentials_are_refused(lab: Lab, alice: Client, words: str) -> None:
    """Claude tries again for minutes; the user is told at once what is wrong, and can leave."""
    lab.api.on(words, *[failure(401)] * 12)
    with alice.start("-p", words) as running:
        running.wait_for("login", stream="err")
        running.interrupt()
        assert running.finish().code == 130


def test_the_model_never_answers(lab: Lab, alice: Client, words: str) -> None:
    gate = Gate()
    lab.api.on(words, Silence(gate), text("Now."))
    with alice.start("-n", "silent", "-p", words) as running:
        gate.wait()
        running.interrupt()
        assert running.finish().code == 130
    assert alice.run("-r", "silent", "-p", "are you there?").out == "Now.\n"


def test_time_is_up(lab: Lab, alice: Client, words: str) -> None:
    again = f"{words} again"
    lab.api.on(lambda call: call.prompt == words, Silence())
    lab.api.on(lambda call: call.prompt == again, text("Now."))
    ran = alice.run("-n", "late", "-p", "--timeout", "1", words)
    assert ran.code != 0
    assert alice.run("-r", "late", "-p", again).out == "Now.\n"


def test_a_session_that_does_not_exist(lab: Lab, alice: Client, words: str) -> None:
    ran = alice.run("-r", "never-was", "-p", words)
    assert ran.code == 2
    assert "never-was" in sentence(ran)


def test_a_gate_holds_nobody_else_up(lab: Lab, alice: Client, words: str) -> None:
    """One turn stands still; the server serves everybody meanwhile."""
    gate = Gate()
    lab.api.on("stand still", text("I stood.", gate=gate))
    lab.api.on("move", text("I moved."))
    with alice.start("-p", "stand still") as still:
        gate.wait()
        assert alice.run("-p", "move").out == "I moved.\n"
        assert alice.run("ping").code == 0
        gate.open()
        assert still.finish().out == "I stood.\n"


def test_the_disk_of_the_session_is_gone(own_lab: Lab) -> None:
    """The folder of a parked session was removed: said so, not guessed around."""
    own_lab.start("--workers", "1")
    alice = own_lab.approved("alice")
    folder = own_lab.work / "gone"
    folder.mkdir()
    own_lab.api.on("first", text("Yes."))
    assert alice.run("-C", "gone", "-n", "gone", "-p", "first").code == 0
    own_lab.api.on("second", text("Elsewhere."))
    assert alice.run("-C", ".", "-p", "second").code == 0  # parks the first
    folder.rmdir()
    ran = alice.run("-r", "gone", "-p", "third")
    assert ran.code in {1, 2}, ran
    assert "gone" in sentence(ran)
