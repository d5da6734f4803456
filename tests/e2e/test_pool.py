"""The pool with the real claude: who is parked, who is kept, who waits, and what holds across it."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from claude_remote import connect
from claude_remote.client.events import Fact
from claude_remote.facts import ClaudeReady
from claude_remote.paths import find_paths
from tests.e2e.lab import Client, Lab
from tests.e2e.programs import PATIENCE
from tests.e2e.test_interactive import Seen
from tests.fakes.messages_api import Gate, bash, reply, text, tool

pytestmark = pytest.mark.e2e


def workers(lab: Lab) -> dict[str, Any]:
    """`workers --json`."""
    ran = lab.server.control("workers", "--json")
    assert ran.code == 0, ran
    told: dict[str, Any] = json.loads(ran.out)
    return told


def states(lab: Lab) -> list[str]:
    return sorted(worker["state"] for worker in workers(lab)["workers"])


def until(what: Callable[[], bool]) -> None:
    """Wait for it, bounded."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.1)


def state(client: Client, name: str) -> dict[str, Any]:
    (found,) = [each for each in json.loads(client.run("sessions", "--json").out) if each["name"] == name]
    assert isinstance(found, dict)
    return found


def test_parked_when_idle_and_all_of_it_holds(own_lab: Lab) -> None:
    """What was allowed for the session, its mode and its model are those of the resumed claude."""
    lab = own_lab
    lab.start("--idle", "1s")
    alice = lab.approved("alice")
    lab.api.on(
        "begin",
        bash("touch one"),
        reply(tool("Write", file_path=str(lab.work / "written"), content="one")),
        text("Begun."),
        bash("touch one two"),
        reply(tool("Write", file_path=str(lab.work / "more"), content="two")),
        text("Gone on."),
    )
    with alice.terminal("-n", "it", "-p", "begin") as terminal:
        for what in ("touch one", "written"):
            terminal.wait_for(what)
            terminal.type("s\r")
        terminal.wait_for("Begun.")
        assert terminal.finish().code == 0
    until(lambda: state(alice, "it")["state"] == "parked")
    assert not lab.claudes()
    assert states(lab) == []
    # Without a terminal nobody could say yes.
    ran = alice.run("-r", "it", "-p", "go on")
    assert ran.out == "Gone on.\n", ran
    assert (lab.work / "two").exists()
    assert (lab.work / "more").read_text() == "two"


def test_mode_and_model_hold_across_parking(own_lab: Lab) -> None:
    lab = own_lab
    lab.start("--workers", "1")
    alice = lab.approved("alice")
    lab.api.on("away", text("Elsewhere."))
    lab.api.on(
        "begin", text("Begun."), reply(tool("Write", file_path=str(lab.work / "w"), content="x")), text("Ok.")
    )
    with connect("home", paths=find_paths(alice.environment)) as client:
        session = client.open(name="it").session.id
        _await_ready(client, session)
        client.control(session, "set_permission_mode", mode="acceptEdits")
        client.control(session, "set_model", model="haiku")
    assert alice.run("-r", "it", "-p", "begin").out == "Begun.\n"
    assert alice.run("-n", "away", "-p", "away").out == "Elsewhere.\n"
    until(lambda: state(alice, "it")["state"] == "parked")
    seen = state(alice, "it")
    assert seen["mode"] == "acceptEdits"
    assert "haiku" in seen["model"]
    assert alice.run("-r", "it", "-p", "go on").out == "Ok.\n"
    assert (lab.work / "w").exists()
    ours = [call.model for call in lab.api.calls if "begin" in call.said]
    assert {"haiku" in model for model in ours} == {True}, lab.api.calls


def test_what_was_allowed_holds_after_a_killed_worker(own_lab: Lab) -> None:
    lab = own_lab
    lab.start()
    alice = lab.approved("alice")
    lab.api.on("begin", bash("touch one"), text("Begun."), bash("touch one two"), text("Gone on."))
    with alice.terminal("-n", "it", "-p", "begin") as terminal:
        terminal.wait_for("touch one")
        terminal.type("s\r")
        terminal.wait_for("Begun.")
        assert terminal.finish().code == 0
    (worker,) = workers(lab)["workers"]
    os.kill(worker["pid"], signal.SIGKILL)
    until(lambda: states(lab) == [])
    assert alice.run("-r", "it", "-p", "go on").out == "Gone on.\n"
    assert (lab.work / "two").exists()


def test_tasks_in_the_background_keep_a_claude(own_lab: Lab) -> None:
    lab = own_lab
    lab.start("--idle", "1s")
    alice = lab.approved("alice")
    command = "until [ -e enough ]; do sleep 0.05; done"
    lab.api.on(
        "serve",
        reply(tool("Bash", command=command, description="serve", run_in_background=True)),
        text("It runs."),
        text("It has ended."),
    )
    lab.api.on("other", text("Done."))
    assert alice.run("-n", "it", "-p", "--allowedTools=Bash", "serve").out == "It runs.\n"
    assert alice.run("-n", "other", "-p", "other").out == "Done.\n"
    until(lambda: state(alice, "other")["state"] == "parked")
    (worker,) = workers(lab)["workers"]
    assert (worker["name"], worker["state"], worker["background"]) == ("it", "idle", 1)
    (lab.work / "enough").touch()
    until(lambda: state(alice, "it")["state"] == "parked")
    assert state(alice, "it")["turns"] == 2


