"""Conversations that were begun in a terminal on the server's machine, and who has them open."""

from __future__ import annotations

import json
import os
import re
import signal
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from claude_remote.paths import find_paths
from tests.e2e.lab import Client, Lab
from tests.e2e.programs import Terminal
from tests.fakes.messages_api import Gate, claude_program, text

pytestmark = pytest.mark.e2e


@pytest.fixture
def conversation(lab: Lab, words: str) -> str:
    """The id of a conversation that was had on the server's machine, with one turn; nobody has it open."""
    identity = str(uuid.uuid4())
    lab.api.on(words, text("Begun."))
    assert lab.claude("-p", f"--session-id={identity}", words).code == 0
    return identity


def open_terminal(lab: Lab, *argv: str) -> Terminal:
    """Claude on a terminal of the server's machine, past its questions for newcomers."""
    path = lab.home / ".claude.json"
    settings = json.loads(path.read_text()) if path.exists() else {}
    settings |= {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "customApiKeyResponses": {"approved": ["sk-scripted"], "rejected": []},
    }
    settings.setdefault("projects", {})[os.fspath(lab.work)] = {"hasTrustDialogAccepted": True}
    path.write_text(json.dumps(settings))
    return Terminal([claude_program(), *argv], lab.server_environment, lab.work)


def wait_until_registered(lab: Lab, terminal: Terminal, conversation: str) -> Path:
    """Until claude says that it has the conversation open; the file in which it says so."""
    deadline = time.monotonic() + 30
    entry = lab.home / ".claude" / "sessions" / f"{terminal.process.pid}.json"
    while not (entry.exists() and conversation in entry.read_text()):
        assert time.monotonic() < deadline, terminal.screen
        terminal.read()
    return entry


def test_a_conversation_of_a_terminal_goes_on_here(
    lab: Lab, alice: Client, words: str, conversation: str
) -> None:
    lab.api.on(words, text("Gone on."), text("Again."))
    ran = alice.run("-r", conversation[:8], "-p", "and now?", "--output-format", "json")
    assert (ran.code, json.loads(ran.out)["result"]) == (0, "Gone on."), ran
    assert json.loads(ran.out)["session_id"] == conversation
    # All that was said in the terminal is known.
    assert any(words in said for said in lab.api.calls[-1].said)
    # From now on it is a session as every other, found by either id and by its name.
    sessions = json.loads(alice.run("sessions", "--json").out)
    (session,) = [each for each in sessions if each["claude_session"] == conversation]
    assert alice.run("-r", conversation, "-p", "once more").out == "Again.\n"
    assert len(json.loads(alice.run("sessions", "--json").out)) == len(sessions)
    assert session["cwd"] == os.fspath(lab.work)


def test_not_while_a_terminal_has_it_open(lab: Lab, alice: Client, words: str, conversation: str) -> None:
    lab.api.on(words, text("A copy."), text("At last."))
    with open_terminal(lab, f"--resume={conversation}") as terminal:
        wait_until_registered(lab, terminal, conversation)
        ran = alice.run("-r", conversation, "-p", "mine!")
        assert ran.code == 2, ran
        found = re.search(r"open in claude with pid (\d+) on pts/\d+, since \d\d:\d\d", ran.err)
        assert found, ran.err
        assert int(found[1]) == terminal.process.pid
        assert "--fork-session" in ran.err
        # A copy is a session of its own, and leaves the original as it is.
        before = transcript(lab, conversation).read_bytes()
        ran = alice.run("-r", conversation, "--fork-session", "-p", "a copy", "--output-format", "json")
        assert (ran.code, json.loads(ran.out)["result"]) == (0, "A copy."), ran
        assert json.loads(ran.out)["session_id"] != conversation
        assert transcript(lab, conversation).read_bytes() == before
        # It is killed, and so its entry stays: that of a dead process.
        terminal.process.kill()
        terminal.process.wait(30)
    assert alice.run("-r", conversation, "-p", "mine now").out == "At last.\n"


def test_an_entry_whose_pid_belongs_to_somebody_else_by_now(
    lab: Lab, alice: Client, words: str, conversation: str
) -> None:
    with open_terminal(lab, f"--resume={conversation}") as terminal:
        entry = wait_until_registered(lab, terminal, conversation)
        told = json.loads(entry.read_text())
        terminal.process.kill()
        terminal.process.wait(30)
    entry.unlink()
    # Ours, which lives, has not been started when that one was.
    told["pid"] = os.getpid()
    stale = entry.with_name(f"{os.getpid()}.json")
    stale.write_text(json.dumps(told))
    lab.api.on(words, text("Nobody minds."))
    assert alice.run("-r", conversation, "-p", "mine").out == "Nobody minds.\n"
    stale.unlink()


def test_a_terminal_resumes_a_parked_session(lab: Lab, alice: Client, words: str) -> None:
    lab.api.on(words, text("Here."), text("Back here."))
    ran = alice.run("-n", words, "-p", words, "--output-format", "json")
    conversation = json.loads(ran.out)["session_id"]
    assert alice.run("stop", words).code == 0
    with open_terminal(lab, f"--resume={conversation}") as terminal:
        wait_until_registered(lab, terminal, conversation)
        ran = alice.run("-r", words, "-p", "mine!")
        assert ran.code != 0, ran
        assert f"pid {terminal.process.pid} on pts/" in ran.err
        assert ran.err.count("This conversation is open") == 1, ran.err
        terminal.process.send_signal(signal.SIGKILL)
        terminal.process.wait(30)
    assert alice.run("-r", words, "-p", "and now?").out == "Back here.\n"


