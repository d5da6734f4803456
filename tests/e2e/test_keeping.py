"""What is kept of sessions, how it is taken out, and what is told of what is not kept any more."""

from __future__ import annotations

import json

import pytest

from tests.e2e.lab import Lab
from tests.fakes.messages_api import bash, text

pytestmark = pytest.mark.e2e


def test_a_session_is_exported(own_lab: Lab) -> None:
    lab = own_lab
    lab.start()
    alice = lab.approved("alice")
    lab.api.on("look around", bash("echo here"), text("Nothing *new*."))
    assert alice.run("-n", "walk", "-p", "--allowedTools=Bash", "look around").code == 0
    ran = alice.run("sessions", "export", "walk")
    assert ran.code == 0, ran
    events = [json.loads(line) for line in ran.out.splitlines()]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert {event["source"] for event in events} == {"claude", "fact"}
    path = alice.home / "walk.md"
    assert alice.run("sessions", "export", "walk", "--format", "md", "-o", str(path)).code == 0
    told = path.read_text()
    assert told.startswith("# walk\n")
    assert "> look around" in told
    assert "<details><summary>✓ Bash: echo here" in told
    assert "Nothing *new*." in told
    assert path.stat().st_mode & 0o077 == 0
    assert alice.run("sessions", "export", "nowhere", "-o", str(alice.home / "nothing")).code == 2
    assert not (alice.home / "nothing").exists()
    assert sorted(each.name for each in alice.home.iterdir() if "walk" in each.name) == ["walk.md"]


def test_what_is_too_old_is_trimmed_and_said_so(own_lab: Lab) -> None:
    lab = own_lab
    server = lab.start()
    alice = lab.approved("alice")
    lab.api.on("remember", text("I will."))
    assert alice.run("-n", "old", "-p", "remember").code == 0
    assert alice.run("stop", "old").code == 0
    server.stop()
    # Less than a second.
    again = lab.start("--keep-days", "0.000001", port=server.port)
    again.running.wait_for("trimmed session old", stream="err")
    assert alice.run("sessions").out == ""
    ran = alice.run("attach", "old")
    assert ran.code == 2
    assert "is not kept any more" in ran.err
    session = ran.err.rpartition("claude-remote -r ")[2].strip()
    # Claude still has it, and so it goes on, as a session anew.
    lab.api.on("and now", text("I do."))
    assert alice.run("-p", "-r", session, "and now").out == "I do.\n"
    assert "remember" in str(lab.api.calls[-1].body)