def test_scaled_while_it_runs(own_lab: Lab) -> None:
    lab = own_lab
    first = lab.start("--workers", "1:2")
    alice = lab.approved("alice")
    gate = Gate()
    lab.api.on("long", text("At last.", gate=gate))
    lab.api.on("short", text("Quick."))
    with alice.start("-n", "long", "-p", "long") as running:
        gate.wait()
        assert alice.run("-n", "short", "-p", "short").out == "Quick.\n"
        told = workers(lab)
        assert (told["least"], told["most"], told["counted"]) == (1, 2, 2)
        assert [worker["claude_memory"] > 20e6 for worker in told["workers"]] == [True, True]
        assert all(0 < worker["memory"] < 30e6 for worker in told["workers"])
        scaled = lab.server.control("workers", "scale", "1")
        assert scaled.code == 0, scaled
        assert scaled.out.startswith(("2 of 1", "1 of 1")), scaled  # the idle one may be parked already
        until(lambda: states(lab) == ["working"])  # the idle one is parked, the turn goes on
        with alice.start("-n", "third", "-p", "short") as waiting:
            waiting.wait_for("every worker is in use", stream="err")
            until(lambda: len(workers(lab)["line"]) == 1)
            table = lab.server.control("workers").out
            assert "in line, 1." in table
            assert "third" in table
            assert lab.server.control("workers", "scale", "0:3").code == 0
            lab.api.on("short", text("Quick again."))
            assert waiting.finish().code == 0
        gate.open()
        assert running.finish().out == "At last.\n"
    first.stop()
    lab.start("--workers", "1:2", port=first.port)
    assert (workers(lab)["least"], workers(lab)["most"]) == (0, 3)  # as was said
    lab.server.stop()
    lab.start("--workers", "2", port=first.port)
    assert (workers(lab)["least"], workers(lab)["most"]) == (0, 2)  # as is said now
    refused = lab.server.control("workers", "scale", "3:2")
    assert refused.code == 2
    assert "MIN" in refused.err


def test_who_waits_is_told_the_place(own_lab: Lab) -> None:
    lab = own_lab
    lab.start("--workers", "1")
    alice = lab.approved("alice")
    gates = {name: Gate() for name in ("first", "second", "third")}
    for name, gate in gates.items():
        lab.api.on(name, text(f"That was the {name}.", gate=gate))
    lab.api.on("fourth", text("And the last."))
    with (
        alice.start("-p", "first") as first,
        alice.terminal() as terminal,
    ):
        gates["first"].wait()
        with alice.start("-p", "second") as second:
            second.wait_for("waiting: every worker is in use\n", stream="err")
            with alice.watch("-p", "third") as third:
                third.wait_for("in use, 1 before this one\n", stream="err")
                seen = Seen(terminal)
                seen.wait_for("● connected")
                seen.type("fourth\r")
                seen.wait_for("No worker is free, 2 prompts before it")
                gates["first"].open()
                assert first.finish().code == 0
                gates["second"].wait()
                third.wait_for("in use\n", stream="err")
                seen.wait_for("No worker is free, 1 prompt before it")
                for gate in gates.values():
                    gate.open()
                assert (second.finish().out, third.finish().out) == (
                    "That was the second.\n",
                    "That was the third.\n",
                )
                seen.wait_for("And the last.")
                seen.type("\x04")
                seen.finish()


def test_a_new_session_gets_the_warm_claude(own_lab: Lab) -> None:
    lab = own_lab
    lab.start("--warm", "1")
    alice = lab.approved("alice")
    lab.api.on(lambda _: True, *[text("Hello.")] * 20)
    assert alice.run("-n", "one", "-p", "hello").out == "Hello.\n"
    until(lambda: states(lab) == ["idle", "warm"])
    (warm,) = [worker for worker in workers(lab)["workers"] if worker["state"] == "warm"]
    assert warm["session"] is None
    assert [each["name"] for each in json.loads(alice.run("sessions", "--json").out)] == ["one"]
    assert alice.run("-n", "two", "-p", "hello").out == "Hello.\n"
    (two,) = [worker for worker in workers(lab)["workers"] if worker["name"] == "two"]
    assert (two["pid"], two["claude"]) == (warm["pid"], warm["claude"])
    assert "Hello." in alice.run("logs", "two").out
    # It goes on, and is resumed, as any other.
    os.kill(two["pid"], signal.SIGKILL)
    until(lambda: state(alice, "two")["state"] == "parked")
    assert alice.run("-r", "two", "-p", "again").out == "Hello.\n"
    assert lab.api.calls[-1].said == ("hello", "again")
    # What claude reads at its start has changed: another is started.
    until(lambda: states(lab) == ["idle", "idle", "warm"])
    (warm,) = [worker for worker in workers(lab)["workers"] if worker["state"] == "warm"]
    (lab.work / "CLAUDE.md").write_text("Speak softly.")
    assert alice.run("-n", "three", "-p", "hello").out == "Hello.\n"
    (three,) = [worker for worker in workers(lab)["workers"] if worker["name"] == "three"]
    assert three["claude"] != warm["claude"]
    assert "Speak softly." in json.dumps(lab.api.calls[-1].body)


def test_a_warm_claude_does_not_outlive_its_broker(own_lab: Lab) -> None:
    lab = own_lab
    first = lab.start("--warm", "1")
    alice = lab.approved("alice")
    lab.api.on(lambda _: True, *[text("Hello.")] * 20)
    assert alice.run("-n", "one", "-p", "hello").out == "Hello.\n"
    until(lambda: states(lab) == ["idle", "warm"])
    first.kill()
    lab.start("--warm", "1", port=first.port)
    until(lambda: states(lab) == ["idle"] and len(lab.claudes()) == 1)


def _await_ready(client: Any, session: str) -> None:
    with client.attach(session) as log:
        for event in log:
            if isinstance(event, Fact) and isinstance(event.fact, ClaudeReady):
                return