def test_a_terminal_resumes_a_session_that_lives(lab: Lab, alice: Client, words: str) -> None:
    """It cannot be prevented. Our claude makes room, and knows afterwards what was said in the terminal."""
    lab.api.on(words, text("Here."), text("From the terminal."), text("Back here."))
    ran = alice.run("-n", words, "-p", words, "--output-format", "json")
    conversation = json.loads(ran.out)["session_id"]
    with open_terminal(lab, f"--resume={conversation}") as terminal:
        wait_until_registered(lab, terminal, conversation)
        ran = alice.run("-r", words, "-p", "mine!")
        assert ran.code != 0, ran
        assert f"pid {terminal.process.pid} on pts/" in ran.err
        terminal.wait_for("\u276f")
        terminal.type("in the terminal\r")
        terminal.wait_for("From the terminal")
        terminal.process.send_signal(signal.SIGTERM)
        terminal.finish()
    assert alice.run("-r", words, "-p", "and now?").out == "Back here.\n"
    assert any("in the terminal" in said for said in lab.api.calls[-1].said)


def test_a_terminal_opens_it_in_the_middle_of_a_turn(lab: Lab, alice: Client, words: str) -> None:
    gate = Gate()
    lab.api.on(words, text("Here."), text("A turn.", gate=gate))
    ran = alice.run("-n", words, "-p", words, "--output-format", "json")
    conversation = json.loads(ran.out)["session_id"]
    with alice.start("-r", words, "-p", "go on") as running:
        gate.wait()
        with open_terminal(lab, f"--resume={conversation}") as terminal:
            wait_until_registered(lab, terminal, conversation)
            gate.open()
            assert running.finish().out == "A turn.\n"
            assert alice.run("wait", words).code == 0
            assert f"pid {terminal.process.pid} on pts/" in alice.run("logs", words).out
            terminal.process.kill()
            terminal.process.wait(30)


def test_conversations_begun_elsewhere_are_listed(
    lab: Lab, alice: Client, words: str, conversation: str
) -> None:
    lab.api.on("mine", text("Of the server."))
    own = json.loads(alice.run("-p", f"mine {words}", "--output-format", "json").out)["session_id"]
    (found,) = [each for each in listed(alice, "--all") if each["id"] == conversation]
    assert found["state"] == "elsewhere"
    assert found["cwd"] == os.fspath(lab.work)
    assert (found["first_words"], found["last_words"]) == (words, "Begun.")
    assert found["pid"] == 0
    assert not [each for each in listed(alice) if each["id"] == conversation]
    # What this server began is there once.
    assert (
        len([each for each in listed(alice, "--all") if own in (each["id"], each.get("claude_session"))]) == 1
    )
    with open_terminal(lab, f"--resume={conversation}") as terminal:
        wait_until_registered(lab, terminal, conversation)
        (found,) = [each for each in listed(alice, "--all") if each["id"] == conversation]
        assert found["pid"] == terminal.process.pid
        assert found["terminal"].startswith("pts/")
        told = alice.run("sessions", "--all").out
        assert f"pid {terminal.process.pid} pts/" in told
        assert conversation[:8] in told
    elsewhere = lab.folder / "nothing"
    elsewhere.mkdir()
    rooted = lab.approved(f"all-{words[-4:]}")
    give_roots(lab, rooted, elsewhere)
    assert not [each for each in listed(rooted, "--all") if each["state"] == "elsewhere"]
    blind = lab.approved(f"all-blind-{words[-4:]}", rights="prompt")
    ran = blind.run("sessions", "--all")
    assert ran.code == 4
    assert "`view`" in ran.err


def listed(client: Client, *argv: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(client.run("sessions", "--json", *argv).out)
    return found


def test_who_may_not_see_finds_nothing(lab: Lab, words: str, conversation: str) -> None:
    blind = lab.approved(f"blind-{words[-4:]}", rights="prompt,approve")
    ran = blind.run("-r", conversation, "-p", "mine")
    assert ran.code == 2
    assert "no session" in ran.err


def test_not_outside_the_roots(lab: Lab, words: str, conversation: str) -> None:
    elsewhere = lab.folder / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    rooted = lab.approved(f"rooted-{words[-4:]}")
    give_roots(lab, rooted, elsewhere)
    ran = rooted.run("-r", conversation, "-p", "mine")
    assert ran.code == 4, ran
    assert "outside" in ran.err


def give_roots(lab: Lab, client: Client, *roots: Path) -> None:
    """As the server's owner does it: by hand, in the trust store."""
    store = find_paths(lab.server_environment).trusted_clients
    told = ", ".join(json.dumps(os.fspath(root)) for root in roots)
    before, name, after = store.read_text().partition(f'name = "{client.name}"')
    assert name, before
    table, roots_, rest = after.partition("roots = [")
    assert roots_, after
    store.write_text(f"{before}{name}{table}roots = [{told}]{rest.partition(']')[2]}")
    deadline = time.monotonic() + 30
    wanted = [os.fspath(root) for root in roots]
    while not any(each["name"] == client.name and each["roots"] == wanted for each in lab.server.clients()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def transcript(lab: Lab, conversation: str) -> Path:
    (path,) = (lab.home / ".claude" / "projects").glob(f"*/{conversation}.jsonl")
    return path
