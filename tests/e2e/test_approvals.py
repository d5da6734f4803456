"""Claude asks, somebody answers."""

from __future__ import annotations

import pytest

from tests.e2e.lab import Client, Lab
from tests.fakes.messages_api import bash, text

pytestmark = pytest.mark.e2e


def test_asked_and_given_on_a_terminal(lab: Lab, alice: Client, words: str) -> None:
    lab.api.on(words, bash("touch given"), text("It is there."))
    with alice.terminal("-p", words) as terminal:
        terminal.wait_for("touch given")
        assert not (lab.work / "given").exists()
        terminal.type("y\r")
        terminal.wait_for("It is there.")
        assert terminal.finish().code == 0
    assert (lab.work / "given").exists()


def test_asked_and_denied_with_a_reason(lab: Lab, alice: Client, words: str) -> None:
    lab.api.on(words, bash("touch denied"), text("Then not."))
    with alice.terminal("-p", words) as terminal:
        terminal.wait_for("touch denied")
        terminal.type("n\r")
        terminal.wait_for("(?i)(why|reason)")
        terminal.type("use a copy\r")
        terminal.wait_for("Then not.")
        assert terminal.finish().code == 0
    assert not (lab.work / "denied").exists()
    assert "use a copy" in lab.api.calls[-1].results[0].words


def test_the_like_for_the_session(lab: Lab, alice: Client, words: str) -> None:
    lab.api.on(words, bash("touch one"), bash("touch one two"), text("Both."))
    with alice.terminal("-p", words) as terminal:
        terminal.wait_for("touch one")
        terminal.type("s\r")
        terminal.wait_for("Both.")
        assert terminal.finish().code == 0
    assert (lab.work / "two").exists()


def test_without_a_terminal_it_is_denied(lab: Lab, alice: Client, words: str) -> None:
    lab.api.on(words, bash("touch unasked"), text("I may not."))
    ran = alice.run("-p", words)
    assert (ran.code, ran.out) == (0, "I may not.\n")
    assert not (lab.work / "unasked").exists()
    assert lab.api.calls[-1].results[0].error


def test_without_a_terminal_it_can_fail(lab: Lab, alice: Client, words: str) -> None:
    lab.api.on(words, bash("touch failing"), text("I may not."))
    ran = alice.run("-p", words, "--on-approval", "fail")
    assert ran.code != 0
    assert not (lab.work / "failing").exists()


def test_claudes_bash_cannot_approve(lab: Lab, alice: Client, words: str) -> None:
    """What descends from a worker is not the owner, though it is the same user on the same machine."""
    mallory = lab.client("mallory")
    assert mallory.add(lab.server).code == 4
    command = (
        f"CLAUDE_REMOTE_HOME={lab.folder / 'server'} claude-remote-server clients approve; echo ended $?"
    )
    lab.api.on(words, bash(command), text("Tried."))
    ran = alice.run("-p", "--allowedTools=Bash", words)
    assert ran.out == "Tried.\n", ran
    assert "ended 0" not in lab.api.calls[-1].results[0].words
    assert mallory.run("ping").code == 4
