"""Copies of sessions: they know what was said, have names of their own, and leave the original as it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.lab import Client, Lab
from tests.fakes.messages_api import text

pytestmark = pytest.mark.e2e


@pytest.fixture
def original(lab: Lab, alice: Client, words: str) -> str:
    """A session with one turn; its name."""
    lab.api.on(words, text("First."))
    name = words.replace(" ", "-")
    assert alice.run("-n", name, "-p", words).code == 0
    return name


def session(client: Client, name: str) -> dict[str, Any]:
    (found,) = [each for each in json.loads(client.run("sessions", "--json").out) if each["name"] == name]
    return found


def transcript(lab: Lab, conversation: str) -> Path:
    (path,) = (lab.home / ".claude" / "projects").glob(f"*/{conversation}.jsonl")
    return path


def test_a_copy_of_a_session(lab: Lab, alice: Client, words: str, original: str) -> None:
    before = session(alice, original)
    said = transcript(lab, before["claude_session"]).read_bytes()
    lab.api.on(words, text("In the copy."), text("Still there."), text("Meanwhile."))
    assert alice.run("-r", original, "--fork-session", "-p", "elsewhere").out == "In the copy.\n"
    assert any(words in each for each in lab.api.calls[-1].said)
    copy = session(alice, f"{original}-2")
    assert copy["claude_session"] != before["claude_session"]
    assert copy["id"] != before["id"]
    after = session(alice, original)
    assert (after["turns"], after["claude_session"]) == (1, before["claude_session"])
    assert transcript(lab, before["claude_session"]).read_bytes() == said
    # A copy that is resumed goes on with what was said in it.
    assert alice.run("stop", copy["name"]).code == 0
    assert alice.run("-r", copy["name"], "-p", "where?").out == "Still there.\n"
    assert any("elsewhere" in each for each in lab.api.calls[-1].said)
    # And the original knows nothing of it.
    assert alice.run("-r", original, "-p", "and you?").out == "Meanwhile.\n"
    assert not any("elsewhere" in each for each in lab.api.calls[-1].said)


def test_a_copy_of_the_last_session(lab: Lab, alice: Client, words: str, original: str) -> None:
    lab.api.on(words, text("In the copy."))
    assert alice.run("-c", "--fork-session", "-n", f"{original}-c", "-p", "elsewhere").out == "In the copy.\n"
    assert session(alice, f"{original}-c")["turns"] == 1
    assert session(alice, original)["turns"] == 1


def test_a_copy_on_a_terminal(lab: Lab, alice: Client, words: str, original: str) -> None:
    lab.api.on(words, text("In the copy."))
    with alice.terminal("-r", original, "--fork-session") as terminal:
        terminal.wait_for(f"{original}-2")
        terminal.type("elsewhere\r")
        terminal.wait_for("In the copy")
        terminal.type("\x04")
        ran = terminal.finish()
    assert f"Come back with: claude-remote -r {original}-2" in ran.out
    assert any(words in each for each in lab.api.calls[-1].said)
    assert session(alice, original)["turns"] == 1


def test_there_is_nothing_to_copy(alice: Client) -> None:
    ran = alice.run("--fork-session", "-p", "of what?")
    assert ran.code == 2
    assert "--resume" in ran.err
