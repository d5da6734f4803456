"""The library against a real server: the log as it is, and decisions from elsewhere."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from claude_remote import connect, facts
from claude_remote.client import Client, Exchange, Turn, events
from claude_remote.errors import AlreadyDecided, PromptConflict, RightMissing
from claude_remote.messages import Behavior, Cursor, PromptState
from claude_remote.paths import find_paths
from tests.e2e.lab import Lab
from tests.fakes.messages_api import Gate, bash, text

pytestmark = pytest.mark.e2e


@pytest.fixture
def owner(lab: Lab) -> Iterator[Client]:
    """The server's owner, at the shared server."""
    with connect(paths=find_paths(lab.server_environment)) as client:
        yield client


@pytest.fixture
def mortal(own_lab: Lab) -> Iterator[Client]:
    """The same at a server that this test may kill."""
    own_lab.start()
    with connect(paths=find_paths(own_lab.server_environment)) as client:
        yield client


def said(log: list[events.Event]) -> str:
    """The text of the deltas in a log."""
    lines = [json.loads(event.raw) for event in log if isinstance(event, events.Line)]
    deltas = [line["event"].get("delta", {}) for line in lines if line["type"] == "stream_event"]
    return "".join(delta.get("text", "") for delta in deltas)


def told(log: list[events.Event]) -> list[str]:
    """The names of the facts in a log."""
    return [type(event.fact).__name__ for event in log if isinstance(event, events.Fact)]


