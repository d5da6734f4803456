"""Strangers: how they become known, or do not, and how they stop being so."""

from __future__ import annotations

import re

import pytest

from tests.e2e.lab import Lab
from tests.fakes.messages_api import Gate, text

pytestmark = pytest.mark.e2e

ELSEWHERE = "SHA256:" + "A" * 43


def test_first_contact_and_approval(lab: Lab) -> None:
    alice = lab.client("alice")
    rang = alice.add(lab.server)
    assert rang.code == 4
    assert "approval" in rang.err

    (pending,) = [entry for entry in lab.server.clients() if entry["state"] == "pending"]
    assert pending["fingerprint"].startswith("SHA256:")
    assert pending["address"].startswith("127.0.0.1")
    assert pending["words"] in rang.err  # both ends show the same words
    assert alice.run("ping").code == 4  # nothing yet

    lab.server.approve(pending["words"], name="alice", rights="work")
    (known,) = [entry for entry in lab.server.clients() if entry["name"] == "alice"]
    assert known["state"] == "approved"
    assert known["rights"] == ["view", "prompt", "approve", "files"]

    assert alice.run("ping").code == 0
    lab.api.on("first words", text("Hello, Alice."))
    assert alice.run("-p", "first words").out == "Hello, Alice.\n"


def test_waiting_for_the_approval(lab: Lab) -> None:
    carol = lab.client("carol")
    add = ("servers", "add", "home", lab.server.address, "--fingerprint", lab.server.fingerprint)
    with carol.start(*add, "--wait") as waiting:
        words = waiting.wait_for(r"(?i)words:\s*([a-z]+(?: [a-z]+){5})", stream="err")[1]
        lab.server.approve(words, name="carol")
        ran = waiting.finish()
    assert ran.code == 0
    assert "approved" in ran.out + ran.err


def test_refusal(lab: Lab) -> None:
    mallory = lab.client("mallory")
    assert mallory.add(lab.server).code == 4
    (pending,) = [entry for entry in lab.server.clients() if entry["state"] == "pending"]
    assert lab.server.control("clients", "refuse", pending["fingerprint"]).code == 0
    ran = mallory.run("ping")
    assert ran.code == 4
    assert "refused" in ran.err
    # Ringing again makes nothing new of it.
    assert mallory.run("-p", "let me in").code == 4
    assert not [entry for entry in lab.server.clients() if entry["state"] == "pending"]


def test_revocation_in_mid_stream(lab: Lab) -> None:
    bob = lab.approved("bob")
    gate = Gate()
    lab.api.on("a long story", text("Once upon a time, there was more to say.", gate=gate))
    with bob.watch("-p", "a long story") as running:
        running.wait_for("Once")
        (known,) = [entry for entry in lab.server.clients() if entry["name"] == "bob"]
        assert lab.server.control("clients", "revoke", known["fingerprint"]).code == 0
        ran = running.finish()
        gate.open()
    assert ran.code == 4
    assert "revoked" in ran.err
    assert "more to say" not in ran.out
    again = bob.run("ping")
    assert again.code == 4
    assert "revoked" in again.err


def test_an_impostor_is_not_trusted(lab: Lab) -> None:
    dave = lab.client("dave")
    ran = dave.run("servers", "add", "home", lab.server.address, "--fingerprint", ELSEWHERE)
    assert ran.code == 5
    assert ELSEWHERE in ran.err
    assert lab.server.fingerprint in ran.err
    assert not [entry for entry in lab.server.clients() if entry["state"] == "pending"]


def test_nobody_to_ask_about_the_fingerprint(lab: Lab) -> None:
    ran = lab.client("erin").run("-s", lab.server.address, "ping")
    assert ran.code == 2
    assert "--fingerprint" in ran.err


def test_the_servers_key_has_changed(own_lab: Lab) -> None:
    first = own_lab.start()
    alice = own_lab.approved("alice")
    assert alice.run("ping").code == 0
    assert first.stop().code == 0
    for path in (own_lab.folder / "server").rglob("server.*"):
        if path.suffix in {".key", ".crt"}:
            path.unlink()
    second = own_lab.start(port=first.port)
    assert second.fingerprint != first.fingerprint
    ran = alice.run("-p", "is it you?")
    assert ran.code == 5
    assert first.fingerprint in ran.err
    assert second.fingerprint in ran.err
    assert not own_lab.api.calls


def test_rights_are_looked_at(lab: Lab) -> None:
    watcher = lab.approved("watcher", rights="watch")
    ran = watcher.run("-p", "may I?")
    assert ran.code == 4
    assert "prompt" in ran.err
    worker = lab.approved("worker", rights="view,prompt")
    ran = worker.run("-p", "--allowedTools", "Bash", "--", "may I?")
    assert ran.code == 4
    assert "approve" in ran.err
    assert not [call for call in lab.api.calls if call.prompt == "may I?"]


def test_the_owners_own_machine_needs_no_ceremony(lab: Lab) -> None:
    """The same user on the server's machine: over the control socket, and over TLS at once."""
    lab.api.on("from next door", text("Come in."), text("Come in."))
    ran = lab.run("claude-remote", "-p", "from next door", env=lab.server_environment)
    assert ran.out == "Come in.\n", ran
    ran = lab.run(
        "claude-remote", "-s", lab.server.address, "-p", "from next door", env=lab.server_environment
    )
    assert ran.out == "Come in.\n", ran


def test_six_words(lab: Lab) -> None:
    assert all(re.fullmatch(r"[a-z]+( [a-z]+){5}", entry["words"]) for entry in lab.server.clients())