def test_the_log_after_the_broker_was_killed(own_lab: Lab, mortal: Client) -> None:
    """In mid-stream: same prompt, every event once, nothing missing, and it says done."""
    lab, first = own_lab, own_lab.server
    gate = Gate()
    story = "".join(f"piece {number}, " for number in range(100))
    lab.api.reply(text(story, chunks=100, gate=gate, gate_after=50))
    turn = mortal.prompt("a long story", patience=60)
    seen: list[events.Event] = []
    for event in turn:
        seen.append(event)
        if "piece 2" in said(seen) and lab.server is first:
            first.kill()
            lab.start(port=first.port)
            gate.open()
    accepted = [event for event in seen if isinstance(event, events.Accepted)]
    assert {event.prompt for event in accepted} == {accepted[0].prompt}
    assert isinstance(seen[-1], events.Finished)
    assert seen[-1].state is PromptState.DONE
    assert said(seen) == story

    log = list(mortal.attach(accepted[0].session.id, follow=False))
    numbers = [event.cursor.seq for event in log if isinstance(event, (events.Line, events.Fact))]
    assert numbers == list(range(1, len(numbers) + 1))
    assert said(log) == story
    assert told(log).count("TurnStarted") == told(log).count("TurnFinished") == 1
    assert len(lab.api.calls) == 1
    # A reader that comes back with a cursor gets the rest, and only that.
    middle = numbers[len(numbers) // 2]
    generation = next(event.cursor.generation for event in log if isinstance(event, events.Line))
    rest = list(mortal.attach(accepted[0].session.id, Cursor(generation, middle), follow=False))
    assert [event.cursor.seq for event in rest if isinstance(event, (events.Line, events.Fact))] == [
        number for number in numbers if number > middle
    ]


def test_the_same_prompt_twice_runs_once(lab: Lab, owner: Client, words: str) -> None:
    lab.api.on(words, text("Once."))
    name = str(uuid.uuid4())
    assert owner.prompt(words, id=name).wait().state is PromptState.DONE
    assert said(list(owner.prompt(words, id=name))) == "Once."
    assert len([call for call in lab.api.calls if call.prompt == words]) == 1
    with pytest.raises(PromptConflict):
        owner.prompt("something else", id=name).wait()


def opened_approval(turn: Turn) -> facts.ApprovalOpened:
    """Follow a turn until Claude asks."""
    return next(
        event.fact
        for event in turn
        if isinstance(event, events.Fact) and isinstance(event.fact, facts.ApprovalOpened)
    )


def log_until(exchange: Exchange, wanted: Callable[[facts.AnyFact], bool]) -> list[events.Event]:
    """Follow a log until a wanted fact is in it."""
    log = []
    with exchange:
        for event in exchange:
            log.append(event)
            if isinstance(event, events.Fact) and wanted(event.fact):
                break
    return log


def test_somebody_else_decides(lab: Lab, owner: Client, words: str) -> None:
    """The approval waits, outlives its client, and the first decision wins."""
    lab.api.on(words, bash("touch decided"), text("Done."))
    with owner.prompt(words, name=words) as turn:
        approval = opened_approval(turn).approval
    # That client is gone; the question is not.
    assert not (lab.work / "decided").exists()
    (session,) = [session for session in owner.sessions() if session.name == words]
    assert session.approvals == 1
    assert owner.allow(approval).behavior is Behavior.ALLOW
    with pytest.raises(AlreadyDecided):
        owner.deny(approval, "too late")
    log = log_until(owner.attach(session.id), lambda fact: isinstance(fact, facts.TurnFinished))
    steps = [name for name in told(log) if name.startswith(("Approval", "Tool"))]
    assert steps == ["ApprovalOpened", "ApprovalDelivered", "ApprovalTaken", "ToolFinished"]
    assert (lab.work / "decided").exists()


def test_an_approval_outlives_the_broker(own_lab: Lab, mortal: Client) -> None:
    lab, first = own_lab, own_lab.server
    lab.api.reply(bash("touch outlived"), text("Done."))
    with mortal.prompt("ask me", patience=60) as turn:
        approval = opened_approval(turn).approval
        first.kill()
        lab.start(port=first.port)
        mortal.allow(approval)
        assert turn.wait().state is PromptState.DONE
    assert (lab.work / "outlived").exists()


def test_controls(lab: Lab, owner: Client, words: str) -> None:
    lab.api.on(words, text("Hi."))
    session = owner.open(name=words).session
    assert owner.prompt(words, session=session.id).wait().state is PromptState.DONE
    assert owner.control(session.id, "get_context_usage")["totalTokens"] >= 0
    owner.control(session.id, "set_permission_mode", mode="plan")
    log_until(
        owner.attach(session.id), lambda fact: isinstance(fact, facts.SessionChanged) and fact.mode == "plan"
    )
    (changed,) = [each for each in owner.sessions() if each.id == session.id]
    assert changed.mode == "plan"


def test_rights_hold_for_the_library(lab: Lab, owner: Client, words: str) -> None:
    alice = lab.approved("alice", rights="view,prompt")
    lab.api.on(words, text("Hi."))
    session = owner.open(name=words).session
    with connect("home", paths=find_paths(alice.environment)) as client:
        with pytest.raises(RightMissing):
            client.control(session.id, "set_permission_mode", mode="acceptEdits")
        with pytest.raises(RightMissing):
            client.allow(str(uuid.uuid4()))
        assert client.prompt(words, session=session.id).wait().state is PromptState.DONE


def test_over_ssh(lab: Lab, words: str) -> None:
    """`ssh:HOST` reaches the door through `ssh -W`; here a stand-in for ssh that only forwards."""
    folder = lab.folder / "bin"
    folder.mkdir()
    stand_in = folder / "ssh"
    stand_in.write_text(Path(__file__).with_name("ssh_stand_in.py").read_text())
    stand_in.chmod(0o755)
    far = lab.client("far")
    far.environment["PATH"] = f"{folder}:{far.environment['PATH']}"
    address, fingerprint = f"ssh:far:{lab.server.port}", lab.server.fingerprint
    assert far.run("servers", "add", "home", address, "--fingerprint", fingerprint).code == 4
    (pending,) = [entry for entry in lab.server.clients() if entry["state"] == "pending"]
    lab.server.approve(pending["fingerprint"])
    lab.api.on(words, text("Forwarded."))
    ran = far.run("-p", words)
    assert ran.out == "Forwarded.\n", ran
